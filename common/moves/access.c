/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/access.h"
#include "common/base/err.h"
#include <errno.h>

void move_api_key_begin(struct redis_command *cmd, const char *head, struct span id,
                        struct span digest, int64_t limit)
{
    move_begin(cmd, &script_api_key, head);
    redis_arg_span(cmd, id);
    redis_arg_span(cmd, digest);
    redis_arg_i64(cmd, limit);
}

int move_api_key_parse(struct api_key_answer *ret, const redisReply *reply)
{
    struct api_key_answer a;
    int r = redis_reply_result(reply);

    if (r)
        return r;
    if (reply->type == REDIS_REPLY_NIL)
        return MOVE_MISSING;
    if (!redis_reply_span(redis_reply_at(reply, 0), &a.role) ||
        !redis_reply_span(redis_reply_at(reply, 1), &a.tenant) ||
        !redis_reply_i64(redis_reply_at(reply, 3), &a.wait_ms))
        return err_origin(-EPROTO);
    *ret = a;
    return 0;
}

static void access_begin_change(struct redis_command *cmd, const char *head, const char *what,
                                struct span tenant, const char *id)
{
    move_begin(cmd, &script_api_key_change, head);
    redis_arg_text(cmd, what);
    redis_arg_span(cmd, tenant);
    redis_arg_text(cmd, id);
}

void move_api_key_add(struct redis_command *cmd, const char *head, const struct api_key_add *a)
{
    access_begin_change(cmd, head, "add", a->tenant, a->id);
    redis_arg_span(cmd, a->digest);
    redis_arg_text(cmd, a->role);
    redis_arg_text(cmd, a->name);
    redis_arg_i64(cmd, a->expires_ms);
    redis_arg_i64(cmd, a->most);
}

void move_api_key_remove(struct redis_command *cmd, const char *head, struct span tenant,
                         const char *id)
{
    access_begin_change(cmd, head, "remove", tenant, id);
}

int move_api_key_parse_changed(int64_t *ret_ms, const redisReply *reply)
{
    struct span word;

    if (redis_reply_i64(reply, ret_ms))
        return 0;
    if (redis_reply_span(reply, &word) && span_equal(word, SPAN("past")))
        return MOVE_API_KEY_PAST;
    return move_refusal(reply);
}

void move_pace_begin(struct redis_command *cmd, const char *head, struct span name, int64_t limit)
{
    move_begin(cmd, &script_pace, head);
    redis_arg_span(cmd, name);
    redis_arg_i64(cmd, limit);
}

void move_audit_begin(struct redis_command *cmd, const char *head, const struct audit_options *o)
{
    move_begin(cmd, &script_audit, head);
    redis_arg_span(cmd, o->tenant);
    redis_arg_i64(cmd, o->entries_max);
    redis_arg_i64(cmd, o->age_ms);
    redis_arg_text(cmd, o->replaces);
}
