/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/keys.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void names(void **state)
{
    struct keys k;

    (void)state;
    assert_int_equal(keys_init(&k, "grapnel", 4, NULL), 0);
    assert_string_equal(keys_head(&k, 0), "grapnel:{0}:");
    assert_string_equal(keys_head(&k, 3), "grapnel:{3}:");
    assert_string_equal(k.meta, "grapnel:meta");
    keys_fini(&k);
}

static void bounds(void **state)
{
    char longest[KEY_PREFIX_BYTES_MAX + 2];
    struct diag diag;
    struct keys k;

    (void)state;
    memset(longest, 'p', sizeof(longest));
    longest[KEY_PREFIX_BYTES_MAX + 1] = '\0';
    assert_int_equal(keys_init(&k, longest, 1, &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "key_prefix"));
    longest[KEY_PREFIX_BYTES_MAX] = '\0';
    assert_int_equal(keys_init(&k, longest, 4096, NULL), 0);
    assert_int_equal(strlen(keys_head(&k, 4095)), KEY_PREFIX_BYTES_MAX + strlen(":{4095}:"));
    assert_int_equal(strlen(k.meta), KEY_PREFIX_BYTES_MAX + strlen(":meta"));
    keys_fini(&k);

    assert_int_equal(keys_init(&k, "", 1, &diag), -EINVAL);
    assert_int_equal(keys_init(&k, "a b", 1, &diag), -EINVAL);
    assert_int_equal(keys_init(&k, "a{b}", 1, &diag), -EINVAL); /* would be the hash tag */
    assert_int_equal(keys_init(&k, "grapnel", 0, &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "partitions"));
    assert_int_equal(keys_init(&k, "grapnel", 4097, &diag), -EINVAL);
}

static void as_argument(void **state)
{
    struct redis_command cmd;
    struct span bytes;
    struct keys k;
    char whole[160];

    (void)state;
    assert_int_equal(keys_init(&k, "g", 2, NULL), 0);
    redis_command_init(&cmd);
    redis_arg_text(&cmd, "GET");
    redis_arg_key(&cmd, &k, 1, KEY_DELIVERY,
                  SPAN("whd_1 and more") /* all of it, whatever it is */);
    redis_arg_key(&cmd, &k, 0, KEY_EVENTS, SPAN(""));
    bytes = redis_command_bytes(&cmd);
    (void)snprintf(whole, sizeof(whole), "%.*s", (int)bytes.len, bytes.data);
    assert_string_equal(whole, "*3\r\n$3\r\nGET\r\n$29\r\ng:{1}:delivery:whd_1 and more\r\n"
                               "$12\r\ng:{0}:events\r\n");
    redis_command_fini(&cmd);
    keys_fini(&k);
}

static void partition_of_a_key(void **state)
{
    static const char *const others[] = {
        "",
        "grapnel:meta",
        "grapnel:{4}:events",
        "grapnel:{x}:events",
        "grapnel:{}:events",
        "grapnel:{1",
        "grapnel:}1{:events",
        "grapnel:{-1}:events",
    };
    unsigned partition = 99;
    struct keys k;

    (void)state;
    assert_int_equal(keys_init(&k, "grapnel", 4, NULL), 0);
    assert_int_equal(keys_partition(&k, SPAN("grapnel:{3}:events"), &partition), 0);
    assert_int_equal(partition, 3);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_int_equal(keys_partition(&k, span_of(others[i]), &partition), -EINVAL);
    assert_int_equal(partition, 3);
    keys_fini(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(bounds),
        cmocka_unit_test(as_argument),
        cmocka_unit_test(partition_of_a_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
