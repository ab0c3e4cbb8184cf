/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/format/backoff.h"
#include "common/model/format/outcome.h"
#include "common/model/format/policy.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void start(struct policy *p, const char *dialect)
{
    policy_init(p, dialect_find(span_of(dialect)));
}

static void set(struct policy *p, enum policy_part part, const char *text)
{
    struct diag diag = {""};

    if (policy_set(p, part, text, &diag))
        fail_msg("%s: %s", policy_part_name(part), diag.text);
}

static void without_parts_it_is_the_dialect(void **state)
{
    const struct dialect *d;
    struct policy p;

    (void)state;
    for (size_t i = 0; (d = dialect_at(i)); i++) {
        policy_init(&p, d);
        assert_memory_equal(&p.row, d, sizeof(*d));
        policy_fini(&p);
    }
}

static void names_are_found(void **state)
{
    enum policy_part part;

    (void)state;
    for (unsigned i = 0; i < N_POLICY_PARTS; i++) {
        assert_int_equal(policy_part_find(span_of(policy_part_name((enum policy_part)i)), &part),
                         0);
        assert_int_equal(part, i);
        assert_true(*policy_part_help(part) && *policy_part_value(part));
    }
    assert_int_equal(policy_part_find(SPAN("no-such"), &part), -ENOENT);
    assert_int_equal(policy_part_find(SPAN(""), &part), -ENOENT);
}

/* The ends of what is taken. */
static void takes_the_ends(void **state)
{
    static const char prefix[] = "X-34567890123456789012345678901234567890";
    static const struct {
        enum policy_part part;
        const char *text;
    } taken[] = {
        {POLICY_header_prefix, "X"},
        {POLICY_header_prefix, prefix},
        {POLICY_timeout, "100ms"},
        {POLICY_timeout, "120s"},
        {POLICY_timeout, "120000"},
        {POLICY_retries, "0"},
        {POLICY_retries, "100"},
        {POLICY_jitter, "0"},
        {POLICY_jitter, "100%"},
        {POLICY_schedule, "100ms"},
        {POLICY_schedule, "30d"},
        {POLICY_schedule, "base=100ms factor=1 cap=100ms"},
        {POLICY_statuses, "200=retry"},
        {POLICY_schedule, "base=30d factor=10 cap=30d"},
        {POLICY_statuses, "599=retry"},
        {POLICY_statuses, "200-599=disable"},
        {POLICY_retry_after_max, "7d"},
        {POLICY_retry_after_max, "0"},
        {POLICY_user_agent, "~"},
        {POLICY_headers, "{}"},
        {POLICY_signing, "always"},
        {POLICY_schedule, "1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,"
                          "1s,1s,1s,1s"},
    };
    char agent[258];
    struct policy p;

    (void)state;
    assert_int_equal(strlen(prefix), 40);
    start(&p, "royalti");
    for (size_t i = 0; i < ARRAY_LEN(taken); i++)
        set(&p, taken[i].part, taken[i].text);
    memset(agent, 'a', sizeof(agent));
    agent[256] = '\0';
    set(&p, POLICY_user_agent, agent);
    agent[256] = 'a';
    agent[257] = '\0';
    assert_int_equal(policy_set(&p, POLICY_user_agent, agent, NULL), -EINVAL);
    policy_fini(&p);
}

