/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/text.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void u64(void **state)
{
    static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x1", "1a", "a", "١"};
    uint64_t value = 7;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(parse_u64(span_of(bad[i]), &value), -EINVAL);
    assert_int_equal(parse_u64(SPAN("18446744073709551616"), &value), -ERANGE);
    assert_int_equal(parse_u64(SPAN("99999999999999999999999"), &value), -ERANGE);
    assert_int_equal(parse_u64(SPAN("99999999999999999999999x"), &value), -EINVAL);
    assert_int_equal(value, 7); /* written only on success */

    assert_int_equal(parse_u64(SPAN("18446744073709551615"), &value), 0);
    assert_true(value == UINT64_MAX);
    assert_int_equal(parse_u64(SPAN("007"), &value), 0);
    assert_int_equal(value, 7);
    assert_int_equal(parse_u64((struct span){"12", 1}, &value), 0); /* no NUL needed */
    assert_int_equal(value, 1);
}

static void i64(void **state)
{
    int64_t value = 7;

    (void)state;
    assert_int_equal(parse_i64(SPAN("-"), &value), -EINVAL);
    assert_int_equal(parse_i64(SPAN("--1"), &value), -EINVAL);
    assert_int_equal(parse_i64(SPAN(""), &value), -EINVAL);
    assert_int_equal(parse_i64(SPAN("9223372036854775808"), &value), -ERANGE);
    assert_int_equal(parse_i64(SPAN("-9223372036854775809"), &value), -ERANGE);
    assert_int_equal(value, 7);
    assert_int_equal(parse_i64(SPAN("-9223372036854775808"), &value), 0);
    assert_true(value == INT64_MIN);
    assert_int_equal(parse_i64(SPAN("9223372036854775807"), &value), 0);
    assert_true(value == INT64_MAX);
    assert_int_equal(parse_i64(SPAN("-0"), &value), 0);
    assert_int_equal(value, 0);
}

