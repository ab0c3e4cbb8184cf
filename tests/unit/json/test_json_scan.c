/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/json_scan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct span valid[] = {
    SPAN("{}"),
    SPAN("[]"),
    SPAN(" {\t\"a\"\r:\n1 } "),
    SPAN("[1,2,[3,[4]],{}]"),
    SPAN("\"\""),
    SPAN("\"plain text that is longer than one word\""),
    SPAN("0"),
    SPAN("-0"),
    SPAN("10"),
    SPAN("-1.5e+10"),
    SPAN("1E9"),
    SPAN("0.0"),
    SPAN("0e0"),
    SPAN("1500.00"),
    SPAN("123456789012345678901234567890"),
    SPAN("1e99999"),
    SPAN("true"),
    SPAN("false"),
    SPAN("null"),
    SPAN("[true,false,null]"),
    SPAN("\"\\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u00e9 \\uD83D\\uDE00 \\u0000\""),
    SPAN("\"\\ud800\""),
    SPAN("\"\\udc00\\ud800\""), /* lone surrogates: the grammar has them */
    SPAN("\"\x7f\""),
    SPAN("\"\xc2\x80\xdf\xbf\""),
    SPAN("\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\""),
    SPAN("\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""),
    SPAN("\"1234567\xc3\xa9"
         "2345678\xc3\xa9\""),
    SPAN("{\"a\":1,\"a\":2}"),
    SPAN("{\"\":{\"\":[]}}"),
    SPAN("[[],[[]],{\"a\":[{}]}]"),
    SPAN("\n\n[ ]\n"),
};

static const struct {
    struct span text;
    const char *words; /* what the person is told */
    size_t at;         /* counted from 1 */
} refused[] = {
    {SPAN(""), "expected a value", 1},
    {SPAN("   "), "expected a value", 4},
    {SPAN("\0"), "expected a value", 1},
    {SPAN("{} {}"), "expected nothing behind the value", 4},
    {SPAN("1 2"), "expected nothing behind the value", 3},
    {SPAN("{}\0"), "expected nothing behind the value", 3},
    {SPAN("\xef\xbb\xbf{}"), "expected a value", 1}, /* byte order mark */
    {SPAN("\f1"), "expected a value", 1},
    {SPAN("\xc2\xa0"
          "1"),
     "expected a value", 1},
    {SPAN("tru"), "expected a value", 1},
    {SPAN("True"), "expected a value", 1},
    {SPAN("nul"), "expected a value", 1},
    {SPAN("NaN"), "expected a value", 1},
    {SPAN("Infinity"), "expected a value", 1},
    {SPAN("truefalse"), "expected nothing behind the value", 5},
    {SPAN("'a'"), "expected a value", 1},
    {SPAN("// 1"), "expected a value", 1},
    {SPAN("[1 /* two */]"), "expected ',' or ']'", 4},
    {SPAN("01"), "expected nothing behind the value", 2},
    {SPAN("[-01]"), "expected ',' or ']'", 4},
    {SPAN("+1"), "expected a value", 1},
    {SPAN("-"), "expected a digit", 2},
    {SPAN("-a"), "expected a digit", 2},
    {SPAN(".5"), "expected a value", 1},
    {SPAN("5."), "expected a digit", 3},
    {SPAN("5.e1"), "expected a digit", 3},
    {SPAN("1e"), "expected a digit", 3},
    {SPAN("1e+"), "expected a digit", 4},
    {SPAN("1.2.3"), "expected nothing behind the value", 4},
    {SPAN("0x1f"), "expected nothing behind the value", 2},
    {SPAN("1_000"), "expected nothing behind the value", 2},
    {SPAN("["), "expected a value", 2},
    {SPAN("[1"), "expected ',' or ']'", 3},
    {SPAN("[1,"), "expected a value", 4},
    {SPAN("[1,]"), "expected a value", 4},
    {SPAN("[,1]"), "expected a value", 2},
    {SPAN("[1 2]"), "expected ',' or ']'", 4},
    {SPAN("[1}"), "expected ',' or ']'", 3},
    {SPAN("]"), "expected a value", 1},
    {SPAN("[]]"), "expected nothing behind the value", 3},
    {SPAN("{"), "expected a member's name in quotes", 2},
    {SPAN("{\"a\""), "expected ':'", 5},
    {SPAN("{\"a\":"), "expected a value", 6},
    {SPAN("{\"a\":1"), "expected ',' or '}'", 7},
    {SPAN("{\"a\":1,}"), "expected a member's name in quotes", 8},
    {SPAN("{\"a\" 1}"), "expected ':'", 6},
    {SPAN("{\"a\"::1}"), "expected a value", 6},
    {SPAN("{a:1}"), "expected a member's name in quotes", 2},
    {SPAN("{1:1}"), "expected a member's name in quotes", 2},
    {SPAN("{\"a\":1]"), "expected ',' or '}'", 7},
    {SPAN("{\"a\":1 \"b\":2}"), "expected ',' or '}'", 8},
    {SPAN("{,}"), "expected a member's name in quotes", 2},
    {SPAN("\""), "a string does not end", 2},
    {SPAN("\"12345678901234567"), "a string does not end", 19},
    {SPAN("\"\\"), "unknown escape", 2},
    {SPAN("\"\\\""), "a string does not end", 4},
    {SPAN("\"\\x41\""), "unknown escape", 2},
    {SPAN("\"\\\0\""), "unknown escape", 2},
    {SPAN("\"\\a\""), "unknown escape", 2},
    {SPAN("\"\\U0041\""), "unknown escape", 2},
    {SPAN("\"\\u12\""), "four hexadecimal digits", 2},
    {SPAN("\"\\u12g4\""), "four hexadecimal digits", 2},
    {SPAN("\"\\u"), "four hexadecimal digits", 2},
    {SPAN("\"a\nb\""), "control character", 3},
    {SPAN("\"a\tb\""), "control character", 3},
    {SPAN("\"a\0b\""), "control character", 3},
    {SPAN("\"123456789\x1f\""), "control character", 11},
    {SPAN("\"\x80\""), "malformed UTF-8", 2},
    {SPAN("\"\xc0\x80\""), "malformed UTF-8", 2}, /* overlong */
    {SPAN("\"\xc1\xbf\""), "malformed UTF-8", 2},
    {SPAN("\"\xc3\""), "malformed UTF-8", 2},
    {SPAN("\"\xe0\x9f\xbf\""), "malformed UTF-8", 2},
    {SPAN("\"\xed\xa0\x80\""), "malformed UTF-8", 2}, /* a surrogate */
    {SPAN("\"\xe2\x82\""), "malformed UTF-8", 2},
    {SPAN("\"\xe2\x82"), "malformed UTF-8", 2},
    {SPAN("\"\xf0\x8f\xbf\xbf\""), "malformed UTF-8", 2},
    {SPAN("\"\xf4\x90\x80\x80\""), "malformed UTF-8", 2},
    {SPAN("\"\xf5\x80\x80\x80\""), "malformed UTF-8", 2},
    {SPAN("\"\xff\""), "malformed UTF-8", 2},
    {SPAN("\"12345678\xf0\x90\x80\""), "malformed UTF-8", 10},
};

static void accepts_what_the_rfc_has(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(valid); i++) {
        struct diag diag = {""};

        if (json_check(valid[i], &diag) != 0)
            fail_msg("case %zu %s: %s", i, valid[i].data, diag.text);
    }
}