static const struct {
    enum policy_part part;
    const char *text, *words;
} refused[] = {
    {POLICY_header_prefix, "", "header-prefix: expected 1 to 40"},
    {POLICY_header_prefix, "X Acme-", "header-prefix: "},
    {POLICY_header_prefix, "X-A:", "header-prefix: "},
    {POLICY_header_prefix, "-X", "header-prefix: "},
    {POLICY_header_prefix, "X_A-", "header-prefix: "},
    {POLICY_header_prefix, "X.A-", "header-prefix: "},
    {POLICY_header_prefix, "\xc3\xa9-", "header-prefix: "},
    {POLICY_header_prefix, "X-\r\n", "header-prefix: "},
    {POLICY_header_prefix, "X-12345678901234567890123456789012345678-", "header-prefix: "},
    {POLICY_signature, "md5", "signature: expected hex, sha256-hex, v1 or v1a"},
    {POLICY_signature, "", "signature: "},
    {POLICY_signed_text, "body.timestamp", "signed-text: expected body, timestamp.body"},
    {POLICY_signing, "never", "signing: expected always or required"},
    {POLICY_schedule, "", "schedule: expected delays"},
    {POLICY_schedule, "30s,,5m", "schedule: \"\": expected delays of 100ms to 30d"},
    {POLICY_schedule, "30s,", "schedule: ends in a comma"},
    {POLICY_schedule, "30s, ", "schedule: ends in a comma"},
    {POLICY_schedule, ",", "schedule: ends in a comma"},
    {POLICY_statuses, "410=disable,", "statuses: ends in a comma"},
    {POLICY_schedule, "99ms", "schedule: \"99ms\""},
    {POLICY_schedule, "31d", "schedule: \"31d\""},
    {POLICY_schedule, "1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s", "at most 16"},
    {POLICY_schedule, "factor=2", "schedule: expected a base"},
    {POLICY_schedule, "base=2s cap=1s", "a cap that is not below it"},
    {POLICY_schedule, "base=2s factor=11", "schedule: \"factor\""},
    {POLICY_schedule, "base=2s factor=0.5", "schedule: \"factor\""},
    {POLICY_schedule, "base=2s factor=1.555", "schedule: \"factor\""},
    {POLICY_schedule, "base=2s factor=", "schedule: \"factor\""},
    {POLICY_schedule, "base=2s steps=3", "schedule: \"steps\""},
    {POLICY_retries, "101", "retries: expected 0 to 100"},
    {POLICY_retries, "-1", "retries: "},
    {POLICY_retries, "", "retries: "},
    {POLICY_jitter, "101", "jitter: expected 0 to 100"},
    {POLICY_jitter, "%", "jitter: "},
    {POLICY_timeout, "99ms", "timeout: expected a duration from 100ms to 120s"},
    {POLICY_timeout, "121s", "timeout: "},
    {POLICY_statuses, "", "statuses: expected at least one rule"},
    {POLICY_statuses, "404", "statuses: \"404\": expected rules"},
    {POLICY_statuses, "404=maybe", "statuses: \"404=maybe\""},
    {POLICY_statuses, "199=retry", "statuses: "},
    {POLICY_statuses, "600=retry", "statuses: "},
    {POLICY_statuses, "499-400=final", "statuses: "},
    {POLICY_statuses, "400-=final", "statuses: "},
    {POLICY_retry_after_max, "8d", "retry-after-max: expected a duration up to 7d"},
    {POLICY_headers, "[]", "headers: expected a JSON object"},
    {POLICY_headers, "{", "headers: expected a JSON object"},
    {POLICY_headers, "{\"X-Royalti-Event\":\"x\"}",
     "headers: X-Royalti-Event is the dialect's own"},
    {POLICY_headers, "{\"x-royalti-signature\":\"x\"}", "is the dialect's own"},
    {POLICY_user_agent, "", "user-agent: expected 1 to 256"},
    {POLICY_user_agent, " a", "user-agent: "},
    {POLICY_user_agent, "a\r\nX-B: c", "user-agent: expected printable ASCII"},
    {POLICY_user_agent, "\xc3\xa9", "user-agent: "},
    {POLICY_user_agent, "a\x7f", "user-agent: "},
    {POLICY_user_agent, "a ", "user-agent: "},
    {POLICY_headers, "{\"X-A\":\"b\\r\\nX-B: c\"}", "headers: X-A: expected printable ASCII"},
    {POLICY_schedule, "base=2s factor=1.5.5", "schedule: \"factor\""},
    {POLICY_schedule, "base=31d", "schedule: \"base\""},
    {POLICY_schedule, "base=25h", "a cap that is not below it"}, /* the cap is 24h unless given */
    {POLICY_statuses, "*", "statuses: \"*\""},
    {POLICY_statuses, "404=final=retry", "statuses: "},
    {POLICY_statuses, ",404=final", "statuses: \"\""},
    {POLICY_retry_after_max, "-1", "retry-after-max: "},
    {POLICY_timeout, "", "timeout: "},
};

