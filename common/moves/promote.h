/* SPDX-License-Identifier: Apache-2.0 */
/* promote.h: packs promote.lua, by which what is due moves on. */
#ifndef GRAPNEL_COMMON_MOVES_PROMOTE_H
#define GRAPNEL_COMMON_MOVES_PROMOTE_H

#include "common/moves/move.h"

/* @most: deliveries to move in this step. @keep: ended deliveries of a tenant. */
void move_promote_begin(struct redis_command *cmd, const char *head,
                        const struct admit_limits *limits, int64_t most, int64_t keep);

struct promote_answer {
    int64_t delayed_ms, other_ms; /* when to come back for either; below 0: never */
    int64_t moved;
};
int move_promote_parse(struct promote_answer *ret, const redisReply *reply);

#endif
