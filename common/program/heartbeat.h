/* SPDX-License-Identifier: Apache-2.0 */
/* heartbeat.h: a process says in each partition that it lives, and learns Redis's clock by it.
 *
 * See scripts/heartbeat.lua. Begins at once and goes on until closed; the first round that
 * succeeded in all partitions is told by on_ready (again after Redis was away and came back). */
#ifndef GRAPNEL_COMMON_PROGRAM_HEARTBEAT_H
#define GRAPNEL_COMMON_PROGRAM_HEARTBEAT_H

#include "common/base/clock.h"
#include "common/moves/keys.h"
#include "common/runtime/rounds.h"

/* What a partition answered; due times in ms of Redis's clock, -1 for never. */
struct beat {
    unsigned partition;
    int64_t version, delayed_ms, throttled_ms;
};

struct heartbeat_options {
    struct redis_client *redis; /* borrowed, as are the others */
    const struct keys *keys;
    const char *kind; /* "worker" or "scheduler" */
    const char *name;
    unsigned slots; /* of a worker; 0 for others */
    int64_t every_ms, lease_ms;
    void (*on_beat)(void *arg, const struct beat *beat); /* may be NULL */
    void (*on_ready)(void *arg);
    void *arg;
};

struct heartbeat {
    struct heartbeat_options options;
    struct redis_clock clock;
    struct rounds rounds;
    struct heart_request *requests; /* one a partition */
    unsigned n_pending, n_failed;
    bool is_ready;
    char member[160];
};

/* Negative when it could not: then there is nothing to close. */
int heartbeat_start(struct heartbeat *h, struct loop *l, const struct heartbeat_options *o);
/* Stops; @on_closed(@arg) when its memory may go. */
void heartbeat_close(struct heartbeat *h, defer_fn *on_closed, void *arg);

#endif