static void refuses_with_words_and_changes_nothing(void **state)
{
    struct policy p;
    struct diag diag;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct dialect before;

        start(&p, "royalti");
        set(&p, POLICY_timeout, "5s");
        before = p.row;
        diag.text[0] = '\0';
        if (policy_set(&p, refused[i].part, refused[i].text, &diag) != -EINVAL)
            fail_msg("%s %s: taken", policy_part_name(refused[i].part), refused[i].text);
        if (!strstr(diag.text, refused[i].words))
            fail_msg("%s: '%s'", refused[i].text, diag.text);
        assert_memory_equal(&p.row, &before, sizeof(before));
        assert_true(refused[i].part == POLICY_timeout || !p.texts[refused[i].part]);
        assert_int_equal(p.row.timeout_ms, 5000);
        policy_fini(&p);
    }
}

static void header_name(const struct policy *p, const char *name, const char *expected)
{
    struct buf b;

    buf_init(&b, 256);
    dialect_header_name(&b, &p->row, name);
    assert_string_equal(b.data, expected);
    buf_fini(&b);
}

static void prefix_is_put_before_all_names(void **state)
{
    struct policy p;

    (void)state;
    start(&p, "royalti");
    header_name(&p, p.row.signature.header, "X-Royalti-Signature");
    set(&p, POLICY_header_prefix, "X-Acme-");
    header_name(&p, p.row.signature.header, "X-Acme-Signature");
    header_name(&p, p.row.headers[0].name, "X-Acme-Delivery");
    set(&p, POLICY_headers, "{\"X-Royalti-Event\":\"free now\"}");
    assert_int_equal(policy_set(&p, POLICY_header_prefix, NULL, NULL), -EINVAL);
    set(&p, POLICY_headers, NULL);
    set(&p, POLICY_header_prefix, NULL);
    header_name(&p, p.row.headers[0].name, "X-Royalti-Delivery");
    policy_fini(&p);
}

static void every_dialect_takes_a_prefix(void **state)
{
    const struct dialect *d;
    struct policy p;
    struct buf b;

    (void)state;
    buf_init(&b, 256);
    for (size_t i = 0; (d = dialect_at(i)); i++) {
        policy_init(&p, d);
        set(&p, POLICY_signed_text, "id.timestamp.body");
        set(&p, POLICY_header_prefix, "Acme-");
        for (unsigned h = 0; h <= p.row.n_headers; h++) {
            const char *name = h < p.row.n_headers ? p.row.headers[h].name : p.row.signature.header;

            buf_clear(&b);
            dialect_header_name(&b, &p.row, name);
            assert_memory_equal(b.data, "Acme-", 5);
            assert_string_equal(b.data + 5, name + strlen(d->header_prefix));
            assert_true(b.data[5] != '\0');
        }
        policy_fini(&p);
    }
    buf_fini(&b);
}

static void refused_header(struct policy *p, const char *json, const char *words)
{
    struct diag diag = {""};

    assert_int_equal(policy_set(p, POLICY_headers, json, &diag), -EINVAL);
    assert_string_equal(diag.text, words);
}

