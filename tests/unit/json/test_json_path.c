/* SPDX-License-Identifier: Apache-2.0 */
/* test_json_path.c: json_path.h, and json_string.h that it compares names with. */
#include "common/json/json_path.h"
#include "common/json/json_scan.h"
#include "common/json/json_string.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct {
    struct span raw, plain;
} says[] = {
    {SPAN(""), SPAN("")},
    {SPAN("plain"), SPAN("plain")},
    {SPAN("\\u0041\\u00e9\\u20AC"), SPAN("A\xc3\xa9\xe2\x82\xac")},
    {SPAN("\\uD83D\\uDE00"), SPAN("\xf0\x9f\x98\x80")},
    {SPAN("\\udbff\\udfff"), SPAN("\xf4\x8f\xbf\xbf")},
    {SPAN("\xf0\x9f\x98\x80"), SPAN("\xf0\x9f\x98\x80")},
    {SPAN("\\\"\\\\\\/\\b\\f\\n\\r\\t"), SPAN("\"\\/\b\f\n\r\t")},
    {SPAN("\\\\u0041"), SPAN("\\u0041")},
    {SPAN("a\\u0000b"), SPAN("a\0b")},
    {SPAN("\\ud83d"), SPAN("\xed\xa0\xbd")},
    {SPAN("\\ud83d\\ud83d\\ude00"), SPAN("\xed\xa0\xbd\xf0\x9f\x98\x80")},
    {SPAN("\\ude00\\ud83d"), SPAN("\xed\xb8\x80\xed\xa0\xbd")},
    {SPAN("\\ud83dx"), SPAN("\xed\xa0\xbdx")},
    {SPAN("\\ud83d\\n"), SPAN("\xed\xa0\xbd\n")},
};

static void strings_say_what_they_say(void **state)
{
    char text[32];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(says); i++) {
        size_t len = json_string_plain(text, sizeof(text), says[i].raw);

        assert_int_equal(len, says[i].plain.len);
        assert_memory_equal(text, says[i].plain.data, len);
        for (size_t k = 0; k < ARRAY_LEN(says); k++)
            assert_int_equal(json_string_equal(says[i].raw, says[k].plain),
                             span_equal(says[i].plain, says[k].plain));
        for (size_t n = 0; n <= len; n++) {
            struct span part = {says[i].plain.data, n};
            bool is_whole = n == len || ((unsigned char)part.data[n] & 0xc0) != 0x80;

            if (is_whole)
                assert_true(json_string_has_prefix(says[i].raw, part));
            assert_int_equal(json_string_equal(says[i].raw, part), n == len);
        }
    }
}

static void strings_differ(void **state)
{
    (void)state;
    assert_false(json_string_equal(SPAN("a"), SPAN("b")));
    assert_false(json_string_equal(SPAN("a"), SPAN("ab")));
    assert_false(json_string_equal(SPAN("ab"), SPAN("a")));
    assert_false(json_string_equal(SPAN("\\n"), SPAN("\\n")));
    assert_false(json_string_has_prefix(SPAN("a"), SPAN("ab")));
    assert_false(json_string_has_prefix(SPAN("ab"), SPAN("b")));
}

static void plain_text_is_cut_to_its_room(void **state)
{
    char text[5] = "....";

    (void)state;
    assert_int_equal(json_string_plain(text, 2, SPAN("ab\\u20acd")), 6);
    assert_string_equal(text, "ab..");
    assert_int_equal(json_string_plain(text, 3, SPAN("\\u20ac\\u20ac")), 6);
    assert_string_equal(text, "\xe2\x82\xac.");
    assert_int_equal(json_string_plain(NULL, 0, SPAN("abc")), 3);
}

/* Steps are separated by spaces here. */
static bool find(const char *text, const char *path, struct span *ret)
{
    struct json_step steps[JSON_STEPS_MAX + 1];
    size_t n = 0;

    assert_int_equal(json_check(span_of(text), NULL), 0);
    for (const char *end; *path; path = *end ? end + 1 : end) {
        end = strchrnul(path, ' ');
        steps[n++] = json_step_of((struct span){path, (size_t)(end - path)});
    }
    return json_find(span_of(text), steps, n, ret);
}

