/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/retries.h"
#include "common/base/err.h"
#include <errno.h>

/* ---- one ---- */

void move_retry_begin(struct redis_command *cmd, const char *head, struct span delivery,
                      int64_t delay_ms)
{
    move_begin(cmd, &script_retry, head);
    redis_arg_span(cmd, delivery);
    redis_arg_i64(cmd, delay_ms);
}

int move_retry_parse(int64_t *ret_due_ms, const redisReply *reply)
{
    static const struct {
        const char *word;
        int result;
    } words[] = {
        {"missing", MOVE_RETRY_MISSING},
        {"pending", MOVE_RETRY_PENDING},
        {"endpoint removed", MOVE_RETRY_NO_ENDPOINT},
        {"endpoint disabled", MOVE_RETRY_DISABLED},
    };
    struct span answer;
    int r = redis_reply_result(reply);

    if (!r && redis_reply_i64(redis_reply_at(reply, 0), ret_due_ms))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(words) && !r; i++)
        if (redis_reply_span(reply, &answer) && span_equal(answer, span_of(words[i].word)))
            return words[i].result;
    return r ? r : err_origin(-EPROTO);
}

/* ---- many ---- */

static void retries_begin(struct redis_command *cmd, const char *head, const char *what)
{
    move_begin(cmd, &script_retries, head);
    redis_arg_text(cmd, what);
}

static void retries_add_text(struct redis_command *cmd, const char *name, const char *value)
{
    redis_arg_text(cmd, name);
    redis_arg_text(cmd, value);
}

static void retries_add_number(struct redis_command *cmd, const char *name, int64_t value)
{
    redis_arg_text(cmd, name);
    redis_arg_i64(cmd, value);
}

void move_retries_make(struct redis_command *cmd, const char *head, const struct retries_make *m)
{
    retries_begin(cmd, head, "make");
    redis_arg_text(cmd, m->id);
    redis_arg_text(cmd, m->tenant);
    redis_arg_i64(cmd, m->running_max);
    redis_arg_i64(cmd, m->kept_max);
    retries_add_text(cmd, "statuses", m->statuses);
    retries_add_text(cmd, "type", m->type);
    retries_add_text(cmd, "endpoint", m->endpoint);
    retries_add_text(cmd, "event", m->event);
    retries_add_number(cmd, "from", m->from_ms);
    retries_add_number(cmd, "to", m->to_ms);
    retries_add_number(cmd, "total", m->total);
}

int move_retries_parse_made(int64_t *ret_ms, const redisReply *reply)
{
    return redis_reply_i64(reply, ret_ms) ? 0 : move_refusal(reply);
}

void move_retries_take(struct redis_command *cmd, const char *head, int64_t lease_ms)
{
    retries_begin(cmd, head, "take");
    redis_arg_i64(cmd, lease_ms);
}

int move_retries_parse_taken(struct span *ret_id, const redisReply **ret_fields,
                             const redisReply *reply)
{
    int r = redis_reply_result(reply);

    if (r)
        return r;
    if (!redis_reply_span(redis_reply_at(reply, 0), ret_id))
        return MOVE_MISSING;
    *ret_fields = redis_reply_at(reply, 1);
    return *ret_fields ? 0 : err_origin(-EPROTO);
}

void move_retries_step(struct redis_command *cmd, const char *head, const struct retries_step *s)
{
    retries_begin(cmd, head, "step");
    redis_arg_text(cmd, s->id);
    redis_arg_text(cmd, s->from);
    redis_arg_text(cmd, s->to);
    redis_arg_text(cmd, s->is_last ? "1" : "");
    redis_arg_i64(cmd, s->looked);
    redis_arg_i64(cmd, s->delay_ms);
    redis_arg_i64(cmd, s->pause_ms);
}

void move_retries_stop(struct redis_command *cmd, const char *head, struct span id,
                       struct span tenant)
{
    retries_begin(cmd, head, "stop");
    redis_arg_span(cmd, id);
    redis_arg_span(cmd, tenant);
}

int move_retries_parse_stopped(const redisReply *reply)
{
    int64_t is_there;

    return redis_reply_i64(reply, &is_there) ? 0 : move_refusal(reply);
}
