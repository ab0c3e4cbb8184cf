/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/format/outcome.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { NO_JITTER = 500, DAY_MS = 86400000 };

static const int64_t now_ms = 784111777000; /* Sun, 06 Nov 1994 08:49:37 GMT */

static const struct dialect *dialect(const char *name)
{
    const struct dialect *d = dialect_find(span_of(name));

    assert_non_null(d);
    return d;
}

static void check(const struct dialect *d, int status, enum outcome_code code,
                  enum outcome_next next)
{
    struct outcome o = outcome_of_status(d, status, SPAN(""), now_ms);

    if (o.code != code || o.next != next)
        fail_msg("%s %d: %s %d, expected %s %d", d->name, status, outcome_code_text(o.code), o.next,
                 outcome_code_text(code), next);
    assert_int_equal(o.status, status);
    assert_int_equal(o.retry_after_ms, 0);
}

/* The platform guide's table, status by status. */
static void royalti_by_the_guide(void **state)
{
    const struct dialect *d = dialect("royalti");

    (void)state;
    for (int status = 0; status < 1000; status++) {
        if (status >= 200 && status <= 299)
            check(d, status, OUTCOME_OK, NEXT_DONE);
        else if (status == 408 || status == 504)
            check(d, status, OUTCOME_TIMEOUT, NEXT_RETRY);
        else if (status >= 400 && status <= 499)
            check(d, status, OUTCOME_CLIENT_ERROR, NEXT_FINAL);
        else if (status >= 300 && status <= 599)
            check(d, status, OUTCOME_SERVER_ERROR, NEXT_RETRY);
        else
            check(d, status, OUTCOME_UNKNOWN_ERROR, NEXT_RETRY);
    }
}

static void others_retry_every_other_answer(void **state)
{
    static const char *const names[] = {"simple", "verification", "template", "standard"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct dialect *d = dialect(names[i]);

        check(d, 200, OUTCOME_OK, NEXT_DONE);
        check(d, 299, OUTCOME_OK, NEXT_DONE);
        check(d, 301, OUTCOME_SERVER_ERROR, NEXT_RETRY);
        check(d, 400, OUTCOME_CLIENT_ERROR, NEXT_RETRY);
        check(d, 408, OUTCOME_TIMEOUT, NEXT_RETRY);
        check(d, 429, OUTCOME_CLIENT_ERROR, NEXT_RETRY);
        check(d, 500, OUTCOME_SERVER_ERROR, NEXT_RETRY);
        check(d, 504, OUTCOME_TIMEOUT, NEXT_RETRY);
        check(d, 101, OUTCOME_UNKNOWN_ERROR, NEXT_RETRY);
        check(d, 999, OUTCOME_UNKNOWN_ERROR, NEXT_RETRY);
        check(d, 410, OUTCOME_CLIENT_ERROR, i == 3 ? NEXT_DISABLE : NEXT_RETRY);
    }
}

static void what_no_row_names_is_final(void **state)
{
    static const struct dialect d = {.statuses = {{200, 200, STATUS_SUCCESS}}, .n_statuses = 1};

    (void)state;
    check(&d, 201, OUTCOME_UNKNOWN_ERROR, NEXT_FINAL);
    check(&d, 503, OUTCOME_SERVER_ERROR, NEXT_FINAL);
    check(dialect("royalti"), 1000, OUTCOME_UNKNOWN_ERROR, NEXT_FINAL);
    check(dialect("royalti"), -1, OUTCOME_UNKNOWN_ERROR, NEXT_FINAL);
}

static int64_t waits(const char *name, int status, const char *header)
{
    return outcome_of_status(dialect(name), status, span_of(header), now_ms).retry_after_ms;
}

static void hears_retry_after_where_it_retries(void **state)
{
    struct dialect deaf = *dialect("standard");

    (void)state;
    assert_int_equal(waits("standard", 429, "120"), 120000);
    assert_int_equal(waits("standard", 503, "Sun, 06 Nov 1994 08:50:37 GMT"), 60000);
    assert_int_equal(waits("standard", 503, "Sat, 05 Nov 1994 08:50:37 GMT"), 0);
    assert_int_equal(waits("standard", 503, "9999999"), DAY_MS);
    assert_int_equal(waits("standard", 503, "soon"), 0);
    assert_int_equal(waits("standard", 200, "120"), 0);
    assert_int_equal(waits("standard", 410, "120"), 0);
    assert_int_equal(waits("royalti", 503, "120"), 120000);
    assert_int_equal(waits("royalti", 504, "120"), 120000);
    assert_int_equal(waits("royalti", 429, "120"), 0); /* is final there */
    deaf.retry_after_max_ms = 0;
    assert_int_equal(outcome_of_status(&deaf, 503, SPAN("120"), now_ms).retry_after_ms, 0);
}

static bool slows(const char *name, int status)
{
    return outcome_of_status(dialect(name), status, SPAN(""), now_ms).is_slow;
}

