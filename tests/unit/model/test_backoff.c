/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/http_date.h"
#include "common/model/format/backoff.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define S 1000LL
#define M (60 * S)
#define H (60 * M)

enum { NO_JITTER = 500 };

/* The guides' tables: delay after each failed attempt, up to the last retry. */
static const struct {
    const char *dialect;
    int64_t delays_ms[10]; /* ends with 0 */
} tables[] = {
    {"royalti", {2 * S, 4 * S, 8 * S}},
    {"simple", {30 * S, 5 * M, 30 * M, 2 * H}},
    {"verification", {1 * S, 2 * S, 4 * S}},
    {"template", {1 * S, 5 * M, 30 * M, 2 * H, 6 * H, 12 * H}},
    {"standard", {5 * S, 5 * M, 30 * M, 2 * H, 5 * H, 10 * H, 14 * H, 20 * H, 24 * H}},
};

static const struct dialect_schedule *schedule_of(const char *dialect)
{
    return &dialect_find(span_of(dialect))->schedule;
}

static void follows_the_guides(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        const struct dialect_schedule *s = schedule_of(tables[i].dialect);
        unsigned n = 0;

        for (; tables[i].delays_ms[n]; n++)
            assert_int_equal(backoff_delay_ms(s, n + 1, NO_JITTER), tables[i].delays_ms[n]);
        assert_int_equal(s->retries, n);
    }
}

static void grows_by_the_factor(void **state)
{
    static const struct dialect_schedule half = {
        .base_ms = 1000, .factor_percent = 150, .cap_ms = H};
    static const struct dialect_schedule even = {
        .base_ms = 1000, .factor_percent = 100, .cap_ms = H};
    static const struct dialect_schedule tenfold = {
        .base_ms = 100, .factor_percent = 1000, .cap_ms = 50 * S};

    (void)state;
    assert_int_equal(backoff_delay_ms(&half, 2, NO_JITTER), 1500);
    assert_int_equal(backoff_delay_ms(&half, 3, NO_JITTER), 2250);
    assert_int_equal(backoff_delay_ms(&half, 4, NO_JITTER), 3375);
    assert_int_equal(backoff_delay_ms(&half, 101, NO_JITTER), H);
    assert_int_equal(backoff_delay_ms(&even, 4000000000U, NO_JITTER), 1000);
    assert_int_equal(backoff_delay_ms(&tenfold, 3, NO_JITTER), 10 * S);
    assert_int_equal(backoff_delay_ms(&tenfold, 4, NO_JITTER), 50 * S);
}

static void goes_on_when_there_are_more_retries(void **state)
{
    const struct dialect_schedule *s = schedule_of("royalti");
    static const struct dialect_schedule empty = {.retries = 1};

    (void)state;
    assert_int_equal(backoff_delay_ms(s, 10, NO_JITTER), 1024 * S);
    assert_int_equal(backoff_delay_ms(s, 16, NO_JITTER), 65536 * S);
    assert_int_equal(backoff_delay_ms(s, 17, NO_JITTER), 24 * H); /* the cap */
    assert_int_equal(backoff_delay_ms(s, 4000000000U, NO_JITTER), 24 * H);
    assert_int_equal(backoff_delay_ms(s, 0, NO_JITTER), 2 * S);
    assert_int_equal(backoff_delay_ms(schedule_of("simple"), 5, NO_JITTER),
                     2 * H); /* the last again */
    assert_int_equal(backoff_delay_ms(schedule_of("simple"), 4000000000U, NO_JITTER), 2 * H);
    assert_int_equal(backoff_delay_ms(schedule_of("simple"), 0, NO_JITTER), 30 * S);
    assert_int_equal(backoff_delay_ms(&empty, 1, NO_JITTER), 0);
}

static void keeps_a_base_above_the_cap_down(void **state)
{
    static const struct dialect_schedule s = {
        .base_ms = 5000, .factor_percent = 200, .cap_ms = 3000};
    static const struct dialect_schedule odd = {
        .base_ms = 1000, .factor_percent = 200, .cap_ms = 2500};

    (void)state;
    assert_int_equal(backoff_delay_ms(&s, 1, NO_JITTER), 3000);
    assert_int_equal(backoff_delay_ms(&odd, 2, NO_JITTER), 2000);
    assert_int_equal(backoff_delay_ms(&odd, 3, NO_JITTER), 2500);
}

