/* SPDX-License-Identifier: Apache-2.0 */
/* policy_write.c: a row of a policy, written as policy.c reads it. */
#include "common/model/format/policy.h"
#include "common/model/format/policy_names.h"
#include <inttypes.h>

/* In the largest unit that leaves no rest. */
static void write_duration(struct buf *ret, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *name;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}};

    for (size_t i = 0; i < ARRAY_LEN(units) && ms; i++) {
        if (ms % units[i].ms)
            continue;
        buf_printf(ret, "%" PRId64 "%s", ms / units[i].ms, units[i].name);
        return;
    }
    buf_printf(ret, ms ? "%" PRId64 "ms" : "%" PRId64, ms);
}

static void write_factor(struct buf *ret, unsigned percent)
{
    buf_printf(ret, "%u", percent / 100);
    if (percent % 100)
        buf_printf(ret, ".%02u", percent % 100);
}

static void write_schedule(struct buf *ret, const struct dialect_schedule *s)
{
    if (s->base_ms) {
        buf_add_text(ret, "base=");
        write_duration(ret, s->base_ms);
        buf_add_text(ret, " factor=");
        write_factor(ret, s->factor_percent);
        buf_add_text(ret, " cap=");
        write_duration(ret, s->cap_ms);
    }
    for (unsigned i = 0; i < s->n_delays && !s->base_ms; i++) {
        buf_add_text(ret, i ? "," : "");
        write_duration(ret, s->delays_ms[i]);
    }
}

static void write_statuses(struct buf *ret, const struct dialect *row)
{
    for (unsigned i = 0; i < row->n_statuses; i++) {
        const struct dialect_status *s = &row->statuses[i];

        buf_add_text(ret, i ? "," : "");
        if (s->from == 0)
            buf_add_text(ret, "*");
        else
            buf_printf(ret, s->from == s->to ? "%d" : "%d-%d", s->from, s->to);
        buf_printf(ret, "=%s", meaning_names[s->meaning]);
    }
}

void policy_part_write(struct buf *ret, const struct dialect *row, enum policy_part part)
{
    switch (part) {
    case POLICY_header_prefix:
        buf_add_text(ret, row->own_prefix ? row->own_prefix : row->header_prefix);
        return;
    case POLICY_signature:
        buf_add_text(ret, form_names[row->signature.form]);
        return;
    case POLICY_signed_text:
        buf_add_text(ret, signed_names[row->signature.text]);
        return;
    case POLICY_signing:
        buf_add_text(ret, signing_names[row->signing]);
        return;
    case POLICY_schedule:
        write_schedule(ret, &row->schedule);
        return;
    case POLICY_retries:
        buf_printf(ret, "%u", row->schedule.retries);
        return;
    case POLICY_jitter:
        buf_printf(ret, "%u", row->schedule.jitter_percent);
        return;
    case POLICY_timeout:
        write_duration(ret, row->timeout_ms);
        return;
    case POLICY_statuses:
        write_statuses(ret, row);
        return;
    case POLICY_retry_after_max:
        write_duration(ret, row->retry_after_max_ms);
        return;
    case POLICY_user_agent:
        buf_add_text(ret, row->user_agent);
        return;
    case POLICY_headers:
    case N_POLICY_PARTS:
        return;
    }
}
