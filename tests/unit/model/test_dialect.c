/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/format/dialect.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* What each guide says, told again in other words than dialect.def's. */
static const struct {
    const char *name, *user_agent, *signature_header;
    enum dialect_envelope envelope;
    enum sign_text text;
    enum sign_form form;
    unsigned n_headers, retries, jitter_percent;
    int64_t timeout_ms;
} expected[] = {
    {"royalti", "Royalti-Webhooks/1.0", "X-Royalti-Signature", ENVELOPE_ROYALTI, SIGN_TEXT_BODY,
     SIGN_FORM_SHA256_HEX, 6, 3, 0, 30000},
    {"simple", "Grapnel/", "X-Webhook-Signature", ENVELOPE_SIMPLE, SIGN_TEXT_BODY, SIGN_FORM_HEX, 0,
     4, 0, 30000},
    {"verification", "Grapnel/", "X-Webhook-Signature", ENVELOPE_VERIFICATION,
     SIGN_TEXT_TIMESTAMP_BODY, SIGN_FORM_HEX, 1, 3, 0, 10000},
    {"template", "Grapnel/", "X-Webhook-Signature", ENVELOPE_TEMPLATE, SIGN_TEXT_BODY,
     SIGN_FORM_SHA256_HEX, 0, 6, 0, 30000},
    {"standard", "Grapnel/", "webhook-signature", ENVELOPE_STANDARD, SIGN_TEXT_ID_TIMESTAMP_BODY,
     SIGN_FORM_V1_BASE64, 2, 9, 10, 20000},
};

static void holds_the_five(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        const struct dialect *d = dialect_find(span_of(expected[i].name));

        assert_non_null(d);
        assert_ptr_equal(d, dialect_at(i));
        assert_string_equal(d->name, expected[i].name);
        assert_ptr_equal(strstr(d->user_agent, expected[i].user_agent), d->user_agent);
        assert_string_equal(d->signature.header, expected[i].signature_header);
        assert_int_equal(d->envelope, expected[i].envelope);
        assert_int_equal(d->signature.text, expected[i].text);
        assert_int_equal(d->signature.form, expected[i].form);
        assert_int_equal(d->n_headers, expected[i].n_headers);
        assert_int_equal(d->schedule.retries, expected[i].retries);
        assert_int_equal(d->schedule.jitter_percent, expected[i].jitter_percent);
        assert_int_equal(d->timeout_ms, expected[i].timeout_ms);
        assert_int_equal(d->retry_after_max_ms, 86400000);
    }
    assert_null(dialect_at(ARRAY_LEN(expected)));
    assert_null(dialect_at(SIZE_MAX));
}

static bool sends(const struct dialect *d, enum dialect_value value)
{
    for (unsigned h = 0; h < d->n_headers; h++)
        if (d->headers[h].value == value)
            return true;
    return false;
}

/* The id and the timestamp are sent, or have names for an endpoint that wants them signed; where they are
 * signed they are sent. */
static void check_signed_headers(const struct dialect *d)
{
    bool sends_id = sends(d, VALUE_DELIVERY_ID), sends_timestamp = sends(d, VALUE_TIMESTAMP_S);

    assert_true(sends_id || (d->id_header.name && d->id_header.value == VALUE_DELIVERY_ID));
    assert_true(sends_timestamp ||
                (d->timestamp_header.name && d->timestamp_header.value == VALUE_TIMESTAMP_S));
    assert_true(sends_timestamp || d->signature.text == SIGN_TEXT_BODY);
    assert_true(sends_id || d->signature.text != SIGN_TEXT_ID_TIMESTAMP_BODY);
    if (d->id_header.name)
        assert_ptr_equal(strstr(d->id_header.name, d->header_prefix), d->id_header.name);
    if (d->timestamp_header.name)
        assert_ptr_equal(strstr(d->timestamp_header.name, d->header_prefix),
                         d->timestamp_header.name);
}

/* Rules that every row keeps, the sixth one too. */
static void rows_are_sound(void **state)
{
    const struct dialect *d;

    (void)state;
    for (size_t i = 0; (d = dialect_at(i)); i++) {
        assert_true(d->n_headers <= DIALECT_HEADERS_MAX &&
                    d->schedule.n_delays <= DIALECT_SCHEDULE_MAX);
        assert_true(d->schedule.base_ms ? d->schedule.cap_ms >= d->schedule.base_ms
                                        : d->schedule.n_delays == d->schedule.retries);
        assert_true(d->timeout_ms >= 1000 && d->timeout_ms <= 120000);
        for (unsigned h = 0; h < d->n_headers; h++)
            assert_ptr_equal(strstr(d->headers[h].name, d->header_prefix), d->headers[h].name);
        assert_ptr_equal(strstr(d->signature.header, d->header_prefix), d->signature.header);
        for (unsigned s = 0; s < d->n_statuses; s++)
            assert_true(d->statuses[s].from <= d->statuses[s].to);
        /* there is room for what an endpoint may have of its own (policy.c): the two headers that are
         * signed, 16 rules */
        assert_true(d->n_headers + 2 <= DIALECT_HEADERS_MAX);
        assert_true(d->n_statuses + 16 <= DIALECT_STATUSES_MAX);
        assert_true(d->schedule.retries <= 100 && d->schedule.jitter_percent <= 100);
        check_signed_headers(d);
        /* no answer is left without a meaning */
        assert_int_equal(d->statuses[d->n_statuses - 1].from, 0);
        assert_int_equal(d->statuses[d->n_statuses - 1].to, 999);
    }
}

static void finds_exact_names_only(void **state)
{
    (void)state;
    assert_null(dialect_find(SPAN("")));
    assert_null(dialect_find(SPAN("Royalti")));
    assert_null(dialect_find(SPAN("royalt")));
    assert_null(dialect_find(SPAN("royalti ")));
    assert_null(dialect_find(SPAN("royalti\0")));
    assert_null(dialect_find((struct span){NULL, 0}));
    assert_string_equal(dialect_names(), "royalti, simple, verification, template, standard");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_the_five),
        cmocka_unit_test(rows_are_sound),
        cmocka_unit_test(finds_exact_names_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
