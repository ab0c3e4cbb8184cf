/* SPDX-License-Identifier: Apache-2.0 */
/* watch.h: packs the scripts that count and look: tally.lua, alerts.lua, queue_depths.lua, refused.lua. */
#ifndef GRAPNEL_COMMON_MOVES_WATCH_H
#define GRAPNEL_COMMON_MOVES_WATCH_H

#include "common/moves/move.h"

void move_tally_begin(struct redis_command *cmd, const char *head, int64_t period_ms);
struct tally_sum {
    const char *tenant;
    int64_t attempts, failed, answered, answer_ms;
};
void move_tally_add(struct redis_command *cmd, const struct tally_sum *sum);

enum { ALERTS_CURSOR_SIZE = 24 }; /* "0": to begin, and when all were seen */
struct alerts_options {
    int64_t period_ms;
    const char *operational_tenant;    /* "": there is none */
    int64_t success_rate, response_ms; /* 0: that alert is off */
    int64_t samples;
};
/* Its answer begins with the next cursor: move_cursor(). */
void move_alerts_begin(struct redis_command *cmd, const char *head, const char *cursor,
                       const struct alerts_options *o);

/* @field: "<tenant>/<source>". @most: in an hour; 0: nobody is told. */
void move_refused_begin(struct redis_command *cmd, const char *head, const char *field,
                        const char *why, int64_t most, const char *operational_tenant);

/* As queue_depths.lua answers. */
enum { DEPTHS_NUMBERS = 14 };
void move_queue_depths_begin(struct redis_command *cmd, const char *head);
int move_queue_depths_parse(int64_t ret[DEPTHS_NUMBERS], const redisReply *reply);

#endif
