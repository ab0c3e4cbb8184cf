#include "api/openapi.h"
#include "api/route.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static json_t *document;

static int make(void **state)
{
    struct diag diag = {""};

    (void)state;
    document = openapi_document(&diag);
    if (!document)
        print_error("%s\n", diag.text);
    return document ? 0 : -1;
}

static int drop(void **state)
{
    (void)state;
    json_decref(document);
    return 0;
}

static json_t *call_at(const char *path, const char *method)
{
    return json_object_get(json_object_get(json_object_get(document, "paths"), path), method);
}

static void every_call_is_described(void **state)
{
    int place = openapi_left_out(document);

    (void)state;
    if (place >= 0)
        fail_msg("%s %s is not described", route_at((size_t)place)->method,
                 route_at((size_t)place)->pattern);
}

static void a_missing_one_is_told(void **state)
{
    (void)state;
    assert_int_equal(openapi_left_out(NULL), 0);
}

static void the_table_says_who_may(void **state)
{
    json_t *put = call_at("/tenant/settings/{name}", "put"), *ready = call_at("/readyz", "get");

    (void)state;
    assert_string_equal(json_string_value(json_object_get(put, "x-role")), "admin");
    assert_null(json_object_get(put, "security"));
    assert_non_null(json_object_get(json_object_get(put, "responses"), "401"));
    assert_non_null(json_object_get(json_object_get(put, "responses"), "413"));
    assert_int_equal(json_array_size(json_object_get(ready, "security")), 0);
    assert_true(json_is_array(json_object_get(ready, "security")));
    assert_null(json_object_get(json_object_get(ready, "responses"), "401"));
}

static void a_call_of_a_tenant_may_name_it(void **state)
{
    json_t *parameters = json_object_get(call_at("/tenant/settings", "get"), "parameters");

    (void)state;
    assert_string_equal(json_string_value(json_object_get(json_array_get(parameters, 0), "$ref")),
                        "#/components/parameters/GrapnelTenant");
    assert_null(json_object_get(call_at("/readyz", "get"), "parameters"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_is_described),
        cmocka_unit_test(a_missing_one_is_told),
        cmocka_unit_test(the_table_says_who_may),
        cmocka_unit_test(a_call_of_a_tenant_may_name_it),
    };

    return cmocka_run_group_tests(tests, make, drop);
}
