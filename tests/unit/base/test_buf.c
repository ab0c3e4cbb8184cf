/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/buf.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct buf b;

static int set_up(void **state)
{
    (void)state;
    buf_init(&b, 1000);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_fini(&b);
    return 0;
}

#define expect_bytes(text) expect_span(buf_span(&b), text, sizeof(text) - 1)

static void expect_span(struct span s, const char *text, size_t len)
{
    assert_int_equal(s.len, len);
    assert_memory_equal(s.data, text, len);
}

static void appends(void **state)
{
    (void)state;
    expect_bytes("");
    buf_add(&b, NULL, 0);
    buf_add_text(&b, "ab");
    buf_add_char(&b, 'c');
    buf_add_span(&b, SPAN("d"));
    buf_printf(&b, "%s-%d", "e", 5);
    buf_add(&b, "\0f", 2);
    expect_bytes("abcde-5\0f");
    assert_int_equal(b.data[b.len], '\0');
    assert_int_equal(buf_result(&b), 0);
}

static void numbers(void **state)
{
    (void)state;
    buf_add_u64(&b, 0);
    buf_add_char(&b, ' ');
    buf_add_u64(&b, UINT64_MAX);
    buf_add_char(&b, ' ');
    buf_add_i64(&b, INT64_MIN);
    buf_add_char(&b, ' ');
    buf_add_i64(&b, INT64_MAX);
    expect_bytes("0 18446744073709551615 -9223372036854775808 9223372036854775807");
}

static void grows_to_its_cap_exactly(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++)
        buf_add_char(&b, 'x');
    assert_int_equal(buf_result(&b), 0);
    assert_int_equal(b.len, 1000);
    buf_add_char(&b, 'y');
    assert_int_equal(buf_result(&b), -ENOBUFS);
    assert_int_equal(b.len, 1000);
    assert_int_equal(b.data[999], 'x');
}

static void failure_sticks_until_cleared(void **state)
{
    char long_text[1002];

    (void)state;
    memset(long_text, 'l', sizeof(long_text));
    buf_add_text(&b, "kept");
    buf_add(&b, long_text, sizeof(long_text));
    buf_add_text(&b, "not added"); /* would fit */
    buf_add_u64(&b, 1);
    buf_printf(&b, "x");
    assert_null(buf_reserve(&b, 1));
    assert_int_equal(buf_result(&b), -ENOBUFS);
    expect_bytes("kept");

    buf_clear(&b);
    assert_int_equal(buf_result(&b), 0);
    buf_add_text(&b, "again");
    expect_bytes("again");
}

/* Each kind of append that writes in several steps, one byte short of room. */
static void failed_append_leaves_no_half(void **state)
{
    (void)state;
    buf_fini(&b);
    buf_init(&b, 4);
    buf_add_text(&b, "ab");

    buf_add_i64(&b, -10);
    expect_bytes("ab");
    b.error = 0;
    buf_add_json_string(&b, SPAN("x"));
    expect_bytes("ab");
    assert_int_equal(buf_result(&b), -ENOBUFS);
    b.error = 0;
    buf_printf(&b, "%d", 123);
    expect_bytes("ab");
    assert_int_equal(b.data[2], '\0');
    b.error = 0;
    buf_add_base64(&b, "x", 1);
    expect_bytes("ab");
    b.error = 0;
    buf_add_hex(&b, "xy", 2);
    expect_bytes("ab");
}

static void negative_number_fits_exactly(void **state)
{
    (void)state;
    buf_fini(&b);
    buf_init(&b, 3);
    buf_add_i64(&b, -10);
    expect_bytes("-10");
}

static void sizes_that_overflow(void **state)
{
    (void)state;
    buf_add_text(&b, "a");
    assert_null(buf_reserve(&b, SIZE_MAX));
    b.error = 0;
    assert_null(buf_reserve(&b, SIZE_MAX - 1));
    b.error = 0;
    buf_add_hex(&b, "a", SIZE_MAX / 2 + 1);
    assert_int_equal(buf_result(&b), -ENOBUFS);
    expect_bytes("a");
}

static void cap_of_nothing(void **state)
{
    (void)state;
    buf_fini(&b);
    buf_init(&b, 0);
    buf_add_text(&b, "");
    assert_int_equal(buf_result(&b), 0);
    buf_add_text(&b, "x");
    assert_int_equal(buf_result(&b), -ENOBUFS);
}

static void hex(void **state)
{
    (void)state;
    buf_add_hex(&b, "\x00\x0f\xa5\xff", 4);
    expect_bytes("000fa5ff");
}

static void base64_of_rfc4648(void **state)
{
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"},
                                             {"\xfb\xff\xbf", "+/+/"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        buf_clear(&b);
        buf_add_base64(&b, vectors[i][0], strlen(vectors[i][0]));
        expect_span(buf_span(&b), vectors[i][1], strlen(vectors[i][1]));
    }
}

static void json_strings(void **state)
{
    (void)state;
    buf_add_json_string(&b, SPAN("a\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9\xf0\x9f\x98\x80"));
    expect_bytes("\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9\xf0\x9f\x98\x80\"");
    buf_clear(&b);
    buf_add_json_string(&b, (struct span){"\0", 1});
    expect_bytes("\"\\u0000\"");
    buf_clear(&b);
    buf_add_json_string(&b, SPAN("\xff"
                                 "a\xc3"));
    expect_bytes("\"\\ufffda\\ufffd\"");
    buf_clear(&b);
    buf_add_json_string(&b, SPAN(""));
    expect_bytes("\"\"");
}

static void iso_time(void **state)
{
    (void)state;
    buf_add_iso_time(&b, 1737556200000);
    expect_bytes("2025-01-22T14:30:00.000Z");
}

static void reserve_and_wrote(void **state)
{
    char *room;

    (void)state;
    room = buf_reserve(&b, 3);
    assert_non_null(room);
    memcpy(room, "abc", 3);
    buf_wrote(&b, 2);
    expect_bytes("ab");
    assert_int_equal(b.data[2], '\0');
}

static void take(void **state)
{
    char *text;

    (void)state;
    text = buf_take(&b); /* nothing was ever added */
    assert_string_equal(text, "");
    free(text);

    buf_add_text(&b, "one");
    text = buf_take(&b);
    assert_string_equal(text, "one");
    free(text);
    expect_bytes("");

    buf_add_text(&b, "two"); /* goes on as new, with the same cap */
    assert_int_equal(b.cap, 1000);
    b.error = -ENOMEM;
    assert_null(buf_take(&b));
    assert_int_equal(buf_result(&b), 0);
    expect_bytes("");
}

static void wipe(void **state)
{
    (void)state;
    buf_wipe(&b); /* without memory */
    buf_add_text(&b, "secret");
    buf_wipe(&b);
    expect_bytes("");
    assert_null(b.data);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(appends),
        T(numbers),
        T(hex),
        T(grows_to_its_cap_exactly),
        T(base64_of_rfc4648),
        T(failure_sticks_until_cleared),
        T(json_strings),
        T(failed_append_leaves_no_half),
        T(iso_time),
        T(negative_number_fits_exactly),
        T(reserve_and_wrote),
        T(sizes_that_overflow),
        T(take),
        T(cap_of_nothing),
        T(wipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