static void spreads_by_the_jitter(void **state)
{
    const struct dialect_schedule *s = schedule_of("standard");
    int64_t last = 0;

    (void)state;
    assert_int_equal(backoff_delay_ms(s, 1, 0), 4500);
    assert_int_equal(backoff_delay_ms(s, 1, 250), 4750);
    assert_int_equal(backoff_delay_ms(s, 1, 1000), 5500);
    assert_int_equal(backoff_delay_ms(s, 1, 4000000000U), 5500);
    assert_int_equal(backoff_delay_ms(s, 9, 0), 24 * H * 9 / 10);
    assert_int_equal(backoff_delay_ms(s, 9, 1000), 24 * H * 11 / 10);
    for (unsigned jitter = 0; jitter <= 1000; jitter++) {
        int64_t delay = backoff_delay_ms(s, 3, jitter);

        assert_true(delay > last);
        last = delay;
    }
    assert_int_equal(backoff_delay_ms(schedule_of("royalti"), 1, 0), 2 * S); /* has none */
    assert_int_equal(backoff_delay_ms(schedule_of("royalti"), 1, 1000), 2 * S);
}

/* 784111777 is Sun, 06 Nov 1994 08:49:37 GMT, the RFC's example. */
static const int64_t now_ms = 784111777 * S;

static void obeys_retry_after(void **state)
{
    static const struct {
        struct span value;
        int64_t wait_ms;
    } cases[] = {
        {SPAN("0"), 0},
        {SPAN("1"), 1 * S},
        {SPAN("120"), 120 * S},
        {SPAN("  120\t"), 120 * S},
        {SPAN("0000000000000000000000000000007"), 7 * S},
        {SPAN("86399"), 86399 * S},
        {SPAN("86400"), 24 * H},
        {SPAN("86401"), 24 * H},
        {SPAN("9223372036854775807"), 24 * H},
        {SPAN("99999999999999999999999999999999"), 24 * H},
        {SPAN("Sun, 06 Nov 1994 08:49:37 GMT"), 0},
        {SPAN("Sun, 06 Nov 1994 08:49:38 GMT"), 1 * S},
        {SPAN("Sun, 06 Nov 1994 08:49:36 GMT"), 0},
        {SPAN("Sun, 06 Nov 1994 09:49:37 GMT"), 1 * H},
        {SPAN(" Mon, 07 Nov 1994 08:49:37 GMT "), 24 * H},
        {SPAN("Fri, 31 Dec 9999 23:59:59 GMT"), 24 * H},
        {SPAN("Thu, 01 Jan 1970 00:00:00 GMT"), 0},
        {SPAN("Sunday, 06-Nov-94 08:50:37 GMT"), 1 * M},
        {SPAN("Sun Nov  6 08:50:37 1994"), 1 * M},
        {SPAN("Sun Nov 06 08:50:37 1994"), 1 * M},
        {SPAN("Mon Nov 14 08:50:37 1994"), 24 * H},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t wait_ms = backoff_retry_after_ms(cases[i].value, now_ms, 24 * H);

        if (wait_ms != cases[i].wait_ms)
            fail_msg("'%s': %lld, expected %lld", cases[i].value.data, (long long)wait_ms,
                     (long long)cases[i].wait_ms);
    }
    assert_int_equal(backoff_retry_after_ms(SPAN("2"), now_ms, 1500), 1500);
    assert_int_equal(backoff_retry_after_ms(SPAN("1"), now_ms, 1500), 1000);
    assert_int_equal(backoff_retry_after_ms(SPAN("99999999999999999999"), now_ms, INT64_MAX),
                     INT64_MAX);
    assert_int_equal(backoff_retry_after_ms(SPAN("5"), now_ms, 0), 0);
}

