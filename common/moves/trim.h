/* SPDX-License-Identifier: Apache-2.0 */
/* trim.h: packs trim.lua, retention by age. */
#ifndef GRAPNEL_COMMON_MOVES_TRIM_H
#define GRAPNEL_COMMON_MOVES_TRIM_H

#include "common/moves/move.h"

enum { TRIM_CURSOR_SIZE = 24 }; /* "0": to begin, and when all were seen */

/* @most: deliveries to remove in this step. */
void move_trim_begin(struct redis_command *cmd, const char *head, const char *cursor,
                     int64_t age_ms, int64_t most);
int move_trim_parse(char ret_cursor[TRIM_CURSOR_SIZE], const redisReply *reply);

#endif
