/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/iso_time.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

static void writes(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1737556200000, "2025-01-22T14:30:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
        {INT64_C(253402300800000), "9999-12-31T23:59:59.999Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
        {INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z"},
        {INT64_MIN, "0000-01-01T00:00:00.000Z"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char out[ISO_TIME_LEN + 1] = "";

        iso_time_write(out, cases[i].ms);
        assert_string_equal(out, cases[i].text);
    }
}

/* Against the C library's calendar, and back: over the whole range, in steps that hit every kind of
 * year, and every day of four centuries. */
static void agrees_with_gmtime(void **state)
{
    (void)state;
    for (int64_t ms = INT64_C(-62167219200000); ms < INT64_C(253402300799999);
         ms += INT64_C(86400000) * 97 + 12345678) {
        time_t seconds = (time_t)((ms - ((ms % 1000) + 1000) % 1000) / 1000);
        char expected[64], out[ISO_TIME_LEN + 1] = "";
        struct tm tm;
        int64_t back = 0;

        assert_non_null(gmtime_r(&seconds, &tm));
        (void)snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                       tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                       tm.tm_sec, (int)(((ms % 1000) + 1000) % 1000));
        iso_time_write(out, ms);
        assert_string_equal(out, expected);
        assert_int_equal(parse_iso_time(span_of(out), &back), 0);
        assert_true(back == ms);
    }
}

static void reads(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"2025-01-22T14:30:00Z", 1737556200000},
        {"2025-01-22T14:30:00.5Z", 1737556200500},
        {"2025-01-22T14:30:00.1239999999Z", 1737556200123},
        {"2025-01-22T16:30:00+02:00", 1737556200000},
        {"2025-01-22T09:00:00.000-05:30", 1737556200000},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"1969-12-31T23:59:59.999Z", -1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms = 1;

        assert_int_equal(parse_iso_time(span_of(cases[i].text), &ms), 0);
        assert_true(ms == cases[i].ms);
    }
}

static void refuses(void **state)
{
    static const char *const malformed[] = {
        "",
        "2025-01-22",
        "2025-01-22T14:30:00",
        "2025-01-22 14:30:00Z",
        "2025-1-22T14:30:00Z",
        "2025-01-22T14:30Z",
        "2025-01-22T14:30:00.Z",
        "2025-01-22T14:30:00z",
        "2025-01-22T14:30:00+0200",
        "2025-01-22T14:30:00+02:0",
        "2025-01-22T14:30:00+02:000",
        "2025-01-22T14:30:00ZZ",
        " 2025-01-22T14:30:00Z",
        "-025-01-22T14:30:00Z",
        "2025-01-22T14:30:0aZ",
        "20250122T143000Z",
    };
    static const char *const impossible[] = {
        "2025-00-22T14:30:00Z", "2025-13-22T14:30:00Z",      "2025-01-00T14:30:00Z",
        "2025-01-32T14:30:00Z", "2025-02-29T14:30:00Z",      "1900-02-29T14:30:00Z",
        "2025-04-31T14:30:00Z", "2025-01-22T24:00:00Z",      "2025-01-22T14:60:00Z",
        "2025-01-22T14:30:60Z", "2025-01-22T14:30:00+24:00", "2025-01-22T14:30:00+02:60",
    };
    int64_t ms = 1;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(malformed); i++)
        assert_int_equal(parse_iso_time(span_of(malformed[i]), &ms), -EINVAL);
    for (size_t i = 0; i < ARRAY_LEN(impossible); i++)
        assert_int_equal(parse_iso_time(span_of(impossible[i]), &ms), -ERANGE);
    assert_int_equal(ms, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes),
        cmocka_unit_test(agrees_with_gmtime),
        cmocka_unit_test(reads),
        cmocka_unit_test(refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
