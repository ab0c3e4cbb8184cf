/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/revise.h"

void move_revise_begin(struct redis_command *cmd, const char *head, const struct revision *v)
{
    move_begin(cmd, &script_revise, head);
    redis_arg_span(cmd, v->tenant);
    redis_arg_text(cmd, v->key);
    redis_arg_span(cmd, v->record);
    redis_arg_span(cmd, v->old);
    redis_arg_i64(cmd, v->keep_ms);
    redis_arg_text(cmd, v->list);
    redis_arg_i64(cmd, v->most);
    redis_arg_text(cmd, v->name);
}

void move_revise_add_event(struct redis_command *cmd, const struct revision_event *e)
{
    redis_arg_text(cmd, e->type);
    redis_arg_span(cmd, e->data);
}

int move_revise_parse(const redisReply *reply)
{
    int64_t at_ms;

    return redis_reply_i64(redis_reply_at(reply, 0), &at_ms) ? 0 : move_refusal(reply);
}
