/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/buf.h"
#include "common/model/inbound/stripe_signature.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void takes_what_stripe_sends(void **state)
{
    struct stripe_signature s;

    (void)state;
    assert_int_equal(stripe_signature_parse(&s, SPAN("t=1492774577,v1=5257a869,v0=6ffbb59b")), 0);
    assert_true(span_equal(s.timestamp, SPAN("1492774577")));
    assert_int_equal(s.n, 1);
    assert_true(span_equal(s.v1[0], SPAN("5257a869")));
}

static void takes_several_in_any_order(void **state)
{
    struct stripe_signature s;

    (void)state;
    assert_int_equal(stripe_signature_parse(&s, SPAN("v1=a,v2=x=y,v1=,t=7,v1=b")), 0);
    assert_int_equal(s.n, 3);
    assert_true(span_equal(s.v1[0], SPAN("a")));
    assert_true(span_equal(s.v1[1], SPAN("")));
    assert_true(span_equal(s.v1[2], SPAN("b")));
    assert_true(span_equal(s.timestamp, SPAN("7")));
}

static void refuses_the_rest(void **state)
{
    static const char *const wrong[] = {
        "",          "t=1",       "v1=a",   "t=,v1=a", "t=1,t=2,v1=a", "t=1,t=1,v1=a", "t1,v1=a",
        "t=1,,v1=a", ",t=1,v1=a", "t=1,=a", "=",       "T=1,v1=a",     "t=1,V1=a",     " t=1,v1=a",
        "t=1, v1=a", "t=1;v1=a",
    };
    struct stripe_signature s = {.n = 99};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        if (stripe_signature_parse(&s, span_of(wrong[i])) != -EINVAL)
            fail_msg("'%s' was taken", wrong[i]);
    assert_int_equal(s.n, 99); /* written on success only */
}

static void has_a_limit(void **state)
{
    struct stripe_signature s;
    struct buf header;

    (void)state;
    buf_init(&header, 512);
    buf_add_text(&header, "t=1");
    for (int i = 0; i < STRIPE_SIGNATURES_MAX; i++)
        buf_add_text(&header, ",v1=a");
    assert_int_equal(stripe_signature_parse(&s, buf_span(&header)), 0);
    assert_int_equal(s.n, STRIPE_SIGNATURES_MAX);
    buf_add_text(&header, ",v1=a");
    assert_int_equal(stripe_signature_parse(&s, buf_span(&header)), -EINVAL);
    buf_fini(&header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_stripe_sends),
        cmocka_unit_test(takes_several_in_any_order),
        cmocka_unit_test(refuses_the_rest),
        cmocka_unit_test(has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
