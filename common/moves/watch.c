/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/watch.h"

void move_tally_begin(struct redis_command *cmd, const char *head, int64_t period_ms)
{
    move_begin(cmd, &script_tally, head);
    redis_arg_i64(cmd, period_ms);
}

void move_tally_add(struct redis_command *cmd, const struct tally_sum *sum)
{
    redis_arg_text(cmd, sum->tenant);
    redis_arg_i64(cmd, sum->attempts);
    redis_arg_i64(cmd, sum->failed);
    redis_arg_i64(cmd, sum->answered);
    redis_arg_i64(cmd, sum->answer_ms);
}

void move_alerts_begin(struct redis_command *cmd, const char *head, const char *cursor,
                       const struct alerts_options *o)
{
    move_begin(cmd, &script_alerts, head);
    redis_arg_i64(cmd, o->period_ms);
    redis_arg_text(cmd, cursor);
    redis_arg_text(cmd, o->operational_tenant);
    redis_arg_i64(cmd, o->success_rate);
    redis_arg_i64(cmd, o->response_ms);
    redis_arg_i64(cmd, o->samples);
}

void move_refused_begin(struct redis_command *cmd, const char *head, const char *field,
                        const char *why, int64_t most, const char *operational_tenant)
{
    move_begin(cmd, &script_refused, head);
    redis_arg_text(cmd, field);
    redis_arg_text(cmd, why);
    redis_arg_i64(cmd, most);
    redis_arg_text(cmd, operational_tenant);
}

void move_queue_depths_begin(struct redis_command *cmd, const char *head)
{
    move_begin(cmd, &script_queue_depths, head);
}

int move_queue_depths_parse(int64_t ret[DEPTHS_NUMBERS], const redisReply *reply)
{
    return move_numbers(reply, DEPTHS_NUMBERS, ret);
}
