/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_policy.c: a byte that names the dialect, then parts: a byte that names one, its text, a NUL byte. What is
 * refused is refused with words and changes nothing; what is taken keeps its bounds, and no line of headers holds
 * what could end it. */
#include "common/model/format/backoff.h"
#include "common/model/format/extra_headers.h"
#include "common/model/format/outcome.h"
#include "common/model/format/policy.h"
#include "tests/fuzz/fuzz.h"
#include <errno.h>

static bool is_printable(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return true;
}

static void check_lines(struct span lines)
{
    unsigned n = 0;

    while (lines.len) {
        size_t len = strnlen(lines.data, lines.len);

        MUST(len < lines.len && is_printable(lines.data, len));
        MUST(memmem(lines.data, len, ": ", 2));
        lines = (struct span){lines.data + len + 1, lines.len - len - 1};
        n++;
    }
    MUST(n <= EXTRA_HEADERS_MAX);
}

static void check(const struct policy *p)
{
    const struct dialect *row = &p->row;

    MUST(row->n_headers <= DIALECT_HEADERS_MAX && row->n_statuses <= DIALECT_STATUSES_MAX);
    MUST(row->schedule.n_delays <= DIALECT_SCHEDULE_MAX && row->schedule.retries <= 100);
    MUST(row->timeout_ms >= 100 && row->timeout_ms <= 120000);
    MUST(is_printable(row->user_agent, strlen(row->user_agent)));
    MUST(!row->own_prefix || is_printable(row->own_prefix, strlen(row->own_prefix)));
    for (unsigned n = 0; n <= 101; n += 7)
        MUST(backoff_delay_ms(&row->schedule, n, 1000) >= 0);
    for (int status = 100; status < 600; status += 3)
        MUST(outcome_of_status(row, status, SPAN("9"), 0).retry_after_ms <=
             row->retry_after_max_ms);
    check_lines(buf_span(&p->lines));
}

/* As far as a part can change it. */
static bool is_same(const struct dialect *a, const struct dialect *b)
{
    return a->own_prefix == b->own_prefix && a->user_agent == b->user_agent &&
           a->n_headers == b->n_headers && a->n_statuses == b->n_statuses &&
           a->timeout_ms == b->timeout_ms && a->signing == b->signing &&
           a->signature.form == b->signature.form && a->signature.text == b->signature.text &&
           a->retry_after_max_ms == b->retry_after_max_ms &&
           a->schedule.retries == b->schedule.retries &&
           a->schedule.base_ms == b->schedule.base_ms &&
           a->schedule.n_delays == b->schedule.n_delays &&
           a->schedule.jitter_percent == b->schedule.jitter_percent;
}

static void try_part(struct policy *p, enum policy_part part, const char *text)
{
    struct dialect before = p->row;
    struct diag diag = {""};
    size_t lines = p->lines.len;
    int r = policy_set(p, part, text, &diag);

    MUST(r == 0 || r == -EINVAL);
    if (r) {
        MUST(*diag.text);
        MUST(is_same(&before, &p->row) && p->lines.len == lines);
    }
    check(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct dialect *d = size ? dialect_at(data[0] % 5) : NULL;
    struct policy p;
    char text[4096];

    if (!d)
        return 0;
    policy_init(&p, d);
    for (size_t at = 1; at < size;) {
        enum policy_part part = (enum policy_part)(data[at++] % N_POLICY_PARTS);
        size_t len = strnlen((const char *)data + at, size - at);

        if (len < sizeof(text)) {
            memcpy(text, data + at, len);
            text[len] = '\0';
            try_part(&p, part, text);
        }
        at += len + 1;
    }
    policy_fini(&p);
    return 0;
}
