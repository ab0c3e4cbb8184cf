/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/rescue.h"

void move_rescue_begin(struct redis_command *cmd, const char *head, const struct rescue_options *o)
{
    move_begin_admit(cmd, &script_rescue, head, &o->admit);
    redis_arg_text(cmd, o->scheduler);
    redis_arg_i64(cmd, o->lease_ms);
    redis_arg_i64(cmd, o->most);
    redis_arg_i64(cmd, o->keep);
}

int move_rescue_parse(struct rescue_answer *ret, const redisReply *reply)
{
    int64_t n[3];
    int r = move_numbers(reply, ARRAY_LEN(n), n);

    if (!r)
        *ret = (struct rescue_answer){n[0], n[1], n[2] != 0};
    return r;
}
