/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/base.h"
#include "common/base/clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static int64_t mono_us, wall_ms;

static int64_t fake_mono_us(void)
{
    return mono_us;
}

static int64_t fake_wall_ms(void)
{
    return wall_ms;
}

static int tear_down(void **state)
{
    (void)state;
    clock_replace(NULL, NULL);
    return 0;
}

static void replaced_and_given_back(void **state)
{
    int64_t real_us = clock_mono_us();

    (void)state;
    mono_us = 1234567;
    wall_ms = 42;
    clock_replace(fake_mono_us, fake_wall_ms);
    assert_int_equal(clock_mono_us(), 1234567);
    assert_int_equal(clock_mono_ms(), 1234);
    assert_int_equal(clock_wall_ms(), 42);
    clock_replace(NULL, NULL);
    assert_true(clock_mono_us() >= real_us);
    assert_true(clock_wall_ms() > INT64_C(1700000000000));
}

static void unknown_before_the_first_reading(void **state)
{
    struct redis_clock c = {0};

    (void)state;
    assert_int_equal(redis_clock_early_ms(&c), 0);
    assert_true(redis_clock_late_ms(&c) == REDIS_CLOCK_FAR_MS);
}

/* Asked at 1 s, answered at 1.010 s with 5000.000 s: when Redis looked is not known better. */
static void bounds_enclose_the_truth(void **state)
{
    struct redis_clock c = {0};

    (void)state;
    clock_replace(fake_mono_us, NULL);
    redis_clock_note(&c, 1000000, 1010000, 5000000000);
    mono_us = 1010000;
    assert_int_equal(redis_clock_early_ms(&c), 5000000);
    assert_int_equal(redis_clock_late_ms(&c), 5000010);
    mono_us = 2010001; /* goes on; early is rounded down and late up */
    assert_int_equal(redis_clock_early_ms(&c), 5001000);
    assert_int_equal(redis_clock_late_ms(&c), 5001011);
}

static void keeps_the_tighter_reading(void **state)
{
    struct redis_clock c = {0};

    (void)state;
    clock_replace(fake_mono_us, NULL);
    redis_clock_note(&c, 1000000, 1010000, 5000000000);
    redis_clock_note(&c, 2000000, 2030000, 5001010000); /* looser: not taken */
    mono_us = 2030000;
    assert_int_equal(redis_clock_late_ms(&c) - redis_clock_early_ms(&c), 10);
    redis_clock_note(&c, 3000000, 3002000, 5001995000); /* tighter: taken */
    assert_int_equal(redis_clock_late_ms(&c) - redis_clock_early_ms(&c), 2);
}

static void old_reading_gives_way(void **state)
{
    struct redis_clock c = {0};

    (void)state;
    clock_replace(fake_mono_us, NULL);
    redis_clock_note(&c, 1000000, 1002000, 5000001000);
    redis_clock_note(&c, 10900000, 10930000, 5009915000); /* younger than 10 s: stays */
    mono_us = 11000000;
    assert_int_equal(redis_clock_late_ms(&c) - redis_clock_early_ms(&c), 2);
    redis_clock_note(&c, 11000000, 11030000, 5010015000);
    assert_int_equal(redis_clock_late_ms(&c) - redis_clock_early_ms(&c), 30);
}

/* Redis's machine had its clock set, an hour forward or back: the tight old reading is wrong now. */
static void clock_that_was_set_is_believed(void **state)
{
    static const int64_t jumps_us[] = {3600000000, -3600000000};

    (void)state;
    clock_replace(fake_mono_us, NULL);
    for (size_t i = 0; i < ARRAY_LEN(jumps_us); i++) {
        struct redis_clock c = {0};
        int64_t true_ms = 5001000 + jumps_us[i] / 1000;

        redis_clock_note(&c, 1000000, 1002000, 5000001000);
        redis_clock_note(&c, 2000000, 2030000, true_ms * 1000);
        mono_us = 2030000;
        assert_true(redis_clock_early_ms(&c) <= true_ms + 30);
        assert_true(redis_clock_late_ms(&c) >= true_ms);
        assert_true(redis_clock_late_ms(&c) <= true_ms + 60);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(replaced_and_given_back, tear_down),
        cmocka_unit_test_teardown(unknown_before_the_first_reading, tear_down),
        cmocka_unit_test_teardown(bounds_enclose_the_truth, tear_down),
        cmocka_unit_test_teardown(keeps_the_tighter_reading, tear_down),
        cmocka_unit_test_teardown(old_reading_gives_way, tear_down),
        cmocka_unit_test_teardown(clock_that_was_set_is_believed, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