static void refuses_the_rest_and_says_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct diag diag = {""};
        char place[64];

        (void)snprintf(place, sizeof(place), "at byte %zu of %zu", refused[i].at,
                       refused[i].text.len);
        if (json_check(refused[i].text, &diag) != -EINVAL)
            fail_msg("case %zu %s is accepted", i, refused[i].text.data);
        if (!strstr(diag.text, refused[i].words) || !strstr(diag.text, place))
            fail_msg("case %zu: '%s', expected '%s' %s", i, diag.text, refused[i].words, place);
        assert_int_equal(json_check(refused[i].text, NULL), -EINVAL);
    }
}

/* A copy that ends where the heap block ends, so that the sanitizer sees a read past it. */
static int check_exact(const char *text, size_t len)
{
    char *copy = malloc(len ? len : 1);
    int r;

    assert_non_null(copy);
    memcpy(copy, text, len);
    r = json_check((struct span){copy, len}, NULL);
    free(copy);
    return r;
}

static void refuses_every_proper_prefix(void **state)
{
    static const char text[] =
        "{\"name\\u00e9\":[1.5e3,true,null,\"\xe2\x82\xac \xf0\x9f\x98\x80\"],\"b\":{\"c\":false}}";

    (void)state;
    for (size_t len = 0; len < sizeof(text) - 1; len++)
        assert_int_equal(check_exact(text, len), -EINVAL);
    assert_int_equal(check_exact(text, sizeof(text) - 1), 0);
}

