/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/json_number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Each is equal to the others of its line; the lines ascend. */
static const char *const ascending[][8] = {
    {"-1e999999999999", "-10e999999999998", "-0.1e1000000000000"},
    {"-1e999999999998"},
    {"-1500.01"},
    {"-1500", "-1500.00", "-15e2", "-0.15E+4"},
    {"-1"},
    {"-0.10000000000000000001"},
    {"-0.1", "-1e-1", "-0.100"},
    {"-1e-999999999999"},
    {"0", "-0", "0.0", "0e0", "0e999999999999999999999999", "-0.000e-5"},
    {"1e-99999999999999999999999999999999"},
    {"1e-9999999999", "0.1e-9999999998", "10e-10000000000", "1e-00000000009999999999"},
    {"0.09"},
    {"0.1", "1e-1", "0.10", "0.0001e3"},
    {"0.10000000000000000001"},
    {"0.2"},
    {"0.9999999999999999999999"},
    {"1", "1.0", "1e0", "10e-1", "1E+00", "0.01e2", "100e-2"},
    {"1.0000000000000000000001"},
    {"9"},
    {"10", "1e1", "1.0e01"},
    {"12"},
    {"12.5", "125e-1"},
    {"100"},
    {"1500", "1500.00", "15e2", "1.5e3", "1500e0", "0.0015e6", "150000e-2"},
    {"1500.01"},
    {"9007199254740992"},
    {"9007199254740993", "9007199254740993.0", "9007199254740.993e3"},
    {"18446744073709551616"},
    {"18446744073709551617"},
    {"1e9223372036854775807"},
    {"1e9223372036854775808", "10e9223372036854775807", "0.1e9223372036854775809"},
    {"1e18446744073709551616"},
    {"1e999999999999999999999", "0.1e1000000000000000000000", "10e999999999999999999998"},
    {"1.1e999999999999999999999", "0.011e1000000000000000000001"},
    {"1e1000000000000000000000"},
};

static void each_line_ascends(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ascending); i++) {
        for (size_t k = 0; k < ARRAY_LEN(ascending); k++) {
            int expected = i < k ? -1 : i > k;

            for (size_t a = 0; a < 8 && ascending[i][a]; a++) {
                for (size_t b = 0; b < 8 && ascending[k][b]; b++) {
                    int r = json_number_compare(span_of(ascending[i][a]), span_of(ascending[k][b]));

                    if ((r > 0) - (r < 0) != expected)
                        fail_msg("%s and %s: %d", ascending[i][a], ascending[k][b], r);
                }
            }
        }
    }
}

enum { LONG = 100 * 1000 };

/* "1" and zeros, so that a wrong place of the point would show. */
static void long_numbers(void **state)
{
    char *digits = malloc(LONG + 2), exponent[32];

    (void)state;
    assert_non_null(digits);
    memset(digits, '0', LONG + 2);
    digits[0] = '1';
    (void)snprintf(exponent, sizeof(exponent), "1e%d", LONG);
    assert_int_equal(json_number_compare((struct span){digits, LONG + 1}, span_of(exponent)), 0);
    assert_true(json_number_compare((struct span){digits, LONG}, span_of(exponent)) < 0);
    assert_true(json_number_compare((struct span){digits, LONG + 2}, span_of(exponent)) > 0);

    /* The same digits as an exponent: 1e1000…0 */
    memmove(digits + 2, digits, LONG);
    digits[1] = 'e';
    assert_int_equal(json_number_compare((struct span){digits, LONG}, (struct span){digits, LONG}),
                     0);
    assert_true(json_number_compare((struct span){digits, LONG}, (struct span){digits, LONG + 1}) <
                0);

    /* 1.000…0, and 1.000…01 */
    digits[1] = '.';
    digits[2] = '0';
    assert_int_equal(json_number_compare((struct span){digits, LONG}, SPAN("10e-1")), 0);
    digits[LONG - 1] = '1';
    assert_true(json_number_compare((struct span){digits, LONG}, SPAN("1")) > 0);
    assert_true(json_number_compare(SPAN("1.1"), (struct span){digits, LONG}) > 0);
    free(digits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_ascends),
        cmocka_unit_test(long_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
