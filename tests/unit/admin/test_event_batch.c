/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/event/event_batch.h"
#include "api/resources/event_results.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct event_batch parse(const char *body, struct event_batch_options o, int expected)
{
    struct event_batch b;
    struct diag diag = {""};

    o.events_max = o.events_max ? o.events_max : 1000;
    if (event_batch_parse(&b, span_of(body), &o, &diag) != expected)
        fail_msg("%s: %s", body, diag.text);
    assert_true(!expected == !*diag.text);
    return b;
}

static void one_and_many(void **state)
{
    struct event_batch_options lines = {.is_lines = true};
    struct event_batch b;

    (void)state;
    b = parse("{\"tenant\":\"t\",\"type\":\"A\",\"data\":1.50}", (struct event_batch_options){0},
              0);
    assert_true(b.is_one && b.n == 1 && b.n_events == 1);
    assert_string_equal(b.events[0].tenant, "t");
    assert_memory_equal(b.events[0].data, "1.50", b.events[0].data_len);
    event_batch_fini(&b);
    b = parse(" [{\"data\":1},\n{\"data\":2}] ", (struct event_batch_options){0}, 0);
    assert_true(!b.is_one && b.n_events == 2 && *b.events[1].data == '2');
    event_batch_fini(&b);
    b = parse("{\"data\":1}\r\n\n \t\n{\"data\":2}", lines, 0);
    assert_true(!b.is_one && b.n_events == 2 && *b.events[1].data == '2');
    event_batch_fini(&b);
}

static void bodies_that_are_none(void **state)
{
    static const char *const bodies[] = {"", "  ", "[]", "1", "\"a\"", "{", "[{}", "{}{}"};
    struct event_batch b;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        b = parse(bodies[i], (struct event_batch_options){0}, -EINVAL);
        event_batch_fini(&b);
    }
    b = parse("\n \n", (struct event_batch_options){.is_lines = true}, -EINVAL);
    event_batch_fini(&b);
    b = parse("[{},{},{}]", (struct event_batch_options){.events_max = 2}, -E2BIG);
    event_batch_fini(&b);
}

/* Whatever stands beside it, the event at a place has the key of that place. */
static void keys_are_of_places(void **state)
{
    struct event_batch_options o = {.defaults = {.key = "k"}};
    struct event_batch b;

    (void)state;
    b = parse("[1,2,{\"data\":2},3,{\"idempotency_key\":\"own\"},{\"data\":5}]", o, 0);
    assert_int_equal(b.n_events, 3);
    assert_int_equal(b.n_refused, 3);
    assert_string_equal(b.events[0].idempotency_key, "k#2");
    assert_string_equal(b.events[1].idempotency_key, "own");
    assert_string_equal(b.events[2].idempotency_key, "k#5");
    event_batch_fini(&b);
    b = parse("{\"data\":2}", o, 0);
    assert_string_equal(b.events[0].idempotency_key, "k");
    event_batch_fini(&b);
}

static void defaults(void **state)
{
    struct event_batch_options o = {
        .defaults = {.tenant = "t", .is_bound = true, .traceparent = "p", .tracestate = "s"}};
    struct event_batch b = parse("[{\"data\":1},{\"tenant\":\"other\"},{\"tenant\":\"t\","
                                 "\"traceparent\":\"own\"},{\"tenant\":null}]",
                                 o, 0);

    (void)state;
    assert_int_equal(b.n_events, 3);
    assert_int_equal(b.refused[0].index, 1);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(b.events[i].tenant, "t");
    assert_string_equal(b.events[0].traceparent, "p");
    assert_string_equal(b.events[0].tracestate, "s");
    assert_string_equal(b.events[1].traceparent, "own");
    assert_null(b.events[1].tracestate);
    event_batch_fini(&b);
}

static void write(struct event_batch *b, const char *expected, unsigned status)
{
    struct event_counts n = event_results_count(b);
    struct buf text;

    buf_init(&text, 4096);
    event_results_write(&text, b, &n);
    assert_string_equal(text.data, expected);
    assert_int_equal(event_results_status(&n), status);
    buf_fini(&text);
}

static void results(void **state)
{
    struct event_batch b = parse("[{},1,{},{}]", (struct event_batch_options){0}, 0);
    size_t index;

    (void)state;
    b.receipts[0] = (struct grapnel_receipt){.event_id = "evt_1"};
    b.receipts[1] = (struct grapnel_receipt){.event_id = "x", .is_duplicate = 1};
    b.receipts[2] =
        (struct grapnel_receipt){.result = GRAPNEL_REFUSED, .error = "idempotency key: e\"mpty"};
    write(&b,
          "\"accepted\":2,\"refused\":2,\"failed\":0,\"unknown\":0,\"results\":["
          "{\"index\":0,\"status\":\"accepted\",\"id\":\"evt_1\",\"duplicate\":false},"
          "{\"index\":1,\"status\":\"refused\",\"detail\":\"expected a JSON object\"},"
          "{\"index\":2,\"status\":\"accepted\",\"id\":\"x\",\"duplicate\":true},"
          "{\"index\":3,\"status\":\"refused\",\"field\":\"idempotency_key\",\"detail\":"
          "\"e\\\"mpty\"}]",
          207);
    assert_string_equal(event_results_first(&b, 400, &index), "expected a JSON object");
    assert_int_equal(index, 1);
    b.receipts[1] = (struct grapnel_receipt){.result = GRAPNEL_REDIS, .error = "Redis: OOM"};
    b.receipts[2] = (struct grapnel_receipt){.result = GRAPNEL_TIMEOUT, .error = "late"};
    write(&b,
          "\"accepted\":1,\"refused\":1,\"failed\":1,\"unknown\":1,\"results\":["
          "{\"index\":0,\"status\":\"accepted\",\"id\":\"evt_1\",\"duplicate\":false},"
          "{\"index\":1,\"status\":\"refused\",\"detail\":\"expected a JSON object\"},"
          "{\"index\":2,\"status\":\"failed\",\"detail\":\"Redis: OOM\"},"
          "{\"index\":3,\"status\":\"unknown\",\"detail\":\"late\"}]",
          503);
    assert_string_equal(event_results_first(&b, 503, &index), "Redis: OOM");
    assert_int_equal(index, 2);
    event_batch_fini(&b);
}

static void statuses(void **state)
{
    (void)state;
    assert_int_equal(event_results_status(&(struct event_counts){{[RESULT_ACCEPTED] = 2}}), 202);
    assert_int_equal(event_results_status(&(struct event_counts){{[RESULT_REFUSED] = 2}}), 400);
    assert_int_equal(event_results_status(&(struct event_counts){{[RESULT_UNKNOWN] = 1}}), 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_and_many),
        cmocka_unit_test(bodies_that_are_none),
        cmocka_unit_test(keys_are_of_places),
        cmocka_unit_test(defaults),
        cmocka_unit_test(results),
        cmocka_unit_test(statuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