static void knows_who_wants_less(void **state)
{
    (void)state;
    for (int status = 0; status < 1000; status++) {
        assert_int_equal(slows("standard", status),
                         status == 429 || status == 502 || status == 504);
        assert_false(slows("royalti", status));
    }
    check(dialect("standard"), 502, OUTCOME_SERVER_ERROR, NEXT_RETRY);
    assert_false(outcome_of_error(OUTCOME_TIMEOUT).is_slow);
}

static void without_an_answer(void **state)
{
    (void)state;
    for (int code = OUTCOME_TIMEOUT; code <= OUTCOME_UNKNOWN_ERROR; code++) {
        struct outcome o = outcome_of_error((enum outcome_code)code);

        assert_int_equal(o.code, code);
        assert_int_equal(o.next, code == OUTCOME_INVALID_URL ? NEXT_FINAL : NEXT_RETRY);
        assert_int_equal(o.status, 0);
        assert_int_equal(o.retry_after_ms, 0);
    }
}

static void writes_and_reads_codes(void **state)
{
    static const char *const texts[] = {
        "",          "TIMEOUT",     "NETWORK_ERROR", "CLIENT_ERROR", "SERVER_ERROR",
        "SSL_ERROR", "INVALID_URL", "UNKNOWN_ERROR"};
    enum outcome_code code = OUTCOME_OK;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        assert_string_equal(outcome_code_text((enum outcome_code)i), texts[i]);
        assert_int_equal(outcome_code_parse(span_of(texts[i]), &code), 0);
        assert_int_equal(code, i);
    }
    code = OUTCOME_SSL_ERROR;
    assert_int_equal(outcome_code_parse(SPAN("timeout"), &code), -EINVAL);
    assert_int_equal(outcome_code_parse(SPAN("TIMEOUT "), &code), -EINVAL);
    assert_int_equal(code, OUTCOME_SSL_ERROR);
    assert_string_equal(outcome_code_text((enum outcome_code)99), "UNKNOWN_ERROR");
}