static void own_names_are_those_that_are_sent(void **state)
{
    struct diag diag = {""};
    struct policy p;

    (void)state;
    start(&p, "royalti");
    refused_header(&p, "{\"X-ROYALTI-TENANT\":\"\"}",
                   "headers: X-Royalti-Tenant is the dialect's own");
    set(&p, POLICY_header_prefix, "X-Acme-");
    refused_header(&p, "{\"x-acme-tenant\":\"\"}", "headers: X-Acme-Tenant is the dialect's own");
    refused_header(&p, "{\"x-acme-signature\":\"\"}",
                   "headers: X-Acme-Signature is the dialect's own");
    set(&p, POLICY_headers, "{\"X-Royalti-Tenant\":\"1\",\"X-Acme-Tenants\":\"2\"}");
    assert_int_equal(policy_set(&p, POLICY_header_prefix, "X-Royalti-", &diag), -EINVAL);
    assert_string_equal(diag.text, "headers: X-Royalti-Tenant is the dialect's own");
    policy_fini(&p);

    start(&p, "simple"); /* a name that is taken only when it is signed */
    set(&p, POLICY_headers, "{\"X-Webhook-Timestamp\":\"1\"}");
    assert_int_equal(policy_set(&p, POLICY_signed_text, "timestamp.body", &diag), -EINVAL);
    assert_string_equal(diag.text, "headers: X-Webhook-Timestamp is the dialect's own");
    assert_int_equal(p.row.signature.text, SIGN_TEXT_BODY);
    assert_int_equal(p.row.n_headers, 0);
    policy_fini(&p);
}

/* Under AddressSanitizer this tells of a text that was freed too early. */
static void texts_live_as_long_as_the_row_points_at_them(void **state)
{
    struct policy moved, p;

    (void)state;
    start(&p, "royalti");
    set(&p, POLICY_user_agent, "One/1");
    set(&p, POLICY_header_prefix, "X-One-");
    set(&p, POLICY_user_agent, "Two/2");
    assert_int_equal(policy_set(&p, POLICY_user_agent, "\n", NULL), -EINVAL);
    assert_int_equal(policy_set(&p, POLICY_header_prefix, "", NULL), -EINVAL);
    set(&p, POLICY_header_prefix, p.row.own_prefix); /* the text that it has */
    assert_string_equal(p.row.user_agent, "Two/2");
    assert_string_equal(p.row.own_prefix, "X-One-");
    moved = p;
    set(&moved, POLICY_timeout, "3s");
    assert_int_equal(policy_set_dialect(&moved, dialect_find(SPAN("simple")), NULL), 0);
    assert_string_equal(moved.row.user_agent, "Two/2");
    assert_string_equal(moved.row.own_prefix, "X-One-");
    set(&moved, POLICY_user_agent, NULL);
    set(&moved, POLICY_header_prefix, NULL);
    assert_ptr_equal(moved.row.user_agent, dialect_find(SPAN("simple"))->user_agent);
    assert_null(moved.row.own_prefix);
    policy_fini(&moved);
}

static bool sends(const struct policy *p, const char *name)
{
    for (unsigned i = 0; i < p->row.n_headers; i++)
        if (strcmp(p->row.headers[i].name, name) == 0)
            return true;
    return false;
}

/* Whoever verifies must be told what was signed: in every dialect. */
static void what_is_signed_is_sent(void **state)
{
    const struct dialect *d;
    struct policy p;

    (void)state;
    for (size_t i = 0; (d = dialect_at(i)); i++) {
        unsigned ids = 0, times = 0;

        policy_init(&p, d);
        set(&p, POLICY_signed_text, "id.timestamp.body");
        assert_true(p.row.n_headers <= DIALECT_HEADERS_MAX);
        for (unsigned h = 0; h < p.row.n_headers; h++) {
            ids += p.row.headers[h].value == VALUE_DELIVERY_ID;
            times += p.row.headers[h].value == VALUE_TIMESTAMP_S;
        }
        assert_true(ids == 1 && times == 1);
        policy_fini(&p);
    }
    start(&p, "simple");
    set(&p, POLICY_signed_text, "timestamp.body");
    assert_true(sends(&p, "X-Webhook-Timestamp") && !sends(&p, "X-Webhook-Id"));
    set(&p, POLICY_signed_text, "id.timestamp.body");
    assert_true(sends(&p, "X-Webhook-Timestamp") && sends(&p, "X-Webhook-Id"));
    assert_int_equal(policy_set(&p, POLICY_headers, "{\"x-webhook-id\":\"1\"}", NULL), -EINVAL);
    set(&p, POLICY_signed_text, "body");
    assert_int_equal(p.row.n_headers, 0);
    policy_fini(&p);
}

