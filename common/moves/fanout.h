/* SPDX-License-Identifier: Apache-2.0 */
/* fanout.h: packs fanout.lua, by which accepted events become deliveries. */
#ifndef GRAPNEL_COMMON_MOVES_FANOUT_H
#define GRAPNEL_COMMON_MOVES_FANOUT_H

#include "common/moves/move.h"

/* @version: that the caller's configuration is at. */
void move_fanout_begin(struct redis_command *cmd, const char *head,
                       const struct admit_limits *limits, int64_t version);

struct fanout_event {
    struct span stream_id, tenant;
    struct span own_id;   /* that its producer gave it; may be empty */
    int64_t tenant_limit; /* the tenant's own or the default */
};
/* An event, then its @n_deliveries by the next function. */
void move_fanout_add(struct redis_command *cmd, const struct fanout_event *e, size_t n_deliveries);

struct fanout_delivery {
    const char *id, *endpoint;
    int64_t slots; /* the endpoint's own or the default */
    struct span job, record;
};
void move_fanout_add_delivery(struct redis_command *cmd, const struct fanout_delivery *d);

/* An event that no delivery is made of, for what @why says. */
void move_fanout_refuse(struct redis_command *cmd, struct span stream_id, struct span tenant,
                        const char *why);

struct fanout_answer {
    int64_t version;
    bool
        is_stale; /* the configuration has changed since: nothing was done, and what follows is not valid */
    int64_t delayed_ms, throttled_ms; /* when the promoter is due next; below 0: never */
    int64_t made;                     /* deliveries */
};
int move_fanout_parse(struct fanout_answer *ret, const redisReply *reply);

#endif
