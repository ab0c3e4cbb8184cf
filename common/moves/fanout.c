/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/fanout.h"

void move_fanout_begin(struct redis_command *cmd, const char *head,
                       const struct admit_limits *limits, int64_t version)
{
    move_begin_admit(cmd, &script_fanout, head, limits);
    redis_arg_i64(cmd, version);
}

void move_fanout_add(struct redis_command *cmd, const struct fanout_event *e, size_t n_deliveries)
{
    redis_arg_span(cmd, e->stream_id);
    redis_arg_span(cmd, e->tenant);
    redis_arg_i64(cmd, e->tenant_limit);
    redis_arg_i64(cmd, (int64_t)n_deliveries);
    if (n_deliveries)
        redis_arg_span(cmd, e->own_id);
}

void move_fanout_add_delivery(struct redis_command *cmd, const struct fanout_delivery *d)
{
    redis_arg_text(cmd, d->id);
    redis_arg_text(cmd, d->endpoint);
    redis_arg_i64(cmd, d->slots);
    redis_arg_span(cmd, d->job);
    redis_arg_span(cmd, d->record);
}

void move_fanout_refuse(struct redis_command *cmd, struct span stream_id, struct span tenant,
                        const char *why)
{
    redis_arg_span(cmd, stream_id);
    redis_arg_span(cmd, tenant);
    redis_arg_i64(cmd, 0); /* no limit is needed where nothing is admitted */
    redis_arg_i64(cmd, -1);
    redis_arg_text(cmd, why);
}

int move_fanout_parse(struct fanout_answer *ret, const redisReply *reply)
{
    int64_t n[4];
    bool is_stale = !redis_reply_at(reply, 1); /* the version alone */
    int r = move_numbers(reply, is_stale ? 1 : ARRAY_LEN(n), n);

    if (!r && is_stale)
        *ret = (struct fanout_answer){.version = n[0], .is_stale = true};
    else if (!r)
        *ret = (struct fanout_answer){n[0], false, n[1], n[2], n[3]};
    return r;
}