static int64_t delay(const struct policy *p, unsigned attempt)
{
    return backoff_delay_ms(&p->row.schedule, attempt, 500);
}

static void schedules(void **state)
{
    struct policy p;

    (void)state;
    start(&p, "standard");
    set(&p, POLICY_schedule, "100ms, 5m ,2h");
    assert_int_equal(p.row.schedule.retries, 3);
    assert_int_equal(p.row.schedule.jitter_percent, 10); /* the dialect's, until it is set */
    assert_int_equal(delay(&p, 1), 100);
    assert_int_equal(delay(&p, 3), 7200000);
    set(&p, POLICY_retries, "5");
    assert_int_equal(delay(&p, 5), 7200000);
    set(&p, POLICY_jitter, "0%");
    assert_int_equal(backoff_delay_ms(&p.row.schedule, 2, 0), 300000);
    set(&p, POLICY_schedule, "base=2s factor=1.5 cap=4s");
    assert_int_equal(p.row.schedule.retries, 5);
    assert_int_equal(delay(&p, 1), 2000);
    assert_int_equal(delay(&p, 2), 3000);
    assert_int_equal(delay(&p, 3), 4000);
    set(&p, POLICY_retries, NULL);
    assert_int_equal(p.row.schedule.retries, 9); /* the dialect's number */
    set(&p, POLICY_schedule, "factor=10 base=100ms");
    assert_int_equal(delay(&p, 3), 10000);
    assert_int_equal(delay(&p, 99), 86400000);
    set(&p, POLICY_retries, "0");
    assert_int_equal(p.row.schedule.retries, 0);
    policy_fini(&p);
}

static enum outcome_next next(const struct policy *p, int status)
{
    return outcome_of_status(&p->row, status, SPAN(""), 0).next;
}

static void rules_stand_before_the_dialect_s(void **state)
{
    struct policy p;

    (void)state;
    start(&p, "royalti");
    set(&p, POLICY_statuses, "404=retry, 410=disable,202=retry,500-502=final,418=success");
    assert_int_equal(next(&p, 404), NEXT_RETRY);
    assert_int_equal(next(&p, 410), NEXT_DISABLE);
    assert_int_equal(next(&p, 202), NEXT_RETRY);
    assert_int_equal(next(&p, 200), NEXT_DONE);
    assert_int_equal(next(&p, 501), NEXT_FINAL);
    assert_int_equal(next(&p, 503), NEXT_RETRY);
    assert_int_equal(next(&p, 400), NEXT_FINAL);
    assert_int_equal(next(&p, 418), NEXT_DONE);
    set(&p, POLICY_statuses, "*=final");
    assert_int_equal(next(&p, 200), NEXT_FINAL);
    set(&p, POLICY_statuses, NULL);
    assert_int_equal(next(&p, 200), NEXT_DONE);
    set(&p, POLICY_statuses,
        "201=retry,201=retry,201=retry,201=retry,201=retry,201=retry,201=retry,201=retry,"
        "201=retry,201=retry,201=retry,201=retry,201=retry,201=retry,201=retry,201=retry");
    assert_int_equal(next(&p, 200),
                     NEXT_DONE); /* the dialect's own rules still stand behind them */
    assert_int_equal(next(&p, 499), NEXT_FINAL);
    assert_true(p.row.n_statuses <= DIALECT_STATUSES_MAX);
    policy_fini(&p);
}

static void retry_after_has_a_ceiling(void **state)
{
    struct policy p;

    (void)state;
    start(&p, "standard");
    set(&p, POLICY_retry_after_max, "10s");
    assert_int_equal(outcome_of_status(&p.row, 503, SPAN("3600"), 0).retry_after_ms, 10000);
    set(&p, POLICY_retry_after_max, "0");
    assert_int_equal(outcome_of_status(&p.row, 503, SPAN("3600"), 0).retry_after_ms, 0);
    policy_fini(&p);
}