static const struct {
    const char *text, *path, *expected; /* NULL: leads nowhere */
} paths[] = {
    {"{\"a\":1}", "a", "1"},
    {" { \"b\" : [ ] , \"a\" : { \"b\" : \"x\" } } ", "a b", "\"x\""},
    {" { \"b\" : [ ] , \"a\" : { \"b\" : \"x\" } } ", "a", "{ \"b\" : \"x\" }"},
    {"{\"a\":{\"a\":{\"a\":2}}}", "a a a", "2"},
    {"{\"a\":{\"a\":{\"a\":2}}}", "a a", "{\"a\":2}"},
    {"{\"a\":1}", "b", NULL},
    {"{\"a\":1}", "a b", NULL},
    {"{\"a\":1}", "a 0", NULL},
    {"{\"a\":\"b\"}", "a b", NULL},
    {"{\"a\":null}", "a", "null"},
    {"{}", "a", NULL},
    {"[]", "0", NULL},
    {"1", "a", NULL},
    {"\"a\"", "a", NULL},
    {"{\"b\":{\"a\":1}}", "a", NULL},
    {"{\"x\":\"a\",\"b\":\"}{\\\"a\\\":1\",\"a\":2}", "a", "2"},
    /* arrays */
    {"[[1,2],[3,[4,5]]]", "1 1 0", "4"},
    {"[1,2]", "1", "2"},
    {"[1,2]", "2", NULL},
    {"[1,2]", "01", NULL},
    {"[1,2]", "-1", NULL},
    {"[1,2]", "1.0", NULL},
    {"[1,2]", "18446744073709551615", NULL},
    {"[1,2]", "18446744073709551616", NULL},
    {"[1,2]", "99999999999999999999999", NULL},
    {"[1,2]", "a", NULL},
    {"[{\"a\":1},{\"a\":2},{\"a\":3}]", "1 a", "2"},
    {"{\"0\":\"name\"}", "0", "\"name\""},
    {"{\"01\":\"name\"}", "01", "\"name\""},
    {"{\"items\":[{\"sku\":\"A\"}]}", "items 0 sku", "\"A\""},
    /* escapes */
    {"{\"\\u0061\":1}", "a", "1"},
    {"{\"\\ud83d\\ude00\":1}", "\xf0\x9f\x98\x80", "1"},
    {"{\"a\\\"b\":1}", "a\"b", "1"},
    /* the last one counts */
    {"{\"a\":1,\"a\":2}", "a", "2"},
    {"{\"a\":1,\"\\u0061\":2}", "a", "2"},
    {"{\"a\":{\"b\":1},\"a\":{\"c\":2}}", "a b", NULL},
    {"{\"a\":{\"b\":1},\"a\":3}", "a b", NULL},
    {"{\"a\":3,\"a\":{\"b\":1}}", "a b", "1"},
    {"{\"a\":{\"b\":1,\"b\":2},\"a\":{\"b\":3,\"b\":4}}", "a b", "4"},
    {"{\"a\":[1],\"a\":[]}", "a 0", NULL},
    {"{\"a\":{\"b\":1},\"b\":2}", "a b", "1"},
    {"[{\"a\":1,\"a\":2}]", "0 a", "2"},
    /* depth */
    {"{\"a\":[[[[[[[[[[[[[[[7]]]]]]]]]]]]]]]}", "a 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0", "7"},
    {"[[[[[[[[[[[[[[[[[7]]]]]]]]]]]]]]]]]", "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0", "[7]"},
    {"[[[[[[[[[[[[[[[[[7]]]]]]]]]]]]]]]]]", "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0", NULL},
    {"[1]", "", NULL},
};

static void paths_lead_where_they_lead(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct span found = SPAN("untouched");
        bool is_found = find(paths[i].text, paths[i].path, &found);
        const char *expected = paths[i].expected ? paths[i].expected : "untouched";

        if (is_found != (paths[i].expected != NULL) || !span_equal(found, span_of(expected)))
            fail_msg("%s in %s: %.*s", paths[i].path, paths[i].text, (int)found.len, found.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_say_what_they_say),
        cmocka_unit_test(strings_differ),
        cmocka_unit_test(plain_text_is_cut_to_its_room),
        cmocka_unit_test(paths_lead_where_they_lead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
