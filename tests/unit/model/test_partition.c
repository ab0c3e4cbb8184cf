/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/partition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* The check value of CRC-32/ISO-HDLC, as every catalogue of CRCs has it. */
static void crc_is_the_common_one(void **state)
{
    (void)state;
    assert_int_equal(crc32_add(0, SPAN("123456789")), 0xcbf43926);
    assert_int_equal(crc32_add(0, SPAN("")), 0);
    assert_int_equal(crc32_add(0, SPAN("\xff\x00\x80")), 0xac616edf);
}

static void crc_goes_on(void **state)
{
    (void)state;
    assert_int_equal(crc32_add(crc32_add(0, SPAN("12345")), SPAN("6789")), 0xcbf43926);
}

static void partition_is_within(void **state)
{
    char tenant[16];
    unsigned counts[7] = {0};

    (void)state;
    for (int i = 0; i < 7000; i++) {
        unsigned p;

        (void)snprintf(tenant, sizeof(tenant), "%d", i);
        p = partition_of(span_of(tenant), 7);
        assert_true(p < 7);
        counts[p]++;
    }
    for (int i = 0; i < 7; i++)
        assert_in_range(counts[i], 900, 1100); /* even, give or take */
    assert_int_equal(partition_of(SPAN("anything"), 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_is_the_common_one),
        cmocka_unit_test(crc_goes_on),
        cmocka_unit_test(partition_is_within),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
