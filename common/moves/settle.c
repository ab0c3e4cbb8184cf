/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/settle.h"

const char *settle_kind_name(unsigned kind)
{
    static const char *const names[] = {
        [SETTLE_DONE] = "done",     [SETTLE_FAILED] = "failed", [SETTLE_SLOW] = "slow",
        [SETTLE_CANCEL] = "cancel", [SETTLE_REFUSE] = "refuse", [SETTLE_BACK] = "back",
        [SETTLE_LOST] = "lost",     [SETTLE_LATE] = "late",
    };

    return kind < ARRAY_LEN(names) ? names[kind] : NULL;
}

void move_settle_begin(struct redis_command *cmd, const char *head, const struct settle_limits *l)
{
    const struct admit_limits admit = {l->tenant_limit, l->permit_ms, l->endpoint_slots};

    move_begin_admit(cmd, &script_settle, head, &admit);
    redis_arg_i64(cmd, l->retention_count);
}

void move_settle_add(struct redis_command *cmd, const struct settle_job *job)
{
    redis_arg_span(cmd, job->entry);
    redis_arg_text(cmd, settle_kind_name(job->kind));
    redis_arg_span(cmd, job->tenant);
    redis_arg_span(cmd, job->endpoint);
    redis_arg_span(cmd, job->id);
    redis_arg_span(cmd, job->record);
    redis_arg_span(cmd, job->job);
    redis_arg_span(cmd, job->outcome);
    redis_arg_i64(cmd, job->number);
}

int move_settle_parse(struct settle_answer *ret, const redisReply *reply)
{
    int64_t n[2];
    int r = move_numbers(reply, 2, n);

    if (!r)
        *ret = (struct settle_answer){.settled = n[0], .lost = n[1]};
    return r;
}
