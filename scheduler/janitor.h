/* SPDX-License-Identifier: Apache-2.0 */
/* janitor.h: the rounds that a scheduler makes through all partitions: rescue of dead processes'
 * work, and retention by age. A partition at a time, a bounded step each. */
#ifndef GRAPNEL_SCHEDULER_JANITOR_H
#define GRAPNEL_SCHEDULER_JANITOR_H

#include "common/moves/keys.h"
#include "common/moves/trim.h"
#include "common/runtime/rounds.h"
#include "scheduler/limits.h"

struct janitor_options {
    struct loop *loop; /* all borrowed */
    struct redis_client *redis;
    const struct keys *keys;
    const struct limits *limits;
    const char *name; /* of this scheduler: it takes over what dead ones had read */
    int64_t every_ms;
    void (*on_taken_over)(void *arg); /* the intake must read its history */
    void *arg;
};

struct janitor {
    struct janitor_options options;
    struct rounds rounds;
    struct redis_request rescue, trim;
    struct redis_command command;
    unsigned partition, n_pending;
    bool has_more;
    char (*cursors)[TRIM_CURSOR_SIZE]; /* of the trim rounds, one a partition */
};

int janitor_init(struct janitor *j, const struct janitor_options *o);
void janitor_start(struct janitor *j);
void janitor_close(struct janitor *j, defer_fn *on_closed, void *arg);

#endif
