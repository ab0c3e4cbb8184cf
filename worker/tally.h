/* SPDX-License-Identifier: Apache-2.0 */
/* tally.h: what this worker's attempts came to, by tenant, told to Redis now and then (tally.lua) for alerts.
 *
 * Statistics: what was counted since the last time is lost with the process, or when Redis does not answer. The table is
 * bounded; tenants that find no room in it are not counted until the next time. */
#ifndef GRAPNEL_WORKER_TALLY_H
#define GRAPNEL_WORKER_TALLY_H

#include "common/model/event_check.h"
#include "common/moves/keys.h"
#include "common/runtime/rounds.h"

enum { TALLY_TENANTS_MAX = 4096 }; /* a power of two */

struct tally_row {
    char tenant[EVENT_TENANT_MAX + 1]; /* "": nobody */
    unsigned partition;
    int64_t attempts, failed, answered, answer_ms;
};

struct tally {
    struct redis_client *redis; /* borrowed, as are the keys */
    const struct keys *keys;
    int64_t period_ms;
    struct tally_row *rows;
    unsigned n_rows, partition, at; /* while it is told: where we are */
    struct redis_request request;
    struct redis_command command;
    struct rounds rounds;
};

/* @period_ms: of the statistics; they are told six times in it. -ENOMEM. */
int tally_init(struct tally *t, struct loop *l, struct redis_client *redis, const struct keys *keys,
               int64_t period_ms);
void tally_start(struct tally *t);
/* An attempt of a tenant in @partition has ended. @answer_ms: how long the answer took; below 0: there was none. */
void tally_add(struct tally *t, unsigned partition, struct span tenant, bool has_failed,
               int64_t answer_ms);
/* Tells what there is, if Redis answers, and ends. @on_closed(@arg) when its memory may go. */
void tally_close(struct tally *t, defer_fn *on_closed, void *arg);

#endif
