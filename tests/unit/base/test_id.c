/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/id.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void round_trip(void **state)
{
    static const unsigned partitions[] = {0, 1, 15, 16, 255, 256, 4095};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(partitions); i++) {
        char id[ID_SIZE], other[ID_SIZE];
        unsigned partition = 9999;

        id_make(id, "whd_", partitions[i]);
        id_make(other, "whd_", partitions[i]);
        assert_string_not_equal(id, other);
        assert_int_equal(strlen(id), 40);
        assert_int_equal(id_parse(span_of(id), "whd_", &partition), 0);
        assert_int_equal(partition, partitions[i]);
        assert_int_equal(id_parse(span_of(id), "ep_", &partition), -EINVAL);
    }
}

static void refuses_other_forms(void **state)
{
    static const char good[] = "ep_0123abcd-0123-4abc-8def-0123456789ab";
    static const char *const bad[] = {
        "",
        "ep_",
        "0123abcd-0123-4abc-8def-0123456789ab",
        "ep_0123abcd-0123-1abc-8def-0123456789ab", /* version 1 */
        "ep_0123abcd-0123-4abc-7def-0123456789ab", /* variant */
        "ep_0123abcd-0123-4abc-cdef-0123456789ab",
        "ep_0123ABCD-0123-4abc-8def-0123456789ab",
        "ep_0123abcg-0123-4abc-8def-0123456789ab",
        "ep_0123abcd00123-4abc-8def-0123456789ab",
        "ep_0123abcd-0123-4abc-8def-0123456789a",
        "ep_0123abcd-0123-4abc-8def-0123456789abc",
        "ep-0123abcd-0123-4abc-8def-0123456789ab",
    };
    unsigned partition = 7;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(id_parse(span_of(bad[i]), "ep_", &partition), -EINVAL);
    assert_int_equal(partition, 7);
    assert_int_equal(id_parse(span_of(good), "ep_", &partition), 0);
    assert_int_equal(partition, 0xabc);
}

static void event_round_trip(void **state)
{
    char id[64], stream_id[48];
    unsigned partition;

    (void)state;
    assert_int_equal(id_event(id, 2, SPAN("1737556200000-0")), 0);
    assert_string_equal(id, "evt_2_1737556200000_0");
    assert_int_equal(id_event_parse(span_of(id), &partition, stream_id), 0);
    assert_int_equal(partition, 2);
    assert_string_equal(stream_id, "1737556200000-0");

    assert_int_equal(id_event(id, 4095, SPAN("18446744073709551615-18446744073709551615")), 0);
    assert_int_equal(id_event_parse(span_of(id), &partition, stream_id), 0);
    assert_int_equal(partition, 4095);
    assert_string_equal(stream_id, "18446744073709551615-18446744073709551615");
}

static void event_refusals(void **state)
{
    static const char *const bad_streams[] = {
        "",      "-",    "1",    "1-",  "-1", "a-1",  "1-b",
        "1-2-3", "01-2", "1-02", "1_2", "*",  " 1-2", "18446744073709551616-0"};
    static const char *const bad_events[] = {"",
                                             "evt_",
                                             "evt_2",
                                             "evt_2_",
                                             "evt_2_1",
                                             "evt_2_1_",
                                             "evt__1_2",
                                             "evt_a_1_2",
                                             "evt_4096_1_2",
                                             "evt_02_1_2",
                                             "evt_2_01_2",
                                             "evt_2_1_02",
                                             "evt_2_1_2_3",
                                             "evt_2_1-2",
                                             "EVT_2_1_2",
                                             "evt_2_18446744073709551616_0",
                                             "evt_-1_1_2"};
    char id[64] = "kept", stream_id[48] = "kept";
    unsigned partition = 7;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad_streams); i++)
        assert_int_equal(id_event(id, 1, span_of(bad_streams[i])), -EINVAL);
    assert_int_equal(id_event(id, PARTITIONS_MAX, SPAN("1-2")), -EINVAL);
    assert_string_equal(id, "kept");
    for (size_t i = 0; i < ARRAY_LEN(bad_events); i++)
        assert_int_equal(id_event_parse(span_of(bad_events[i]), &partition, stream_id), -EINVAL);
    assert_int_equal(partition, 7);
    assert_string_equal(stream_id, "kept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(refuses_other_forms),
        cmocka_unit_test(event_round_trip),
        cmocka_unit_test(event_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