static void duration(void **state)
{
    static const struct {
        const char *text;
        int result;
        int64_t ms;
    } cases[] = {
        {"0", 0, 0},
        {"250ms", 0, 250},
        {"30s", 0, 30000},
        {"5m", 0, 300000},
        {"2h", 0, 7200000},
        {"7d", 0, 604800000},
        {"15", 0, 15},
        {"", -EINVAL, 0},
        {"s", -EINVAL, 0},
        {"1.5s", -EINVAL, 0},
        {"-1s", -EINVAL, 0},
        {"1 s", -EINVAL, 0},
        {"1S", -EINVAL, 0},
        {"1w", -EINVAL, 0},
        {"1ss", -EINVAL, 0},
        {"1s ", -EINVAL, 0},
        {"106751991168d", -ERANGE, 0},
        {"106751991167d", 0, INT64_C(106751991167) * 86400000},
        {"18446744073709551616s", -ERANGE, 0},
        {"18446744073709551616x", -EINVAL, 0},
        {"9223372036854775808", -ERANGE, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms = 0;

        assert_int_equal(parse_duration_ms(span_of(cases[i].text), &ms), cases[i].result);
        assert_true(ms == cases[i].ms);
    }
}

static void bytes(void **state)
{
    uint64_t n = 0;

    (void)state;
    assert_int_equal(parse_bytes(SPAN("16384"), &n), 0);
    assert_int_equal(n, 16384);
    assert_int_equal(parse_bytes(SPAN("16KiB"), &n), 0);
    assert_int_equal(n, 16384);
    assert_int_equal(parse_bytes(SPAN("3MiB"), &n), 0);
    assert_int_equal(n, 3 << 20);
    assert_int_equal(parse_bytes(SPAN("1GiB"), &n), 0);
    assert_int_equal(n, 1 << 30);
    assert_int_equal(parse_bytes(SPAN("17179869184GiB"), &n), -ERANGE);
    assert_int_equal(parse_bytes(SPAN("1KB"), &n), -EINVAL);
    assert_int_equal(parse_bytes(SPAN("1k"), &n), -EINVAL);
    assert_int_equal(parse_bytes(SPAN("KiB"), &n), -EINVAL);
}

static void booleans(void **state)
{
    static const char *const no[] = {"false", "0", "no", "off"};
    static const char *const yes[] = {"true", "1", "yes", "on"};
    static const char *const bad[] = {"", "TRUE", "2", "y", "truex", " true", "tru"};
    bool value;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        assert_int_equal(parse_bool(span_of(no[i]), &value), 0);
        assert_false(value);
        assert_int_equal(parse_bool(span_of(yes[i]), &value), 0);
        assert_true(value);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(parse_bool(span_of(bad[i]), &value), -EINVAL);
}

static void hex(void **state)
{
    static const char *const bad[] = {"0", "0g", "g0", "0x", " 0", "000"};
    uint8_t out[8];
    size_t len = 9;

    (void)state;
    assert_int_equal(parse_hex(SPAN("00fFa5"), out, &len), 0);
    assert_int_equal(len, 3);
    assert_memory_equal(out, "\x00\xff\xa5", 3);
    assert_int_equal(parse_hex(SPAN(""), out, &len), 0);
    assert_int_equal(len, 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(parse_hex(span_of(bad[i]), out, &len), -EINVAL);
    /* every byte that is no digit is refused, in both places */
    for (int c = 0; c < 256; c++) {
        char text[2] = {(char)c, '0'}, text2[2] = {'0', (char)c};
        bool is_digit = c && strchr("0123456789abcdefABCDEF", c);

        assert_int_equal(parse_hex((struct span){text, 2}, out, &len), is_digit ? 0 : -EINVAL);
        assert_int_equal(parse_hex((struct span){text2, 2}, out, &len), is_digit ? 0 : -EINVAL);
    }
}

static void base64(void **state)
{
    static const char *const good[][2] = {{"", ""},
                                          {"Zg==", "f"},
                                          {"Zm8=", "fo"},
                                          {"Zm9v", "foo"},
                                          {"Zm9vYg==", "foob"},
                                          {"Zm9vYmE=", "fooba"},
                                          {"Zm9vYmFy", "foobar"},
                                          {"+/+/", "\xfb\xff\xbf"}};
    static const char *const bad[] = {
        "Z",        "Zg",    "Zg=",  "Zg===", "====",  "=",    "Z===", "Zm=v",
        "Zg==Zg==", "Zm9v=", "-_-_", "Zm9 ",  "Zm9\n", "Zh==", "Zm9="};
    static const char *const bad_for_urls[] = {"Z",   "+/+/",  "Zg==", "Zh",
                                               "Zm9", "Zm9vZ", "Z g",  "Zg\n"};
    uint8_t out[16];
    size_t len;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(parse_base64(span_of(good[i][0]), out, &len), 0);
        assert_int_equal(len, strlen(good[i][1]));
        assert_memory_equal(out, good[i][1], len);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(parse_base64(span_of(bad[i]), out, &len), -EINVAL);
    assert_int_equal(parse_base64((struct span){"Zm9\0", 4}, out, &len), -EINVAL);
    assert_int_equal(parse_base64url(SPAN("_-8"), out, &len), 0);
    assert_int_equal(len, 2);
    assert_memory_equal(out, "\xff\xef", 2);
    assert_int_equal(parse_base64url(SPAN(""), out, &len), 0);
    assert_int_equal(len, 0);
    for (size_t i = 0; i < ARRAY_LEN(bad_for_urls); i++)
        assert_int_equal(parse_base64url(span_of(bad_for_urls[i]), out, &len), -EINVAL);
}

static void utf8(void **state)
{
    static const struct span good[] = {SPAN(""),
                                       SPAN("plain, and longer than eight"),
                                       SPAN("\x7f\xc2\x80\xdf\xbf"),
                                       SPAN("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"),
                                       SPAN("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
                                       SPAN("1234567\xc3\xa9"),
                                       {"\0", 1}};
    static const struct span bad[] = {SPAN("\x80"),
                                      SPAN("\xc0\x80"),
                                      SPAN("\xc1\xbf"),
                                      SPAN("\xc3"),
                                      SPAN("\xc3("),
                                      SPAN("\xe0\x9f\xbf"),
                                      SPAN("\xed\xa0\x80"),
                                      SPAN("\xed\xbf\xbf"),
                                      SPAN("\xe2\x82"),
                                      SPAN("\xf0\x8f\xbf\xbf"),
                                      SPAN("\xf4\x90\x80\x80"),
                                      SPAN("\xf5\x80\x80\x80"),
                                      SPAN("\xf0\x9f\x98"),
                                      SPAN("\xff"),
                                      SPAN("12345678\xff"),
                                      SPAN("\xe2(\xa1"),
                                      SPAN("\xf0\x9f\x98(")};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(text_is_utf8(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(text_is_utf8(bad[i]));
    assert_int_equal(utf8_char(SPAN("")), 0);
    assert_int_equal(utf8_char(SPAN("ab")), 1);
    assert_int_equal(utf8_char(SPAN("\xe2\x82\xac ")), 3);
}

static void names(void **state)
{
    static const char *const bad[] = {"",         "a b", "a/b", "a{b}", "a\n",
                                      "\xc3\xa9", "a*",  "a@b", "[",    "`"};

    (void)state;
    assert_true(text_is_name(SPAN("aZ09_-.:"), 8));
    assert_false(text_is_name(SPAN("aZ09_-.:"), 7));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(text_is_name(span_of(bad[i]), 64));
    assert_false(text_is_name((struct span){"a\0b", 3}, 64));
}

static void secrets(void **state)
{
    (void)state;
    assert_true(equal_secret(SPAN(""), SPAN("")));
    assert_true(equal_secret(SPAN("abc"), SPAN("abc")));
    assert_false(equal_secret(SPAN("abc"), SPAN("abd")));
    assert_false(equal_secret(SPAN("abc"), SPAN("ab")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(u64),     cmocka_unit_test(i64),      cmocka_unit_test(duration),
        cmocka_unit_test(bytes),   cmocka_unit_test(booleans), cmocka_unit_test(hex),
        cmocka_unit_test(base64),  cmocka_unit_test(utf8),     cmocka_unit_test(names),
        cmocka_unit_test(secrets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
