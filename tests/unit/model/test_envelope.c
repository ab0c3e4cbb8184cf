/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/json_scan.h"
#include "common/model/format/catalogue.h"
#include "common/model/format/dialect.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/vectors.h"

static struct envelope_input input_of(const json_t *v)
{
    return (struct envelope_input){
        .delivery_id = vector_text(v, "delivery_id"),
        .event_id = vector_text(v, "event_id"),
        .event_type = vector_text(v, "event_type"),
        .event_ms = vector_number(v, "event_ms"),
        .trace_id = vector_text(v, "trace_id"),
        .data = vector_text(v, "data"),
        .tenant_id = vector_text(v, "tenant_id"),
        .tenant_name = vector_text(v, "tenant_name"),
        .tenant_domain = vector_text(v, "tenant_domain"),
        .source_service = vector_text(v, "source_service"),
        .source_environment = vector_text(v, "source_environment"),
        .attempt = (unsigned)vector_number(v, "attempt"),
        .attempts_max = (unsigned)vector_number(v, "attempts_max"),
        .next_retry_ms = vector_number(v, "next_retry_ms"),
    };
}

static void check_vector(const json_t *v)
{
    struct envelope_input in = input_of(json_object_get(v, "input"));
    const struct dialect *d = dialect_find(vector_text(v, "dialect"));
    struct span expected = vector_text(v, "body");
    struct buf b;

    assert_non_null(d);
    buf_init(&b, 65536);
    assert_int_equal(dialect_envelope(&b, d, &in), 0);
    if (!span_equal(buf_span(&b), expected))
        fail_msg("%s:\n%s\nexpected\n%s", d->name, b.data, expected.data);
    assert_int_equal(json_check(buf_span(&b), NULL), 0);
    buf_fini(&b);
}

static void agrees_with_the_vectors(void **state)
{
    json_t *file = vectors_load("envelopes.json"), *v;
    size_t i;

    (void)state;
    json_array_foreach(json_object_get(file, "cases"), i, v) check_vector(v);
    assert_true(i >= 150);
    json_decref(file);
}

static const struct envelope_input typical = {
    .delivery_id = {"whd_f47ac10b-58cc-4372-a567-0e02b2c3d479", 40},
    .event_id = {"evt_456def", 10},
    .event_type = {"PAYMENT_COMPLETED", 17},
    .event_ms = 1737556200000,
    .data = {"{\"amount\":1500.00}", 18},
    .tenant_id = {"123", 3},
    .source_service = {"royalti-api", 11},
    .source_environment = {"production", 10},
    .attempt = 2,
    .attempts_max = 3,
};

/* Every cap below the length is answered by -ENOBUFS, never by half an envelope that passes. */
static void says_when_the_buffer_is_full(void **state)
{
    (void)state;
    for (size_t i = 0; dialect_at(i); i++) {
        struct buf whole, b;

        buf_init(&whole, 4096);
        assert_int_equal(dialect_envelope(&whole, dialect_at(i), &typical), 0);
        for (size_t cap = 0; cap <= whole.len; cap++) {
            buf_init(&b, cap);
            assert_int_equal(dialect_envelope(&b, dialect_at(i), &typical),
                             cap < whole.len ? -ENOBUFS : 0);
            buf_fini(&b);
        }
        buf_fini(&whole);
    }
}

static void appends_behind_what_is_there(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    buf_add_text(&b, "before");
    assert_int_equal(dialect_envelope(&b, dialect_find(SPAN("simple")), &typical), 0);
    assert_string_equal(
        b.data, "before{\"id\":\"evt_456def\",\"type\":\"PAYMENT_COMPLETED\",\"created_at\":"
                "\"2025-01-22T14:30:00.000Z\",\"data\":{\"amount\":1500.00}}");
    buf_fini(&b);
}

/* All headers of a dialect but the signature, as lines. */
static void check_headers(const char *dialect, const struct envelope_input *in,
                          const char *expected)
{
    const struct dialect *d = dialect_find(span_of(dialect));
    struct buf b;

    buf_init(&b, 4096);
    for (unsigned i = 0; i < d->n_headers; i++) {
        buf_printf(&b, "%s: ", d->headers[i].name);
        dialect_header_value(&b, &d->headers[i], in, 1706019000);
        buf_add_char(&b, '\n');
    }
    assert_int_equal(buf_result(&b), 0);
    assert_string_equal(b.data ? b.data : "", expected);
    buf_fini(&b);
}

static void fills_the_headers(void **state)
{
    (void)state;
    check_headers("royalti", &typical,
                  "X-Royalti-Delivery: whd_f47ac10b-58cc-4372-a567-0e02b2c3d479\n"
                  "X-Royalti-Event: PAYMENT_COMPLETED\n"
                  "X-Royalti-Timestamp: 1706019000\n"
                  "X-Royalti-Tenant: 123\n"
                  "X-Royalti-Attempt: 2\n"
                  "X-Royalti-Version: 1.0\n");
    check_headers("simple", &typical, "");
    check_headers("verification", &typical, "X-Webhook-Timestamp: 1706019000\n");
    check_headers("template", &typical, "");
    check_headers("standard", &typical,
                  "webhook-id: whd_f47ac10b-58cc-4372-a567-0e02b2c3d479\n"
                  "webhook-timestamp: 1706019000\n");
}

static void lets_no_value_begin_another_header(void **state)
{
    struct envelope_input in = typical;

    (void)state;
    in.event_type = SPAN("A\r\nX-Evil: 1");
    in.tenant_id = SPAN("\0\x7f\n");
    in.delivery_id = SPAN("");
    check_headers("royalti", &in,
                  "X-Royalti-Delivery: \n"
                  "X-Royalti-Event: A  X-Evil: 1\n"
                  "X-Royalti-Timestamp: 1706019000\n"
                  "X-Royalti-Tenant:    \n"
                  "X-Royalti-Attempt: 2\n"
                  "X-Royalti-Version: 1.0\n");
}

static void knows_the_catalogue(void **state)
{
    size_t n = 0;

    (void)state;
    for (; catalogue_at(n); n++)
        assert_ptr_equal(catalogue_find(catalogue_at(n)->type), catalogue_at(n)); /* none twice */
    assert_int_equal(n, 31);
    assert_true(
        span_equal(catalogue_find(SPAN("PAYMENT_COMPLETED"))->importance, SPAN("critical")));
    assert_true(span_equal(catalogue_find(SPAN("USER_ADDED_TO_SPLIT"))->category, SPAN("SPLIT")));
    assert_true(span_equal(catalogue_find(SPAN("payment_completed"))->category, SPAN("CUSTOM")));
    assert_true(span_equal(catalogue_find(SPAN(""))->category, SPAN("CUSTOM")));
    assert_true(span_equal(catalogue_find(SPAN("user.created"))->importance, SPAN("medium")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_vectors),
        cmocka_unit_test(says_when_the_buffer_is_full),
        cmocka_unit_test(appends_behind_what_is_there),
        cmocka_unit_test(fills_the_headers),
        cmocka_unit_test(lets_no_value_begin_another_header),
        cmocka_unit_test(knows_the_catalogue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