static const struct {
    const char *dialect;
    struct outcome o;
    unsigned attempt, base;
    int retries;
    unsigned jitter;
    enum verdict_kind kind;
    int64_t delay_ms;
} verdicts[] = {
    /* royalti's own three retries */
    {"royalti",
     {OUTCOME_SERVER_ERROR, NEXT_RETRY, 500, 0},
     1,
     0,
     -1,
     NO_JITTER,
     VERDICT_RETRY,
     2000},
    {"royalti",
     {OUTCOME_SERVER_ERROR, NEXT_RETRY, 500, 0},
     2,
     0,
     -1,
     NO_JITTER,
     VERDICT_RETRY,
     4000},
    {"royalti",
     {OUTCOME_SERVER_ERROR, NEXT_RETRY, 500, 0},
     3,
     0,
     -1,
     NO_JITTER,
     VERDICT_RETRY,
     8000},
    {"royalti", {OUTCOME_SERVER_ERROR, NEXT_RETRY, 500, 0}, 4, 0, -1, NO_JITTER, VERDICT_FAILED, 0},
    {"royalti", {OUTCOME_SERVER_ERROR, NEXT_RETRY, 500, 0}, 5, 0, -1, NO_JITTER, VERDICT_FAILED, 0},
    {"royalti", {OUTCOME_TIMEOUT, NEXT_RETRY, 0, 0}, 3, 0, -1, NO_JITTER, VERDICT_RETRY, 8000},
    {"royalti", {OUTCOME_TIMEOUT, NEXT_RETRY, 0, 0}, 4, 0, -1, NO_JITTER, VERDICT_TIMEOUT, 0},
    {"royalti", {OUTCOME_TIMEOUT, NEXT_RETRY, 504, 0}, 4, 0, -1, NO_JITTER, VERDICT_TIMEOUT, 0},
    {"royalti", {OUTCOME_CLIENT_ERROR, NEXT_FINAL, 404, 0}, 1, 0, -1, NO_JITTER, VERDICT_FAILED, 0},
    {"royalti", {OUTCOME_INVALID_URL, NEXT_FINAL, 0, 0}, 1, 0, 10, NO_JITTER, VERDICT_FAILED, 0},
    /* as many as the tenant set */
    {"royalti", {OUTCOME_NETWORK_ERROR, NEXT_RETRY, 0, 0}, 1, 0, 0, NO_JITTER, VERDICT_FAILED, 0},
    {"royalti", {OUTCOME_NETWORK_ERROR, NEXT_RETRY, 0, 0}, 1, 0, 1, NO_JITTER, VERDICT_RETRY, 2000},
    {"royalti",
     {OUTCOME_NETWORK_ERROR, NEXT_RETRY, 0, 0},
     10,
     0,
     10,
     NO_JITTER,
     VERDICT_RETRY,
     1024000},
    {"royalti", {OUTCOME_NETWORK_ERROR, NEXT_RETRY, 0, 0}, 11, 0, 10, NO_JITTER, VERDICT_FAILED, 0},
    /* a manual retry after four attempts: one more, then one retry, by the schedule's first delay
     */
    {"royalti",
     {OUTCOME_SERVER_ERROR, NEXT_RETRY, 500, 0},
     5,
     4,
     -1,
     NO_JITTER,
     VERDICT_RETRY,
     2000},
    {"royalti", {OUTCOME_SERVER_ERROR, NEXT_RETRY, 500, 0}, 6, 4, -1, NO_JITTER, VERDICT_FAILED, 0},
    {"royalti", {OUTCOME_TIMEOUT, NEXT_RETRY, 0, 0}, 6, 4, 10, NO_JITTER, VERDICT_TIMEOUT, 0},
    {"royalti", {OUTCOME_CLIENT_ERROR, NEXT_FINAL, 400, 0}, 5, 4, -1, NO_JITTER, VERDICT_FAILED, 0},
    {"royalti",
     {OUTCOME_SERVER_ERROR, NEXT_RETRY, 500, 0},
     5,
     4,
     0,
     NO_JITTER,
     VERDICT_RETRY,
     2000},
    {"royalti",
     {OUTCOME_SERVER_ERROR, NEXT_RETRY, 500, 0},
     3,
     4,
     -1,
     NO_JITTER,
     VERDICT_RETRY,
     2000},
    /* Retry-After is a minimum */
    {"royalti",
     {OUTCOME_SERVER_ERROR, NEXT_RETRY, 503, 60000},
     1,
     0,
     -1,
     NO_JITTER,
     VERDICT_RETRY,
     60000},
    {"royalti",
     {OUTCOME_SERVER_ERROR, NEXT_RETRY, 503, 1000},
     1,
     0,
     -1,
     NO_JITTER,
     VERDICT_RETRY,
     2000},
    {"royalti",
     {OUTCOME_SERVER_ERROR, NEXT_RETRY, 503, 60000},
     4,
     0,
     -1,
     NO_JITTER,
     VERDICT_FAILED,
     0},
    {"standard", {OUTCOME_CLIENT_ERROR, NEXT_RETRY, 429, 60000}, 1, 0, -1, 0, VERDICT_RETRY, 60000},
    /* jitter */
    {"standard", {OUTCOME_SERVER_ERROR, NEXT_RETRY, 500, 0}, 1, 0, -1, 0, VERDICT_RETRY, 4500},
    {"standard",
     {OUTCOME_SERVER_ERROR, NEXT_RETRY, 500, 0},
     9,
     0,
     -1,
     1000,
     VERDICT_RETRY,
     95040000},
    {"standard",
     {OUTCOME_SERVER_ERROR, NEXT_RETRY, 500, 0},
     10,
     0,
     -1,
     NO_JITTER,
     VERDICT_FAILED,
     0},
    /* 410, at whichever attempt */
    {"standard",
     {OUTCOME_CLIENT_ERROR, NEXT_DISABLE, 410, 0},
     1,
     0,
     -1,
     NO_JITTER,
     VERDICT_DISABLE,
     0},
    {"standard",
     {OUTCOME_CLIENT_ERROR, NEXT_DISABLE, 410, 0},
     10,
     0,
     -1,
     NO_JITTER,
     VERDICT_DISABLE,
     0},
    {"simple",
     {OUTCOME_CLIENT_ERROR, NEXT_RETRY, 404, 0},
     4,
     0,
     -1,
     NO_JITTER,
     VERDICT_RETRY,
     7200000},
    {"simple", {OUTCOME_CLIENT_ERROR, NEXT_RETRY, 404, 0}, 5, 0, -1, NO_JITTER, VERDICT_FAILED, 0},
    {"verification", {OUTCOME_SSL_ERROR, NEXT_RETRY, 0, 0}, 4, 0, -1, NO_JITTER, VERDICT_FAILED, 0},
    {"template",
     {OUTCOME_SSL_ERROR, NEXT_RETRY, 0, 0},
     6,
     0,
     -1,
     NO_JITTER,
     VERDICT_RETRY,
     43200000},
};

/* By the dialect's schedule, or with another number of retries. */
static struct verdict judge(size_t i)
{
    struct dialect d = *dialect(verdicts[i].dialect);

    if (verdicts[i].retries >= 0)
        d.schedule.retries = (unsigned)verdicts[i].retries;
    return verdict_of(&d, &verdicts[i].o, verdicts[i].attempt, verdicts[i].base,
                      verdicts[i].jitter);
}

static void judges_failed_attempts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
        struct verdict v = judge(i);

        if (v.kind != verdicts[i].kind || v.delay_ms != verdicts[i].delay_ms)
            fail_msg("verdict %zu: %d after %lld ms, expected %d after %lld ms", i, v.kind,
                     (long long)v.delay_ms, verdicts[i].kind, (long long)verdicts[i].delay_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(royalti_by_the_guide),
        cmocka_unit_test(others_retry_every_other_answer),
        cmocka_unit_test(what_no_row_names_is_final),
        cmocka_unit_test(hears_retry_after_where_it_retries),
        cmocka_unit_test(knows_who_wants_less),
        cmocka_unit_test(without_an_answer),
        cmocka_unit_test(writes_and_reads_codes),
        cmocka_unit_test(judges_failed_attempts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