/* What stops the eight-at-a-time loop is found at each place in the word. */
static void finds_bad_bytes_at_every_offset(void **state)
{
    (void)state;
    for (size_t at = 1; at < 31; at++) {
        char text[32];

        memset(text, 'x', sizeof(text));
        text[0] = text[31] = '"';
        assert_int_equal(check_exact(text, sizeof(text)), 0);
        for (int c = 1; c < 256; c++) {
            bool is_bad = c < 0x20 || c >= 0x80 || c == '"' || c == '\\';

            text[at] = (char)c;
            assert_int_equal(check_exact(text, sizeof(text)), is_bad ? -EINVAL : 0);
        }
    }
}

static int check_nested(size_t depth, char open, char close)
{
    char text[2 * (JSON_DEPTH_MAX + 2)];

    memset(text, open, depth);
    memset(text + depth, close, depth);
    return json_check((struct span){text, 2 * depth}, NULL);
}

static void bounds_the_depth(void **state)
{
    char objects[5 * (JSON_DEPTH_MAX + 1) + 1];
    struct diag diag;

    (void)state;
    assert_int_equal(check_nested(JSON_DEPTH_MAX, '[', ']'), 0);
    assert_int_equal(check_nested(JSON_DEPTH_MAX + 1, '[', ']'), -EINVAL);
    for (size_t i = 0; i <= JSON_DEPTH_MAX; i++)
        memcpy(objects + 5 * i, "{\"a\":", 5);
    assert_int_equal(json_check((struct span){objects, sizeof(objects) - 1}, &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "nested too deeply"));
}

