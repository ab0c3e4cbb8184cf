/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/format/outcome.h"
#include "common/model/format/backoff.h"
#include <errno.h>
#include <limits.h>

static const char *const code_texts[] = {
    [OUTCOME_OK] = "",
    [OUTCOME_TIMEOUT] = "TIMEOUT",
    [OUTCOME_NETWORK_ERROR] = "NETWORK_ERROR",
    [OUTCOME_CLIENT_ERROR] = "CLIENT_ERROR",
    [OUTCOME_SERVER_ERROR] = "SERVER_ERROR",
    [OUTCOME_SSL_ERROR] = "SSL_ERROR",
    [OUTCOME_INVALID_URL] = "INVALID_URL",
    [OUTCOME_UNKNOWN_ERROR] = "UNKNOWN_ERROR",
};

const char *outcome_code_text(enum outcome_code code)
{
    return (size_t)code < ARRAY_LEN(code_texts) ? code_texts[code] : "UNKNOWN_ERROR";
}

int outcome_code_parse(struct span text, enum outcome_code *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(code_texts); i++) {
        if (!span_equal(text, span_of(code_texts[i])))
            continue;
        *ret = (enum outcome_code)i;
        return 0;
    }
    return -EINVAL;
}

static enum status_meaning meaning_of(const struct dialect *d, int status)
{
    for (unsigned i = 0; i < d->n_statuses; i++)
        if (status >= d->statuses[i].from && status <= d->statuses[i].to)
            return d->statuses[i].meaning;
    return STATUS_FINAL;
}

static enum outcome_code code_of(enum status_meaning meaning, int status)
{
    if (meaning == STATUS_SUCCESS)
        return OUTCOME_OK;
    if (meaning == STATUS_RETRY_TIMEOUT || (meaning == STATUS_SLOW && status == 504))
        return OUTCOME_TIMEOUT;
    switch (status / 100) {
    case 3: /* we do not follow, so to us a redirect is a server that is set up wrongly */
    case 5:
        return OUTCOME_SERVER_ERROR;
    case 4:
        return OUTCOME_CLIENT_ERROR;
    }
    return OUTCOME_UNKNOWN_ERROR;
}

static enum outcome_next next_of(enum status_meaning meaning)
{
    switch (meaning) {
    case STATUS_SUCCESS:
        return NEXT_DONE;
    case STATUS_RETRY:
    case STATUS_RETRY_TIMEOUT:
    case STATUS_SLOW:
        return NEXT_RETRY;
    case STATUS_FINAL:
        return NEXT_FINAL;
    case STATUS_GONE:
        return NEXT_DISABLE;
    }
    unreachable();
}

struct outcome outcome_of_status(const struct dialect *d, int status, struct span retry_after,
                                 int64_t now_wall_ms)
{
    enum status_meaning meaning = meaning_of(d, status);
    struct outcome o = {
        .code = code_of(meaning, status),
        .next = next_of(meaning),
        .status = status,
        .is_slow = meaning == STATUS_SLOW,
    };
    int64_t wait_ms;

    if (o.next == NEXT_RETRY && d->retry_after_max_ms && retry_after.len) {
        wait_ms = backoff_retry_after_ms(retry_after, now_wall_ms, d->retry_after_max_ms);
        o.retry_after_ms = MAX(wait_ms, 0); /* a header that makes no sense asks for nothing */
    }
    return o;
}

struct outcome outcome_of_smtp(const struct dialect *d, int code, struct span retry_after,
                               int64_t now_wall_ms)
{
    struct outcome o = {.code = OUTCOME_OK, .next = NEXT_DONE, .status = code};

    (void)d, (void)retry_after, (void)now_wall_ms;
    if (code / 100 == 5) {
        o.code = OUTCOME_CLIENT_ERROR;
        o.next = NEXT_FINAL;
    } else if (code / 100 != 2) {
        o.code = OUTCOME_SERVER_ERROR;
        o.next = NEXT_RETRY;
    }
    return o;
}

struct outcome outcome_of_error(enum outcome_code code)
{
    return (struct outcome){.code = code,
                            .next = code == OUTCOME_INVALID_URL ? NEXT_FINAL : NEXT_RETRY};
}

static struct verdict final_verdict(const struct outcome *o)
{
    return (struct verdict){.kind = o->code == OUTCOME_TIMEOUT ? VERDICT_TIMEOUT : VERDICT_FAILED};
}

struct verdict verdict_of(const struct dialect *d, const struct outcome *o, unsigned attempt,
                          unsigned base, unsigned jitter)
{
    unsigned attempts = base ? 2 : d->schedule.retries + 1;
    unsigned n = attempt > base ? attempt - base : 1; /* of those since the manual retry */
    int64_t delay_ms;

    if (o->next == NEXT_DISABLE)
        return (struct verdict){.kind = VERDICT_DISABLE};
    if (o->next == NEXT_FINAL || n >= attempts)
        return final_verdict(o);

    delay_ms = backoff_delay_ms(&d->schedule, n, jitter);
    delay_ms = MAX(delay_ms, MIN(o->retry_after_ms, d->retry_after_max_ms));
    return (struct verdict){.kind = VERDICT_RETRY, .delay_ms = delay_ms};
}
