/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/format/backoff.h"
#include "common/base/http_date.h"
#include <errno.h>

enum { JITTER_NONE = 500 };

/* Rounded down to whole milliseconds at each step; a factor of 1 gives equal delays. */
static int64_t exponential(const struct dialect_schedule *s, unsigned attempt)
{
    int64_t delay = MIN(s->base_ms, s->cap_ms);

    while (--attempt > 0 && delay < s->cap_ms && delay * s->factor_percent / 100 > delay)
        delay = delay > s->cap_ms * 100 / s->factor_percent ? s->cap_ms
                                                            : delay * s->factor_percent / 100;
    return delay;
}

/* With more retries than the list has delays, the last one is repeated. */
static int64_t backoff_listed(const struct dialect_schedule *s, unsigned attempt)
{
    return s->n_delays ? s->delays_ms[MIN(attempt, s->n_delays) - 1] : 0;
}

int64_t backoff_delay_ms(const struct dialect_schedule *s, unsigned attempt, unsigned jitter)
{
    unsigned n = MAX(attempt, 1U);
    int64_t delay = s->base_ms ? exponential(s, n) : backoff_listed(s, n);
    int64_t parts = ((int64_t)MIN(jitter, 2U * JITTER_NONE) - JITTER_NONE) * s->jitter_percent;

    /* Delays are days at most, so nothing overflows here. */
    return delay + delay * parts / (JITTER_NONE * 100);
}

static struct span backoff_trim(struct span text)
{
    while (text.len && (text.data[0] == ' ' || text.data[0] == '\t'))
        text.data++, text.len--;
    while (text.len && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* Any number of digits, as the RFC has it: what is too large is very long. */
static bool parse_seconds(struct span text, int64_t most, int64_t *ret)
{
    int64_t value = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value > most / 10 ? most : MIN(value * 10 + (text.data[i] - '0'), most);
    }
    *ret = value;
    return text.len > 0;
}

int64_t backoff_retry_after_ms(struct span value, int64_t now_wall_ms, int64_t ceiling_ms)
{
    struct span text = backoff_trim(value);
    int64_t seconds, date_s;

    if (parse_seconds(text, ceiling_ms / 1000 + 1, &seconds))
        return seconds > ceiling_ms / 1000 ? ceiling_ms : seconds * 1000;
    if (!http_date_parse(text, now_wall_ms, &date_s))
        return -EINVAL;
    return MIN(MAX(date_s * 1000 - now_wall_ms, 0), ceiling_ms);
}