static void refuses_garbage(void **state)
{
    static const struct span cases[] = {
        SPAN(""),
        SPAN(" "),
        SPAN("-1"),
        SPAN("+1"),
        SPAN("1.5"),
        SPAN("1s"),
        SPAN("0x10"),
        SPAN("1e3"),
        SPAN("1 2"),
        SPAN("soon"),
        SPAN("\0"),
        SPAN("1\0"),
        SPAN("Sun"),
        SPAN("08:49:37"),
        SPAN("GMT"),
        SPAN("Sun, 06 Nov 1994 08:49:37"),
        SPAN("Sun, 06 Nov 1994 08:49:37 UTC"),
        SPAN("Sun, 06 Nov 1994 08:49:37 gmt"),
        SPAN("Sun, 06 Nov 1994 08:49:37 GMT+1"),
        SPAN("Sun, 06 Nov 1994 08:49:37 +0000"),
        SPAN("Sun, 06 Nov 1994 24:00:00 GMT"),
        SPAN("Sun, 06 Nov 1994 08:60:00 GMT"),
        SPAN("Sun, 06 Nov 1994 08:49:61 GMT"),
        SPAN("Sun, 00 Nov 1994 08:49:37 GMT"),
        SPAN("Sun, 31 Nov 1994 08:49:37 GMT"),
        SPAN("Sun, 32 Jan 1994 08:49:37 GMT"),
        SPAN("Sun, 29 Feb 1994 08:49:37 GMT"),
        SPAN("Sun, 6 Nov 1994 08:49:37 GMT"),
        SPAN("Sun 06 Nov 1994 08:49:37 GMT"),
        SPAN("Son, 06 Nov 1994 08:49:37 GMT"),
        SPAN("Sun, 06 nov 1994 08:49:37 GMT"),
        SPAN("Sun, 06 Nov 94 08:49:37 GMT"),
        SPAN("Sun, 06 Nov 1994 8:49:37 GMT"),
        SPAN("Sun,  06 Nov 1994 08:49:37 GMT"),
        SPAN("06 Nov 1994 08:49:37 GMT"),
        SPAN("Sunday, 06-Nov-1994 08:49:37 GMT"),
        SPAN("Sunday, 06 Nov 94 08:49:37 GMT"),
        SPAN("Sun, 06-Nov-94 08:49:37 GMT"),
        SPAN("Sun Nov  6 08:49:37 94"),
        SPAN("Sun Nov 6 08:49:37 1994"),
        SPAN("Sun Nov  6 08:49:37 1994 GMT"),
        SPAN("1994-11-06T08:49:37Z"),
        SPAN("Sun, 06 Nov 1994 08:49:37 GMT, 120"),
        SPAN("\r\n120"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (backoff_retry_after_ms(cases[i], now_ms, 24 * H) != -EINVAL)
            fail_msg("'%s' is accepted", cases[i].data);
}

static void reads_dates(void **state)
{
    static const struct {
        struct span text;
        int64_t seconds;
    } cases[] = {
        {SPAN("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777},
        {SPAN("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777},
        {SPAN("Sun Nov  6 08:49:37 1994"), 784111777},
        {SPAN("Thu, 29 Feb 2024 00:00:00 GMT"), 1709164800},
        {SPAN("Sat, 31 Dec 2016 23:59:60 GMT"), 1483228799}, /* a leap second */
        {SPAN("Wednesday, 01-Jan-44 00:00:00 GMT"),
         2335219200}, /* 50 years ahead: this century's next */
        {SPAN("Saturday, 01-Jan-45 00:00:00 GMT"), -788918400}, /* 51: the last one */
        {SPAN("Saturday, 01-Jan-00 00:00:00 GMT"), 946684800},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t seconds = 0;

        if (!http_date_parse(cases[i].text, now_ms, &seconds) || seconds != cases[i].seconds)
            fail_msg("%s: %lld, expected %lld", cases[i].text.data, (long long)seconds,
                     (long long)cases[i].seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_guides),
        cmocka_unit_test(grows_by_the_factor),
        cmocka_unit_test(goes_on_when_there_are_more_retries),
        cmocka_unit_test(keeps_a_base_above_the_cap_down),
        cmocka_unit_test(spreads_by_the_jitter),
        cmocka_unit_test(obeys_retry_after),
        cmocka_unit_test(refuses_garbage),
        cmocka_unit_test(reads_dates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
