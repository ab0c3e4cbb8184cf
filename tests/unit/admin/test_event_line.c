/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/event/event_line.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char line[1024]; /* the event points into it */
static struct diag diag;

static int parse(const char *text, struct grapnel_event *ret)
{
    diag = (struct diag){""};
    (void)snprintf(line, sizeof(line), "%s", text);
    return event_line_parse(line, strlen(line), ret, &diag);
}

static void takes_every_member(void **state)
{
    struct grapnel_event e;

    (void)state;
    assert_int_equal(
        parse("{\"tenant\":\"acme\",\"type\":\"A\",\"data\":{\"n\": 1500.00},\"id\":\"mine\","
              "\"time\":1737556200000,\"trace\":\"t\",\"idempotency_key\":\"k\","
              "\"traceparent\":\"00-1\",\"tracestate\":\"a=b\",\"endpoint\":\"ep_1\"}",
              &e),
        0);
    assert_string_equal(e.tenant, "acme");
    assert_string_equal(e.type, "A");
    assert_int_equal(e.data_len, strlen("{\"n\": 1500.00}"));
    assert_memory_equal(e.data, "{\"n\": 1500.00}", e.data_len); /* byte for byte */
    assert_string_equal(e.id, "mine");
    assert_int_equal(e.occurred_ms, INT64_C(1737556200000));
    assert_string_equal(e.trace_id, "t");
    assert_string_equal(e.idempotency_key, "k");
    assert_string_equal(e.traceparent, "00-1");
    assert_string_equal(e.tracestate, "a=b");
    assert_string_equal(e.endpoint, "ep_1");
}

static void null_is_as_if_it_were_left_out_but_for_data(void **state)
{
    struct grapnel_event e;

    (void)state;
    assert_int_equal(parse("{\"type\":\"A\",\"data\":null,\"id\":null,\"time\":null}", &e), 0);
    assert_null(e.id);
    assert_null(e.tenant);
    assert_int_equal(e.occurred_ms, 0);
    assert_int_equal(e.data_len, 4);
    assert_memory_equal(e.data, "null", 4);
    assert_int_equal(parse("{\"type\":\"A\"}", &e), 0);
    assert_null(e.data);
}

static void resolves_escapes(void **state)
{
    struct grapnel_event e;

    (void)state;
    assert_int_equal(parse("{\"type\":\"\\u0041\\n\\\"\",\"trace\":\"\\u00e9\"}", &e), 0);
    assert_string_equal(e.type, "A\n\"");
    assert_string_equal(e.trace_id, "\xc3\xa9");
}

static void knows_the_other_spelling_of_the_key(void **state)
{
    struct grapnel_event e;

    (void)state;
    assert_int_equal(parse("{\"idempotencyKey\":\"k\"}", &e), 0);
    assert_string_equal(e.idempotency_key, "k");
    assert_int_equal(parse("{\"idempotencyKey\":\"k\",\"idempotency_key\":\"k\"}", &e), -EINVAL);
    assert_string_equal(diag.text, "idempotency_key: given twice");
}

static void says_what_is_wrong(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"[]", "expected a JSON object"},
        {"{\"colour\":1}", "colour: unknown member"},
        {"{\"type\":1}", "type: expected a text in quotes"},
        {"{\"type\":\"A\",\"type\":\"B\"}", "type: given twice"},
        {"{\"id\":\"a\\u0000b\"}", "id: holds a zero byte"},
        {"{\"time\":\"yesterday\"}", "time: expected milliseconds"},
        {"{\"time\":0}", "time: expected milliseconds"},
        {"{\"time\":true}", "time: expected milliseconds"},
    };
    struct grapnel_event e;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(parse(cases[i].text, &e), -EINVAL);
        if (strncmp(diag.text, cases[i].words, strlen(cases[i].words)) != 0)
            fail_msg("%s: %s", cases[i].text, diag.text);
    }
    assert_int_equal(parse("{\"type\":\"A\"", &e), -EINVAL);
    assert_int_not_equal(*diag.text, '\0');
}

static void reads_times(void **state)
{
    int64_t ms;

    (void)state;
    assert_int_equal(event_time_parse(SPAN("1737556200000"), &ms), 0);
    assert_int_equal(ms, INT64_C(1737556200000));
    assert_int_equal(event_time_parse(SPAN("2025-01-22T14:30:00Z"), &ms), 0);
    assert_int_equal(ms, INT64_C(1737556200000));
    assert_int_equal(event_time_parse(SPAN("-5"), &ms), -EINVAL);
    assert_int_equal(event_time_parse(SPAN(""), &ms), -EINVAL);
    assert_int_equal(event_time_parse(SPAN("2025-01-22"), &ms), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_every_member),
        cmocka_unit_test(null_is_as_if_it_were_left_out_but_for_data),
        cmocka_unit_test(resolves_escapes),
        cmocka_unit_test(knows_the_other_spelling_of_the_key),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(reads_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
