/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/move.h"
#include "common/base/err.h"
#include <errno.h>
#include <stdio.h>

void move_begin(struct redis_command *cmd, const struct redis_script *script, const char *head)
{
    redis_script_begin(cmd, script, 1);
    redis_arg_text(cmd, head);
}

void move_begin_admit(struct redis_command *cmd, const struct redis_script *script,
                      const char *head, const struct admit_limits *limits)
{
    move_begin(cmd, script, head);
    redis_arg_i64(cmd, limits->tenant_limit);
    redis_arg_i64(cmd, limits->permit_ms);
    redis_arg_i64(cmd, limits->endpoint_slots);
}

int move_refusal(const redisReply *reply)
{
    static const struct {
        const char *word;
        int result;
    } words[] = {
        {"exists", MOVE_EXISTS},     {"missing", MOVE_MISSING}, {"no tenant", MOVE_NO_TENANT},
        {"too many", MOVE_TOO_MANY}, {"changed", MOVE_CHANGED},
    };
    struct span word;
    int r = redis_reply_result(reply);

    for (size_t i = 0; i < ARRAY_LEN(words) && !r; i++)
        if (redis_reply_span(reply, &word) && span_equal(word, span_of(words[i].word)))
            return words[i].result;
    return r ? r : err_origin(-EPROTO);
}

int move_numbers(const redisReply *reply, size_t n, int64_t ret[])
{
    int64_t number;
    int r = redis_reply_result(reply);

    for (size_t i = 0; i < n && !r; i++)
        if (!redis_reply_i64(redis_reply_at(reply, i), &number))
            r = err_origin(-EPROTO);
    for (size_t i = 0; i < n && !r; i++)
        (void)redis_reply_i64(redis_reply_at(reply, i), &ret[i]);
    return r;
}

int move_cursor(char *ret, size_t size, const redisReply *reply)
{
    struct span cursor;
    int r = redis_reply_result(reply);

    if (!r && (!redis_reply_span(redis_reply_at(reply, 0), &cursor) || cursor.len >= size))
        r = err_origin(-EPROTO);
    if (!r)
        (void)snprintf(ret, size, "%.*s", (int)cursor.len, cursor.data);
    return r;
}

int move_number(const redisReply *reply, int64_t *ret)
{
    int r = redis_reply_result(reply);

    return r ? r : redis_reply_i64(reply, ret) ? 0 : err_origin(-EPROTO);
}
