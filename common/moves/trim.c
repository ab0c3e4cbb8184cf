/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/trim.h"

void move_trim_begin(struct redis_command *cmd, const char *head, const char *cursor,
                     int64_t age_ms, int64_t most)
{
    move_begin(cmd, &script_trim, head);
    redis_arg_text(cmd, cursor);
    redis_arg_i64(cmd, age_ms);
    redis_arg_i64(cmd, most);
}

int move_trim_parse(char ret_cursor[TRIM_CURSOR_SIZE], const redisReply *reply)
{
    return move_cursor(ret_cursor, TRIM_CURSOR_SIZE, reply);
}
