/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/rng.h"
#include "common/model/trace_context.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* The examples are the specification's. */
#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static const struct span none = {NULL, 0};

static void right_parents_pass(void **state)
{
    static const char *const right[] = {
        PARENT,
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff",
        "00-00000000000000000000000000000001-0000000000000001-03",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(right); i++)
        assert_int_equal(traceparent_check(span_of(right[i]), NULL), 0);
}

static void wrong_parents_are_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-010",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-\r\n",
    };
    struct diag diag;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        diag.text[0] = '\0';
        assert_int_equal(traceparent_check(span_of(wrong[i]), &diag), -EINVAL);
        assert_memory_equal(diag.text, "traceparent: ", 13);
    }
    assert_int_equal(traceparent_check((struct span){PARENT "\0", 56}, NULL), -EINVAL);
    assert_int_equal(traceparent_check((struct span){"00-4bf92f3577b34da6a3ce929d0e0e4736\0"
                                                     "00f067aa0ba902b7-01",
                                                     55},
                                       NULL),
                     -EINVAL);
}

static void states(void **state)
{
    static const char *const right[] = {"rojo=00f067aa0ba902b7",
                                        "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
                                        "a=1, b=2 ,\tc=3",
                                        "fw529a3039@dt=FfWW-1 x;y:z",
                                        "1a_-*/@=~",
                                        "a=1,,b=2",
                                        ","};
    static const char *const wrong[] = {
        "",     "rojo",  "=1",     "a=",     "A=1",       "a=1=2",
        "@a=1", "a b=1", "a=\x7f", "a=\r\n", "a=1,b\n=2", "z\xc3\xbcrich=1"};
    struct diag diag;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(right); i++)
        assert_int_equal(tracestate_check(span_of(right[i]), NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        diag.text[0] = '\0';
        assert_int_equal(tracestate_check(span_of(wrong[i]), &diag), -EINVAL);
        assert_memory_equal(diag.text, "tracestate: ", 12);
    }
}

static void states_have_bounds(void **state)
{
    char text[1024] = "";

    (void)state;
    for (unsigned i = 0; i < TRACESTATE_MEMBERS_MAX; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%sk%u=v", i ? "," : "",
                       i);
    assert_int_equal(tracestate_check(span_of(text), NULL), 0);
    (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), ",one=more");
    assert_int_equal(tracestate_check(span_of(text), NULL), -EINVAL);
    memset(text, 'a', 600);
    memcpy(text, "k=", 2);
    assert_int_equal(tracestate_check((struct span){text, 2 + 256}, NULL), 0);
    assert_int_equal(tracestate_check((struct span){text, 2 + 257}, NULL), -EINVAL);
    memcpy(text + 256, ",l=", 3);
    assert_int_equal(tracestate_check((struct span){text, TRACESTATE_MAX}, NULL), 0);
    memcpy(text + 510, ",m=", 3);
    assert_int_equal(tracestate_check((struct span){text, TRACESTATE_MAX + 2}, NULL), -EINVAL);
}

static void both_together(void **state)
{
    struct diag diag;

    (void)state;
    assert_int_equal(trace_context_check(none, none, NULL), 0);
    assert_int_equal(trace_context_check(SPAN(PARENT), none, NULL), 0);
    assert_int_equal(trace_context_check(SPAN(PARENT), SPAN("a=1"), NULL), 0);
    assert_int_equal(trace_context_check(SPAN(PARENT), SPAN("a"), NULL), -EINVAL);
    assert_int_equal(trace_context_check(SPAN("x"), SPAN("a=1"), NULL), -EINVAL);
    assert_int_equal(trace_context_check(none, SPAN("a=1"), &diag), -EINVAL);
    assert_string_equal(diag.text, "tracestate: means nothing without traceparent");
}

static void zeros(void *data, size_t len)
{
    memset(data, 0, len);
}

static void each_attempt_is_a_span_of_its_own(void **state)
{
    char first[TRACEPARENT_LEN + 1], second[TRACEPARENT_LEN + 1];

    (void)state;
    traceparent_next(first, SPAN(PARENT));
    traceparent_next(second, SPAN(PARENT));
    assert_int_equal(traceparent_check(span_of(first), NULL), 0);
    assert_memory_equal(first, PARENT, 36);
    assert_string_equal(first + 52, "-01");
    assert_string_not_equal(first, PARENT);
    assert_string_not_equal(first, second);
    rng_replace(zeros);
    traceparent_next(first, SPAN(PARENT));
    rng_replace(NULL);
    assert_int_equal(traceparent_check(span_of(first), NULL), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_parents_pass),
        cmocka_unit_test(wrong_parents_are_refused),
        cmocka_unit_test(states),
        cmocka_unit_test(states_have_bounds),
        cmocka_unit_test(both_together),
        cmocka_unit_test(each_attempt_is_a_span_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
