/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *param(const char *path)
{
    static struct route_match match;

    route_find(&match, "GET", path);
    return match.route ? match.params[0] : NULL;
}

static void decodes_what_stands_in_the_path(void **state)
{
    (void)state;
    assert_string_equal(param("/tenant/settings/webhook-url"), "webhook-url");
    assert_string_equal(param("/tenant/settings/a%20b%2Fc"), "a b/c");
    assert_string_equal(param("/tenant/settings/%C3%a9"), "\xc3\xa9");
    assert_string_equal(param("/tenant/settings/a:b.c_d"), "a:b.c_d");
}

static void what_is_no_parameter_fits_nothing(void **state)
{
    static const char *const wrong[] = {
        "",
        "/",
        "tenant/settings/a",
        "/tenant/settings/a/",
        "/tenant/settings/a/b",
        "/tenant//settings/a",
        "/tenant/settings//",
        "/Tenant/settings/a",
        "/tenant/settings/%",
        "/tenant/settings/%2",
        "/tenant/settings/%2g",
        "/tenant/settings/%00",
        "/tenant/settings/a%0d%0ab",
        "/tenant/settings/%7f",
    };
    char path[ROUTE_PARAM_BYTES_MAX + 40];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        if (param(wrong[i]))
            fail_msg("%s: %s", wrong[i], param(wrong[i]));
    (void)snprintf(path, sizeof(path), "/tenant/settings/%0*d", ROUTE_PARAM_BYTES_MAX - 1, 0);
    assert_non_null(param(path));
    (void)snprintf(path, sizeof(path), "/tenant/settings/%0*d", ROUTE_PARAM_BYTES_MAX, 0);
    assert_null(param(path));
}

static void tells_the_methods_of_a_path(void **state)
{
    struct route_match match;
    char methods[64], small[6];

    (void)state;
    route_find(&match, "BREW", "/tenant/settings/webhook-url");
    assert_null(match.route);
    assert_true(match.has_path);
    route_methods(methods, sizeof(methods), "/tenant/settings/webhook-url");
    assert_string_equal(methods, "GET, PUT");
    route_methods(small, sizeof(small), "/tenant/settings/webhook-url");
    assert_string_equal(small, "GET, ");
    route_methods(methods, sizeof(methods), "/nope");
    assert_string_equal(methods, "");
    route_find(&match, "GET", "/nope");
    assert_true(!match.route && !match.has_path);
}

/* No two rows for the same call; a body only where one is read; patterns that can be matched. */
static void the_table_is_sound(void **state)
{
    const struct route *a, *b;

    (void)state;
    for (size_t i = 0; (a = route_at(i)); i++) {
        unsigned params = 0;

        assert_true(a->pattern[0] == '/' && a->handle && a->method);
        assert_true(a->body_max == 0 || strcmp(a->method, "GET") != 0);
        for (const char *c = a->pattern; *c; c++)
            params += *c == '{';
        assert_true(params <= ROUTE_PARAMS_MAX);
        for (size_t k = i + 1; (b = route_at(k)); k++)
            assert_true(strcmp(a->method, b->method) != 0 || strcmp(a->pattern, b->pattern) != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_what_stands_in_the_path),
        cmocka_unit_test(what_is_no_parameter_fits_nothing),
        cmocka_unit_test(tells_the_methods_of_a_path),
        cmocka_unit_test(the_table_is_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
