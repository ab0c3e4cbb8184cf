/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds on a real loop: rests, no two at a time, and what a close waits for. */
#include "common/runtime/rounds.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct job {
    struct loop loop;
    struct rounds rounds;
    struct defer later; /* ends a round on a later turn */
    unsigned n_begun, n_ended, n_released, n_closed;
    unsigned close_at; /* number of the round during which the close is asked for; 0: by the test */
    bool is_at_once;   /* a round ends before its begin returns */
};

static void on_rounds_closed(void *arg)
{
    struct job *j = arg;

    assert_int_equal(j->n_released, 1); /* first the memory, then the news */
    assert_int_equal(j->n_ended, j->n_begun);
    j->n_closed++;
}

static void end_round(void *arg)
{
    struct job *j = arg;

    j->n_ended++;
    rounds_end(&j->rounds, 1);
}

static void begin_round(void *arg)
{
    struct job *j = arg;

    assert_int_equal(j->n_begun, j->n_ended); /* never two at a time */
    j->n_begun++;
    if (j->n_begun == j->close_at)
        rounds_close(&j->rounds, on_rounds_closed, j);
    if (j->is_at_once)
        end_round(j);
    else
        loop_defer(&j->loop, &j->later);
}

static void release(void *arg)
{
    struct job *j = arg;

    j->n_released++;
}

static void prepare(struct job *j)
{
    *j = (struct job){0};
    assert_int_equal(loop_init(&j->loop), 0);
    defer_init(&j->later, end_round, j);
    assert_int_equal(rounds_init(&j->rounds, &j->loop, begin_round, release, j), 0);
}

static void finish(struct job *j)
{
    assert_int_equal(loop_run(&j->loop), 0);
    assert_int_equal(j->n_closed, 1);
    loop_fini(&j->loop);
}

static void come_back_until_closed(void **state)
{
    struct job j;

    (void)state;
    prepare(&j);
    j.close_at = 5;
    rounds_start(&j.rounds, 0);
    rounds_start(&j.rounds, 0); /* no effect */
    finish(&j);
    assert_int_equal(j.n_begun, 5);
}

static void may_end_at_once(void **state)
{
    struct job j;

    (void)state;
    prepare(&j);
    j.close_at = 3;
    j.is_at_once = true;
    rounds_start(&j.rounds, 0);
    finish(&j);
    assert_int_equal(j.n_begun, 3);
}

static void close_without_a_round(void **state)
{
    struct job j;

    (void)state;
    prepare(&j);
    rounds_close(&j.rounds, on_rounds_closed, &j);
    rounds_start(&j.rounds, 0); /* too late */
    finish(&j);
    assert_int_equal(j.n_begun, 0);
}

static void close_during_the_rest(void **state)
{
    struct job j;

    (void)state;
    prepare(&j);
    rounds_start(&j.rounds, 3600 * 1000);
    rounds_close(&j.rounds, on_rounds_closed, &j);
    finish(&j);
    assert_int_equal(j.n_begun, 0);
}

static void close_after_a_last_round(void **state)
{
    struct job j;

    (void)state;
    prepare(&j);
    rounds_start(&j.rounds, 3600 * 1000);
    rounds_close_after_last(&j.rounds, on_rounds_closed, &j);
    assert_true(rounds_is_closing(&j.rounds));
    finish(&j);
    assert_int_equal(j.n_begun, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(come_back_until_closed),   cmocka_unit_test(may_end_at_once),
        cmocka_unit_test(close_without_a_round),    cmocka_unit_test(close_during_the_rest),
        cmocka_unit_test(close_after_a_last_round),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
