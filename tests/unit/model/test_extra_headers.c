/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/format/extra_headers.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static int parse(struct buf *b, const char *json, struct diag *diag)
{
    buf_clear(b);
    diag->text[0] = '\0';
    return extra_headers_parse(b, span_of(json), diag);
}

static const struct {
    const char *json, *words;
} refused[] = {
    {"", "headers: expected a JSON object"},
    {"null", "headers: expected a JSON object"},
    {"{\"X-A\":1}", "headers: X-A: expected a text"},
    {"{\"X-A\":null}", "headers: X-A: expected a text"},
    {"{\"X-A\":{\"b\":\"c\"}}", "headers: X-A: expected a text"},
    {"{\"\":\"a\"}", "headers: a name of 0 bytes"},
    {"{\"X A\":\"b\"}", "headers: the name \"X A\""},
    {"{\"X-A:\":\"b\"}", "headers: the name \"X-A:\""},
    {"{\"X-\xc3\xa9\":\"b\"}", "headers: the name"},
    {"{\"X\\u0041\":\"b\"}", "headers: the name"}, /* an escape is no part of a name */
    {"{\"X-A\\r\\nHost\":\"b\"}", "headers: the name"},
    {"{\"X-A\":\"b\\r\\nX-B: c\"}", "headers: X-A: expected printable ASCII"},
    {"{\"X-A\":\"b\\u000aX-B: c\"}", "headers: X-A: expected printable ASCII"},
    {"{\"X-A\":\"b\\u0000\"}", "headers: X-A: expected printable ASCII"},
    {"{\"X-A\":\"\\t\"}", "headers: X-A: expected printable ASCII"},
    {"{\"X-A\":\"\xc3\xa9\"}", "headers: X-A: expected printable ASCII"},
    {"{\"X-A\":\"\\u00e9\"}", "headers: X-A: expected printable ASCII"},
    {"{\"X-A\":\"a\",\"x-a\":\"b\"}", "headers: x-a is there twice"},
    {"{\"Host\":\"a\"}", "headers: Host is reserved"},
    {"{\"content-LENGTH\":\"1\"}", "headers: content-LENGTH is reserved"},
    {"{\"Transfer-Encoding\":\"chunked\"}", "reserved"},
    {"{\"Connection\":\"close\"}", "reserved"},
    {"{\"Keep-Alive\":\"1\"}", "reserved"},
    {"{\"TE\":\"trailers\"}", "reserved"},
    {"{\"Trailer\":\"X\"}", "reserved"},
    {"{\"Upgrade\":\"h2c\"}", "reserved"},
    {"{\"HTTP2-Settings\":\"a\"}", "reserved"},
    {"{\"Proxy-Authorization\":\"a\"}", "reserved"},
    {"{\"proxy-connection\":\"a\"}", "reserved"},
    {"{\"Expect\":\"100-continue\"}", "reserved"},
    {"{\"Content-Type\":\"a\"}", "reserved"},
    {"{\"Content-Encoding\":\"gzip\"}", "reserved"},
    {"{\"User-Agent\":\"a\"}", "reserved"},
    {"{\"traceparent\":\"a\"}", "reserved"},
};

static void refuses_by_name(void **state)
{
    struct diag diag;
    struct buf b;

    (void)state;
    buf_init(&b, 8192);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        if (parse(&b, refused[i].json, &diag) != -EINVAL)
            fail_msg("%s: taken", refused[i].json);
        if (!strstr(diag.text, refused[i].words))
            fail_msg("%s: '%s'", refused[i].json, diag.text);
    }
    buf_fini(&b);
}

static void counts_and_lengths_have_ends(void **state)
{
    struct buf b, json;
    struct diag diag;

    (void)state;
    buf_init(&b, 8192);
    buf_init(&json, 1 << 20);
    buf_add_char(&json, '{');
    for (int i = 0; i < EXTRA_HEADERS_MAX; i++)
        buf_printf(&json, "%s\"X-%d\":\"v\"", i ? "," : "", i);
    buf_add_char(&json, '}');
    assert_int_equal(parse(&b, json.data, &diag), 0);
    json.len--;
    buf_add_text(&json, ",\"X-Z\":\"v\"}");
    assert_int_equal(parse(&b, json.data, &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "at most 20"));

    for (int extra = 0; extra < 2; extra++) {
        buf_clear(&json);
        buf_add_text(&json, "{\"X-A\":\"");
        for (int i = 0; i < EXTRA_HEADER_VALUE_MAX + extra; i++)
            buf_add_char(&json, 'v');
        buf_add_text(&json, "\"}");
        assert_int_equal(parse(&b, json.data, &diag), extra ? -EINVAL : 0);
    }
    for (int extra = 0; extra < 2; extra++) {
        buf_clear(&json);
        buf_add_text(&json, "{\"");
        for (int i = 0; i < EXTRA_HEADER_NAME_MAX + extra; i++)
            buf_add_char(&json, 'N');
        buf_add_text(&json, "\":\"v\"}");
        assert_int_equal(parse(&b, json.data, &diag), extra ? -EINVAL : 0);
    }
    buf_fini(&b);
    buf_init(&b, 20); /* more than all lines together may have */
    assert_int_equal(parse(&b, "{\"X-A\":\"0123456789\",\"X-B\":\"0123456789\"}", &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "in all"));
    buf_fini(&b);
    buf_fini(&json);
}

static void finds_whole_names_in_any_case(void **state)
{
    struct diag diag;
    struct buf b;

    (void)state;
    buf_init(&b, 8192);
    assert_int_equal(parse(&b, "{\"X-Abc\":\"d: e\",\"Authorization\":\"Bearer t\"}", &diag), 0);
    assert_true(extra_headers_have(buf_span(&b), "x-abc"));
    assert_true(extra_headers_have(buf_span(&b), "AUTHORIZATION"));
    assert_false(extra_headers_have(buf_span(&b), "x-ab"));
    assert_false(extra_headers_have(buf_span(&b), ""));
    assert_false(extra_headers_have(SPAN(""), "x"));
    assert_int_equal(parse(&b, "{}", &diag), 0);
    assert_int_equal(b.len, 0);
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_by_name),
        cmocka_unit_test(counts_and_lengths_have_ends),
        cmocka_unit_test(finds_whole_names_in_any_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
