/* SPDX-License-Identifier: Apache-2.0 */
/* verdicts.h: failed attempts of one partition get their verdict: try again later, or the end.
 *
 * The decision itself is pure: verdict_of() in common/model/format/outcome.h. One batch at a time; what is not
 * acknowledged by decide.lua stays pending. */
#ifndef GRAPNEL_SCHEDULER_VERDICTS_H
#define GRAPNEL_SCHEDULER_VERDICTS_H

#include "common/runtime/metrics.h"
#include "scheduler/fanout.h"

struct verdicts {
    struct fanout_options options;
    unsigned partition;
    int64_t seen_version; /* of the configuration, as of the last heartbeat; the owner keeps it */
    struct verdict_item *items; /* room for limits->fanout_batch */
    struct span *tenants;
    size_t n_items;
    unsigned counts[JUDGED_REFUSE + 1]; /* verdicts of the step under way */
    struct config_cache_sync sync;
    struct redis_request request;
    struct redis_command command;
    struct buf scratch;
};

int verdicts_init(struct verdicts *v, unsigned partition, const struct fanout_options *o);
void verdicts_fini(struct verdicts *v); /* while idle */
void verdicts_start(struct verdicts *v, const struct batch *batch);

#endif
