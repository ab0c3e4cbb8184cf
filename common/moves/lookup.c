/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/lookup.h"
#include "common/base/err.h"
#include <errno.h>

void move_lookup_begin(struct redis_command *cmd, const struct redis_script *script,
                       const char *head, struct span tenant)
{
    move_begin(cmd, script, head);
    redis_arg_span(cmd, tenant);
}

int move_lookup_parse(struct lookup_answer *ret, const redisReply *reply)
{
    struct lookup_answer a = {.borrowed = reply};
    int r = move_numbers(reply, 1, &a.version);

    if (!r && !redis_reply_span(redis_reply_at(reply, 1), &a.tenant))
        r = err_origin(-EPROTO);
    if (r)
        return r;
    a.n = (reply->elements - 2) / 3;
    *ret = a;
    return 0;
}

int move_lookup_row(const struct lookup_answer *a, size_t i, struct lookup_row *ret)
{
    size_t at = 2 + 3 * i;

    return redis_reply_span(redis_reply_at(a->borrowed, at), &ret->id) &&
                   redis_reply_span(redis_reply_at(a->borrowed, at + 1), &ret->record) &&
                   redis_reply_span(redis_reply_at(a->borrowed, at + 2), &ret->disabled)
               ? 0
               : err_origin(-EPROTO);
}
