/* SPDX-License-Identifier: Apache-2.0 */
/* receiver.h: the bench receiver: a plain epoll loop in one thread, as its cost per request is
 * taken off the figures of whatever is measured against it.
 *
 * Life: receiver_open → receiver_run until *@stop → receiver_close. */
#ifndef GRAPNEL_BENCH_RECEIVER_H
#define GRAPNEL_BENCH_RECEIVER_H

#include "bench/journal.h"
#include "bench/rule.h"
#include "bench/tally.h"
#include "common/base/buf.h"
#include "common/base/list.h"
#include <signal.h>

enum { RECEIVER_READ_BYTES = 65536 };

struct receiver_options {
    uint16_t port; /* 0: any free one */
    int64_t delay_us;
    int64_t window_us;
    size_t ids_max, connections_max;
    const char *journal_path, *counters_path; /* NULL: none */
    struct rules rules;
};

struct receiver {
    struct rules rules;
    struct tally tally;
    struct journal journal;
    struct counters *counters;
    int64_t delay_us;
    size_t connections_max;

    int epoll_fd, listen_fd;
    uint16_t port;
    bool is_accepting;
    struct list connections; /* all */
    struct list
        delayed;    /* those that wait for --delay; all wait equally long: first come, first due */
    int64_t now_us; /* when the bytes at hand were read */
    struct buf answers; /* for the connection at hand */
    char read_bytes[RECEIVER_READ_BYTES];
};

/* Gives *@ret. Negative with @diag. */
int receiver_open(struct receiver **ret, const struct receiver_options *o, struct diag *diag);
/* @mask: the signals to let in while waiting, so that none that sets *@stop is missed. */
int receiver_run(struct receiver *r, const volatile sig_atomic_t *stop, const sigset_t *mask);
int receiver_close(
    struct receiver *r); /* negative when the journal could not be written; NULL is fine */

#endif