static void tells_value_and_kind(void **state)
{
    static const struct {
        struct span text, value;
        enum json_kind kind;
    } cases[] = {
        {SPAN(" {} "), SPAN("{}"), JSON_KIND_OBJECT},
        {SPAN("\n[1]\t"), SPAN("[1]"), JSON_KIND_ARRAY},
        {SPAN("\" a \""), SPAN("\" a \""), JSON_KIND_STRING},
        {SPAN("-1.50"), SPAN("-1.50"), JSON_KIND_NUMBER},
        {SPAN("true "), SPAN("true"), JSON_KIND_TRUE},
        {SPAN(" false"), SPAN("false"), JSON_KIND_FALSE},
        {SPAN("null"), SPAN("null"), JSON_KIND_NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        enum json_kind kind;
        struct span value = json_value(cases[i].text, &kind);

        assert_true(span_equal(value, cases[i].value));
        assert_int_equal(kind, cases[i].kind);
    }
}

static void check_member(const char *text, const char *name, const char *expected)
{
    struct span value = {0};

    assert_int_equal(json_check(span_of(text), NULL), 0);
    assert_int_equal(json_member(span_of(text), name, &value), expected != NULL);
    if (expected && !span_equal(value, span_of(expected)))
        fail_msg("%s of %s: '%.*s'", name, text, (int)value.len, value.data);
}

static void finds_members(void **state)
{
    (void)state;
    check_member("{\"a\":1500.00}", "a", "1500.00");
    check_member(" { \"a\" : { \"b\" : 1 } , \"b\" : 2 } ", "a", "{ \"b\" : 1 }");
    check_member(" { \"a\" : { \"b\" : 1 } , \"b\" : 2 } ", "b", "2");
    check_member("{\"x\":\"}\\\"]\\\\\",\"a\":[\"]\",{\"a\":0}]}", "a", "[\"]\",{\"a\":0}]");
    check_member("{\"x\":\"}\\\"]\\\\\",\"a\":[\"]\",{\"a\":0}]}", "x", "\"}\\\"]\\\\\"");
    check_member("{\"a\":1,\"b\":null,\"a\":\"last\"}", "a", "\"last\"");
    check_member("{\"a\":true}", "a", "true");
    check_member("{\"a\":\"twelve bytes\",\"b\":\"12345678\\\"90\"}", "b", "\"12345678\\\"90\"");
    check_member("{\"\\u0061\":1}", "a", NULL); /* written with an escape: another name */
    check_member("{\"ab\":1}", "a", NULL);
    check_member("{\"b\":{\"a\":1}}", "a", NULL);
    check_member("{}", "a", NULL);
    check_member("[\"a\",1]", "a", NULL);
    check_member("\"a\"", "a", NULL);
    check_member("7", "a", NULL);
}

static void walks_members_in_order(void **state)
{
    static const char text[] = "{ \"one\":1 ,\"two\" : [2,{\"x\":3}],\"\":\"\\\"\" }";
    static const char *const expected[][2] = {
        {"one", "1"}, {"two", "[2,{\"x\":3}]"}, {"", "\"\\\"\""}};
    struct span name, value;
    struct json_walk w;
    size_t n = 0;

    (void)state;
    for (json_walk_begin(&w, span_of(text)); json_walk_next(&w, &name, &value); n++) {
        assert_true(n < ARRAY_LEN(expected));
        assert_true(span_equal(name, span_of(expected[n][0])));
        assert_true(span_equal(value, span_of(expected[n][1])));
    }
    assert_int_equal(n, ARRAY_LEN(expected));
    json_walk_begin(&w, (struct span){NULL, 0});
    assert_false(json_walk_next(&w, &name, &value));
}

/* Nobody should walk unchecked text, but if it happens nothing outside is read. */
static void walks_of_broken_text_stay_inside(void **state)
{
    static const char text[] = "{\"a\\\\\":[{\"b\":\"c\\\"\"}],\"d\":tru";

    (void)state;
    for (size_t len = 0; len < sizeof(text); len++) {
        char *copy = malloc(len ? len : 1);
        struct span name, value;
        struct json_walk w;

        assert_non_null(copy);
        memcpy(copy, text, len);
        for (json_walk_begin(&w, (struct span){copy, len}); json_walk_next(&w, &name, &value);) {
            assert_in_range((uintptr_t)value.data, (uintptr_t)copy, (uintptr_t)copy + len);
            assert_true(value.len <= len && name.len <= len);
        }
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_the_rfc_has),
        cmocka_unit_test(refuses_the_rest_and_says_where),
        cmocka_unit_test(refuses_every_proper_prefix),
        cmocka_unit_test(finds_bad_bytes_at_every_offset),
        cmocka_unit_test(bounds_the_depth),
        cmocka_unit_test(tells_value_and_kind),
        cmocka_unit_test(finds_members),
        cmocka_unit_test(walks_members_in_order),
        cmocka_unit_test(walks_of_broken_text_stay_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
