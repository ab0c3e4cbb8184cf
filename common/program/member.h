/* SPDX-License-Identifier: Apache-2.0 */
/* member.h: what every worker and scheduler is: a process that checks the installation, says in each partition that
 * it lives, can be asked how it is, and leaves in order.
 *
 *   CONNECTING ──Redis──► CHECKING ──fits──► BEATING ──all partitions answered──► ready (again after an outage)
 *        ▲                   │ no answer                │ drain
 *        └───────────────────┤                          ▼
 *                            │ does not fit     LEAVING ──► CLOSING ──► closed
 *                            ▼
 *                     log, stop, exit status 1
 *
 * The program embeds it, says by struct member_ops what differs, and puts its own parts beside it. Life:
 * member_init → (program makes its parts) → member_open → service_run → member_end. */
#ifndef GRAPNEL_COMMON_PROGRAM_MEMBER_H
#define GRAPNEL_COMMON_PROGRAM_MEMBER_H

#include "common/crypto/master_key.h"
#include "common/moves/installation.h"
#include "common/moves/keys.h"
#include "common/program/heartbeat.h"
#include "common/program/service.h"
#include "common/runtime/health.h"

struct member;

struct member_ops {
    const char *program;    /* "grapnel-worker" */
    const char *about;      /* one line for --help */
    unsigned scope;         /* enum settings_scope */
    const char *kind;       /* "worker": its heartbeats are those of "worker/<name>" */
    const char *taking;     /* "claiming": health check, false while it takes no work */
    const char *group;      /* its consumer group … */
    const char *streams[4]; /* … in these streams, NULL behind the last */
    bool needs_master_key;  /* else it does without one */
    /* May be NULL: reads the program's own settings. -EINVAL with a message that names the setting. */
    int (*read_settings)(struct member *m, struct diag *diag);
    /* All partitions have answered; again after Redis was away. Not while it is stopping. */
    void (*on_ready)(struct member *m);
    void (*on_beat)(struct member *m, const struct beat *beat); /* may be NULL */
    /* Stop taking work and finish what is in hand; then member_leave(). Only of one that has begun to beat. */
    void (*drain)(struct member *m);
    void (*abandon)(
        struct member *m); /* may be NULL: the drain took too long, give up what is left */
    /* Close the program's own parts; each leads to one call of member_part_closed(); member_open() was told how many. */
    void (*close_parts)(struct member *m);
    void (*collect)(struct member *m); /* may be NULL: sets gauges before a scrape */
};

struct member {
    const struct member_ops *ops;
    struct service_ops service_ops;
    struct service service;
    struct keys keys;
    struct master_key master_key;
    struct redis_client *redis;  /* everything but blocking reads */
    struct redis_client *reader; /* blocking reads */
    struct heartbeat heartbeat;  /* once is_beating */
    struct health *health;       /* NULL: `listen` is not set */
    struct installation_check check;
    struct redis_request *leaves; /* one a partition, in flight while leaving */
    unsigned n_parts, n_closing;
    bool is_checking, is_beating, is_stopping, has_failed;
};

/* Parses the command line, reads keys and master key, makes both connections. @m is zeroed. 0, or the exit status
 * with the reason logged. */
int member_init(struct member *m, const struct member_ops *ops, int argc, char **argv);
/* The parts are made, @n_parts of them will be closed: begins to listen for health checks. Negative, with words. */
int member_open(struct member *m, unsigned n_parts, struct diag *diag);
/* For a program whose parts could not be made: logs why; the exit status. */
int member_refuse(int result, const struct diag *diag);

/* By the program: all that was in hand is dealt with. */
void member_leave(struct member *m);
/* By the program, once for each part. The last one closes the connections. */
void member_part_closed(void *member);

/* After service_run(): frees; the exit status. */
int member_end(struct member *m);

#endif