static void lines_are_those_of_the_headers(void **state)
{
    static const char expected[] = "X-A: 1\0X-B: two\"words\"\0X-C: ";
    struct policy p;

    (void)state;
    start(&p, "simple");
    set(&p, POLICY_headers, " {\"X-A\":\"1\", \"X-B\" : \"two\\\"words\\u0022\", \"X-C\":\"\"} ");
    assert_int_equal(p.lines.len, sizeof(expected));
    assert_memory_equal(p.lines.data, expected, sizeof(expected));
    set(&p, POLICY_user_agent, "Acme/2 (x)");
    assert_string_equal(p.row.user_agent, "Acme/2 (x)");
    assert_int_equal(p.lines.len, sizeof(expected));
    policy_fini(&p);
}

static void another_dialect_keeps_the_own_parts(void **state)
{
    struct policy p;
    struct diag diag = {""};

    (void)state;
    start(&p, "simple");
    set(&p, POLICY_timeout, "7s");
    set(&p, POLICY_headers, "{\"X-Royalti-Event\":\"x\"}");
    assert_int_equal(policy_set_dialect(&p, dialect_find(SPAN("standard")), &diag), 0);
    assert_string_equal(p.row.name, "standard");
    assert_int_equal(p.row.timeout_ms, 7000);
    assert_int_equal(policy_set_dialect(&p, dialect_find(SPAN("royalti")), &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "headers: X-Royalti-Event"));
    assert_string_equal(p.row.name, "standard");
    assert_int_equal(p.lines.len, sizeof("X-Royalti-Event: x"));
    policy_fini(&p);
}

static void long_texts_are_refused(void **state)
{
    static char text[POLICY_TEXT_MAX + 2];
    struct policy p;
    struct diag diag = {""};

    (void)state;
    start(&p, "simple");
    memset(text, 'a', sizeof(text) - 1);
    for (unsigned i = 0; i < N_POLICY_PARTS; i++) {
        assert_int_equal(policy_set(&p, (enum policy_part)i, text, &diag), -EINVAL);
        assert_non_null(strstr(diag.text, "longer than"));
    }
    policy_fini(&p);
}

/* --- the documentation ------------------------------------------------------------------------ */

/* What stands between the next pair of backticks in the cell that *@at is in; empty at its end. */
static struct span next_code(const char **at)
{
    size_t skip = strcspn(*at, "`|\n"), len;
    const char *begin = *at + skip + 1;

    if ((*at)[skip] != '`')
        return SPAN("");
    len = strcspn(begin, "`");
    *at = begin + len + 1;
    return (struct span){begin, len};
}

/* "| `name` | `example`, `another` | words |": each example is one that is taken. */
static void check_documented_row(const char *line, bool *seen)
{
    struct span name = next_code(&line), example;
    enum policy_part part;
    unsigned n = 0;

    line += strcspn(line, "|") + 1;
    if (policy_part_find(name, &part))
        fail_msg("no part is called %.*s", (int)name.len, name.data);
    seen[part] = true;
    while ((example = next_code(&line)).len) {
        char text[256];
        struct policy p;

        (void)snprintf(text, sizeof(text), "%.*s", (int)example.len, example.data);
        start(&p, "royalti");
        set(&p, part, text);
        policy_fini(&p);
        n++;
    }
    assert_true(n > 0);
}

static void the_documentation_names_every_part(void **state)
{
    bool seen[N_POLICY_PARTS] = {false}, is_there = false;
    FILE *file = fopen(DOCUMENT, "r");
    char line[512];

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        if (strncmp(line, "## ", 3) == 0)
            is_there = strcmp(line, "## Parts of an endpoint's own\n") == 0;
        else if (is_there && strncmp(line, "| `", 3) == 0)
            check_documented_row(line + 2, seen);
    }
    (void)fclose(file);
    for (unsigned i = 0; i < N_POLICY_PARTS; i++)
        if (!seen[i])
            fail_msg("%s is not in %s", policy_part_name((enum policy_part)i), DOCUMENT);
}

