/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/promote.h"

void move_promote_begin(struct redis_command *cmd, const char *head,
                        const struct admit_limits *limits, int64_t most, int64_t keep)
{
    move_begin_admit(cmd, &script_promote, head, limits);
    redis_arg_i64(cmd, most);
    redis_arg_i64(cmd, keep);
}

int move_promote_parse(struct promote_answer *ret, const redisReply *reply)
{
    int64_t n[3];
    int r = move_numbers(reply, ARRAY_LEN(n), n);

    if (!r)
        *ret = (struct promote_answer){n[0], n[1], n[2]};
    return r;
}
