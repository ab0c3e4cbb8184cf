/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/decide.h"
#include "common/base/err.h"
#include <errno.h>

void move_decide_begin(struct redis_command *cmd, const char *head, const struct decide_options *o)
{
    move_begin(cmd, &script_decide, head);
    redis_arg_i64(cmd, o->keep);
    redis_arg_i64(cmd, o->disable_after);
    redis_arg_text(cmd, o->operational_tenant);
}

void move_decide_add(struct redis_command *cmd, const struct decide_verdict *v)
{
    static const char *const names[] = {
        [DECIDE_RETRY] = "retry",   [DECIDE_FINAL] = "final",     [DECIDE_CANCEL] = "cancel",
        [DECIDE_REFUSE] = "refuse", [DECIDE_DISABLE] = "disable",
    };

    redis_arg_span(cmd, v->entry);
    redis_arg_text(cmd, names[v->kind]);
    redis_arg_span(cmd, v->tenant);
    redis_arg_span(cmd, v->endpoint);
    redis_arg_span(cmd, v->id);
    redis_arg_span(cmd, v->record);
    redis_arg_i64(cmd, v->due_ms);
    redis_arg_span(cmd, v->last);
}

int move_decide_parse(struct decide_answer *ret, const redisReply *reply)
{
    struct span text;
    int64_t delayed_ms;
    int r = move_numbers(reply, 1, &delayed_ms);

    for (size_t i = 1; !r && i < reply->elements; i++)
        if (!redis_reply_span(redis_reply_at(reply, i), &text))
            r = err_origin(-EPROTO);
    if (!r)
        *ret = (struct decide_answer){delayed_ms, (reply->elements - 1) / 2, reply};
    return r;
}

void move_decide_disabled(const struct decide_answer *a, size_t i, struct span *ret_endpoint,
                          struct span *ret_reason)
{
    (void)redis_reply_span(redis_reply_at(a->borrowed, 1 + 2 * i), ret_endpoint);
    (void)redis_reply_span(redis_reply_at(a->borrowed, 2 + 2 * i), ret_reason);
}
