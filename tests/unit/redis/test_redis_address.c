/* SPDX-License-Identifier: Apache-2.0 */
#include "common/redis/redis_client.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void good_forms(void **state)
{
    static const struct {
        const char *url, *host, *user, *password;
        int port, db;
        bool is_tls;
        const char *text;
    } cases[] = {
        {"redis://h", "h", NULL, NULL, 6379, 0, false, "redis://h:6379/0"},
        {"redis://h/", "h", NULL, NULL, 6379, 0, false, "redis://h:6379/0"},
        {"redis://127.0.0.1:7000/3", "127.0.0.1", NULL, NULL, 7000, 3, false,
         "redis://127.0.0.1:7000/3"},
        {"redis://:pw@h", "h", NULL, "pw", 6379, 0, false, "redis://h:6379/0"},
        {"redis://u:p%40s%3As%2f%25@h:1", "h", "u", "p@s:s/%", 1, 0, false, "redis://u@h:1/0"},
        {"redis://u:p:q@w@h", "h", "u", "p:q@w", 6379, 0, false, "redis://u@h:6379/0"},
        {"rediss://h:65535/65535", "h", NULL, NULL, 65535, 65535, true, "rediss://h:65535/65535"},
        {"redis://[::1]", "::1", NULL, NULL, 6379, 0, false, "redis://[::1]:6379/0"},
        {"redis://[fe80::1]:7/1", "fe80::1", NULL, NULL, 7, 1, false, "redis://[fe80::1]:7/1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct redis_address a;
        struct diag diag = {""};
        char text[128];

        assert_int_equal(redis_address_parse(&a, cases[i].url, &diag), 0);
        assert_string_equal(a.host, cases[i].host);
        assert_string_equal(a.user ? a.user : "-", cases[i].user ? cases[i].user : "-");
        assert_string_equal(a.password ? a.password : "-",
                            cases[i].password ? cases[i].password : "-");
        assert_int_equal(a.port, cases[i].port);
        assert_int_equal(a.db, cases[i].db);
        assert_int_equal(a.is_tls, cases[i].is_tls);
        assert_null(a.unix_path);
        redis_address_text(&a, text, sizeof(text));
        assert_string_equal(text, cases[i].text);
        redis_address_fini(&a);
    }
}

static void unix_socket(void **state)
{
    struct redis_address a;
    struct diag diag;
    char text[64], url[256] = "unix:///";

    (void)state;
    assert_int_equal(redis_address_parse(&a, "unix:///run/redis.sock", &diag), 0);
    assert_string_equal(a.unix_path, "/run/redis.sock");
    assert_null(a.host);
    redis_address_text(&a, text, sizeof(text));
    assert_string_equal(text, "unix:///run/redis.sock");
    redis_address_fini(&a);

    memset(url + strlen(url), 'x', 107); /* one byte more than a socket's path may have */
    assert_int_equal(redis_address_parse(&a, url, &diag), -EINVAL);
    url[strlen(url) - 1] = '\0';
    assert_int_equal(redis_address_parse(&a, url, &diag), 0);
    redis_address_fini(&a);
}

/* Each refusal says what was expected, and never the password. */
static void refusals(void **state)
{
    static const char *const cases[][2] = {
        {"", "redis://"},
        {"h:6379", "redis://"},
        {"http://h", "redis://"},
        {"REDIS://h", "redis://"},
        {"redis://", "host"},
        {"redis:///0", "host"},
        {"redis://:6379", "host"},
        {"redis://:hunter2@", "host"},
        {"redis://:hunter2@:6379", "host"},
        {"redis://a b", "host"},
        {"redis://hunter2@h", "password"},
        {"redis://u:@h", "password"},
        {"redis://@h", "password"},
        {"redis://u:hunter2%4@h", "two hex digits"},
        {"redis://u:hunter2%zz@h", "two hex digits"},
        {"redis://u:hunter2%00@h", "two hex digits"},
        {"redis://h:", "port"},
        {"redis://h:0", "port"},
        {"redis://h:65536", "port"},
        {"redis://h:x", "port"},
        {"redis://::1", "port"},
        {"redis://h:1:2", "port"},
        {"redis://[::1", "']'"},
        {"redis://[::1]x", "']'"},
        {"redis://[]:1", "host"},
        {"redis://h/x", "database"},
        {"redis://h/-1", "database"},
        {"redis://h/65536", "database"},
        {"redis://h/0/1", "database"},
        {"redis://h/0?x=1", "database"},
        {"unix://", "absolute path"},
        {"unix:///", "absolute path"},
        {"unix://relative", "absolute path"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct redis_address a = {.port = 99};
        struct diag diag = {""};

        assert_int_equal(redis_address_parse(&a, cases[i][0], &diag), -EINVAL);
        assert_non_null(strstr(diag.text, cases[i][1]));
        assert_null(strstr(diag.text, "hunter2"));
        assert_int_equal(a.port, 99);
        assert_int_equal(redis_address_parse(&a, cases[i][0], NULL), -EINVAL);
    }
}

static void too_long(void **state)
{
    static char url[3000];
    struct redis_address a;
    struct diag diag;

    (void)state;
    memset(url, 'x', sizeof(url) - 1);
    memcpy(url, "redis://", 8);
    assert_int_equal(redis_address_parse(&a, url, &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "2048"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_forms),
        cmocka_unit_test(unix_socket),
        cmocka_unit_test(refusals),
        cmocka_unit_test(too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
