/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/heartbeat.h"

void move_heartbeat_begin(struct redis_command *cmd, const char *head, const char *member,
                          int64_t slots, int64_t lease_ms)
{
    move_begin(cmd, &script_heartbeat, head);
    redis_arg_text(cmd, member);
    redis_arg_i64(cmd, slots);
    redis_arg_i64(cmd, lease_ms);
}

int move_heartbeat_parse(struct heartbeat_answer *ret, const redisReply *reply)
{
    int64_t n[5];
    int r = move_numbers(reply, ARRAY_LEN(n), n);

    if (!r)
        *ret = (struct heartbeat_answer){n[0] * 1000000 + n[1], n[2], n[3], n[4]};
    return r;
}

void move_leave_begin(struct redis_command *cmd, const char *head, const char *member,
                      const char *name, const char *group, const char *const *streams)
{
    move_begin(cmd, &script_leave, head);
    redis_arg_text(cmd, member);
    redis_arg_text(cmd, name);
    redis_arg_text(cmd, group);
    for (; *streams; streams++)
        redis_arg_text(cmd, *streams);
}
