/* SPDX-License-Identifier: Apache-2.0 */
/* fanout.h: accepted events of one partition become deliveries, admitted or waiting.
 *
 * One batch at a time. Nothing is kept here: what is not acknowledged by fanout.lua stays pending.
 */
#ifndef GRAPNEL_SCHEDULER_FANOUT_H
#define GRAPNEL_SCHEDULER_FANOUT_H

#include "common/base/clock.h"
#include "common/model/event.h"
#include "common/program/config_cache.h"
#include "common/runtime/metrics.h"
#include "scheduler/batch.h"
#include "scheduler/limits.h"
#include "scheduler/notifier.h"
#include "scheduler/promoter.h"

struct fanout_options {
    struct loop *loop; /* all borrowed */
    struct redis_client *redis;
    struct config_cache *config_cache;
    const struct keys *keys;
    const struct limits *limits;
    const struct redis_clock *clock;
    struct promoter *promoter; /* told when this partition is due next */
    const struct notifier *notifier;
    batch_done_fn *done;
    void *arg;
};

enum fanout_state { FANOUT_IDLE, FANOUT_LOADING, FANOUT_MOVING };

struct fanout {
    struct fanout_options options;
    unsigned partition;
    enum fanout_state state;
    struct fanout_item *items;          /* room for limits->fanout_batch */
    struct span *tenants;               /* of the items, for the config_cache */
    const struct endpoint **takers;     /* of the item in hand: room for ENDPOINTS_PER_TENANT_MAX */
    size_t n_items, next;               /* items before @next are done */
    uint64_t filtered_bytes;            /* of the step under way */
    size_t sent;                        /* behind the last item of the step under way */
    unsigned counts[EVENT_REFUSED + 1]; /* what becomes of the items of that step */
    struct config_cache_sync sync;
    struct redis_request request;
    struct redis_command command;
    struct buf scratch;
};

int fanout_init(struct fanout *f, unsigned partition, const struct fanout_options *o);
void fanout_fini(struct fanout *f); /* while idle */
void fanout_start(struct fanout *f, const struct batch *batch);

#endif
