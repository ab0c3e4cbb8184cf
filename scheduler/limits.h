/* SPDX-License-Identifier: Apache-2.0 */
/* limits.h: the settings that the moves need, as the scripts take them. */
#ifndef GRAPNEL_SCHEDULER_LIMITS_H
#define GRAPNEL_SCHEDULER_LIMITS_H

#include "common/moves/move.h"
#include "common/runtime/settings.h"

struct limits {
    struct admit_limits admit;
    int64_t retention_count, retention_age_ms;
    int64_t disable_after;
    int64_t event_bytes_max, fanout_batch, turn_batch;
    int64_t lease_ms;
};

static inline struct limits limits_of(const struct settings *s)
{
    return (struct limits){
        .admit = {s->tenant_limit, s->permit, s->endpoint_slots},
        .retention_count = s->retention_count,
        .retention_age_ms = s->retention_age,
        .disable_after = s->disable_after,
        .event_bytes_max = s->event_bytes_max,
        .fanout_batch = s->fanout_batch,
        .turn_batch = s->turn_batch,
        .lease_ms = s->lease,
    };
}

#endif