/* Written and read again, each part of each dialect says what it said. */
static void what_is_written_can_be_read(void **state)
{
    const struct dialect *d;
    struct policy p;
    struct buf text;

    (void)state;
    for (size_t i = 0; (d = dialect_at(i)); i++) {
        policy_init(&p, d);
        for (unsigned part = 0; part < N_POLICY_PARTS; part++) {
            buf_init(&text, 1024);
            policy_part_write(&text, d, (enum policy_part)part);
            assert_int_equal(buf_result(&text), 0);
            assert_int_equal(text.len == 0, part == POLICY_headers);
            if (text.len)
                set(&p, (enum policy_part)part, text.data);
            buf_fini(&text);
        }
        assert_string_equal(p.row.own_prefix, d->header_prefix);
        assert_memory_equal(&p.row.schedule, &d->schedule, sizeof(d->schedule));
        assert_memory_equal(p.row.statuses, d->statuses, d->n_statuses * sizeof(d->statuses[0]));
        assert_int_equal(p.row.signature.form, d->signature.form);
        assert_int_equal(p.row.signature.text, d->signature.text);
        assert_int_equal(p.row.timeout_ms, d->timeout_ms);
        assert_int_equal(p.row.retry_after_max_ms, d->retry_after_max_ms);
        assert_string_equal(p.row.user_agent, d->user_agent);
        policy_fini(&p);
    }
}

static void writes_as_it_was_written(enum policy_part part, const char *text, const char *wanted)
{
    struct policy p;
    struct buf written;

    start(&p, "simple");
    set(&p, part, text);
    buf_init(&written, 1024);
    policy_part_write(&written, &p.row, part);
    assert_string_equal(written.data, wanted);
    buf_fini(&written);
    policy_fini(&p);
}

static void words_of_parts(void **state)
{
    (void)state;
    writes_as_it_was_written(POLICY_schedule, "90s, 1500ms,120m,48h", "90s,1500ms,2h,2d");
    writes_as_it_was_written(POLICY_schedule, "base=1s factor=1.5", "base=1s factor=1.50 cap=1d");
    writes_as_it_was_written(POLICY_retry_after_max, "0", "0");
    writes_as_it_was_written(POLICY_jitter, "15%", "15");
    writes_as_it_was_written(POLICY_header_prefix, "X-Acme-", "X-Acme-");
    writes_as_it_was_written(POLICY_signed_text, "id.timestamp.body", "id.timestamp.body");
    writes_as_it_was_written(
        POLICY_statuses, "404=final, 500-503=slow",
        "404=final,500-503=slow,200-299=success,408=timeout,504=timeout,*=retry");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_parts_it_is_the_dialect),
        cmocka_unit_test(names_are_found),
        cmocka_unit_test(takes_the_ends),
        cmocka_unit_test(refuses_with_words_and_changes_nothing),
        cmocka_unit_test(every_dialect_takes_a_prefix),
        cmocka_unit_test(own_names_are_those_that_are_sent),
        cmocka_unit_test(texts_live_as_long_as_the_row_points_at_them),
        cmocka_unit_test(prefix_is_put_before_all_names),
        cmocka_unit_test(what_is_signed_is_sent),
        cmocka_unit_test(schedules),
        cmocka_unit_test(rules_stand_before_the_dialect_s),
        cmocka_unit_test(retry_after_has_a_ceiling),
        cmocka_unit_test(lines_are_those_of_the_headers),
        cmocka_unit_test(another_dialect_keeps_the_own_parts),
        cmocka_unit_test(long_texts_are_refused),
        cmocka_unit_test(the_documentation_names_every_part),
        cmocka_unit_test(what_is_written_can_be_read),
        cmocka_unit_test(words_of_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
