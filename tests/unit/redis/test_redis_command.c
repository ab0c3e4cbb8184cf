/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/buf.h"
#include "common/redis/redis_client.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct redis_command c;

static int set_up(void **state)
{
    (void)state;
    redis_command_init(&c);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    redis_command_fini(&c);
    return 0;
}

static void expect_bytes(const char *text)
{
    struct span bytes = redis_command_bytes(&c);

    assert_int_equal(bytes.len, strlen(text));
    assert_memory_equal(bytes.data, text, bytes.len);
}

static void arguments(void **state)
{
    (void)state;
    expect_bytes("");
    redis_arg_text(&c, "SET");
    redis_arg_span(&c, SPAN("k"));
    redis_arg(&c, NULL, 0);
    redis_arg_i64(&c, INT64_MIN);
    redis_arg_i64(&c, 0);
    expect_bytes(
        "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n$20\r\n-9223372036854775808\r\n$1\r\n0\r\n");
    redis_arg_text(&c, "x"); /* goes on after its bytes were looked at */
    assert_int_equal(redis_command_bytes(&c).data[1], '6');

    redis_command_begin(&c);
    redis_arg_text(&c, "PING");
    expect_bytes("*1\r\n$4\r\nPING\r\n");
}

static void many_and_large(void **state)
{
    char *large = malloc(100000);
    struct span bytes;

    (void)state;
    memset(large, 'x', 100000);
    for (int i = 0; i < 12345; i++)
        redis_arg(&c, "", 0);
    redis_arg(&c, large, 100000);
    bytes = redis_command_bytes(&c);
    assert_int_equal(bytes.len, 8 + 12345 * 6 + 9 + 100000 + 2);
    assert_memory_equal(bytes.data, "*12346\r\n", 8);
    free(large);
}

static void too_large_is_an_error(void **state)
{
    (void)state;
    redis_arg_text(&c, "SET");
    redis_arg(&c, "x", SIZE_MAX);
    assert_int_equal(c.error, -ENOBUFS);
    redis_arg_text(&c, "after");
    assert_int_equal(redis_command_bytes(&c).len, 0);
    redis_command_begin(&c);
    redis_arg(&c, "x", (size_t)512 << 20);
    assert_int_equal(c.error, -ENOBUFS);
    redis_command_begin(&c);
    assert_int_equal(c.error, 0);
    redis_arg_text(&c, "PING");
    expect_bytes("*1\r\n$4\r\nPING\r\n");
}

/* The SHA-1 as sha1sum(1) tells it. */
static void script(void **state)
{
    struct redis_script s;
    struct buf whole;

    (void)state;
    redis_script_init(&s, "one", "return 1");
    assert_string_equal(s.sha1, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    redis_script_begin(&c, &s, 1);
    redis_arg_text(&c, "key");
    redis_arg_text(&c, "\r\n$");
    expect_bytes("*5\r\n$7\r\nEVALSHA\r\n$40\r\ne0e1f9fabfc9d4800c877a703b823ac0578ff8db\r\n"
                 "$1\r\n1\r\n$3\r\nkey\r\n$3\r\n\r\n$\r\n");

    buf_init(&whole, 1000);
    assert_int_equal(redis_script_whole(&whole, &s, redis_command_bytes(&c)), 0);
    assert_string_equal(
        whole.data,
        "*5\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n1\r\n$3\r\nkey\r\n$3\r\n\r\n$\r\n");
    buf_fini(&whole);
    buf_init(&whole, 10);
    assert_int_equal(redis_script_whole(&whole, &s, redis_command_bytes(&c)), -ENOBUFS);
    buf_fini(&whole);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {T(arguments), T(many_and_large), T(too_large_is_an_error),
                                       T(script)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
