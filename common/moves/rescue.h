/* SPDX-License-Identifier: Apache-2.0 */
/* rescue.h: packs rescue.lua, which takes over the work of processes that have died. */
#ifndef GRAPNEL_COMMON_MOVES_RESCUE_H
#define GRAPNEL_COMMON_MOVES_RESCUE_H

#include "common/moves/move.h"

struct rescue_options {
    struct admit_limits admit;
    const char *scheduler; /* the caller's name: what dead schedulers had read becomes its own */
    int64_t lease_ms;
    int64_t most; /* jobs to move in this step */
    int64_t keep; /* ended deliveries of a tenant */
};
void move_rescue_begin(struct redis_command *cmd, const char *head, const struct rescue_options *o);

struct rescue_answer {
    int64_t rescued; /* jobs of workers */
    int64_t taken;   /* entries of schedulers */
    bool has_more;
};
int move_rescue_parse(struct rescue_answer *ret, const redisReply *reply);

#endif
