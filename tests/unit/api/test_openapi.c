/* SPDX-License-Identifier: Apache-2.0 */
#include "api/openapi.h"
#include "api/openapi_short.h"
#include "api/route.h"
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/* ---- what holds for the whole document ---- */

static void each_object(json_t *value, const char *where, void (*fn)(json_t *of, const char *where))
{
    const char *name;
    char place[1024];
    json_t *member;

    if (json_is_object(value))
        fn(value, where);
    json_object_foreach(value, name, member)
    {
        (void)snprintf(place, sizeof(place), "%s/%s", where, name);
        if (strcmp(name, "example") != 0)
            each_object(member, place, fn);
    }
    for (size_t i = 0; i < json_array_size(value); i++)
        each_object(json_array_get(value, i), where, fn);
}

static bool is_named_object(const json_t *type)
{
    const char *name = json_string_value(json_is_array(type) ? json_array_get(type, 0) : type);

    return name && strcmp(name, "object") == 0;
}

static void says_what_is_in_it(json_t *of, const char *where)
{
    if (is_named_object(json_object_get(of, "type")) && !json_object_get(of, "properties") &&
        !json_object_get(of, "additionalProperties"))
        fail_msg("%s: an object of which nothing is said", where);
}

static void no_object_is_left_open(void **state)
{
    (void)state;
    each_object(document, "", says_what_is_in_it);
}

static void leads_somewhere(json_t *of, const char *where)
{
    const char *ref = json_string_value(json_object_get(of, "$ref"));
    char kind[64], name[64];

    if (!ref)
        return;
    if (sscanf(ref, "#/components/%63[^/]/%63[^/]", kind, name) != 2 ||
        !json_object_get(json_object_get(json_object_get(document, "components"), kind), name))
        fail_msg("%s: there is no %s", where, ref);
}

static void each_reference_leads_somewhere(void **state)
{
    (void)state;
    each_object(document, "", leads_somewhere);
}

/* What the short form is written with is gone. */
static void is_openapi(json_t *of, const char *where)
{
    static const char *const ours[] = {"include", "list", "page", "parts", "tag"};

    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        if (json_object_get(of, ours[i]) && !strstr(where, "/properties"))
            fail_msg("%s: %s is left", where, ours[i]);
}

static void nothing_of_the_short_form_is_left(void **state)
{
    (void)state;
    each_object(document, "", is_openapi);
}

static json_t *resolved(json_t *of)
{
    const char *ref = json_string_value(json_object_get(of, "$ref"));
    char kind[64], name[64];

    if (!ref || sscanf(ref, "#/components/%63[^/]/%63[^/]", kind, name) != 2)
        return of;
    return json_object_get(json_object_get(json_object_get(document, "components"), kind), name);
}

static bool has_parameter(json_t *parameters, const char *name, size_t len)
{
    for (size_t i = 0; i < json_array_size(parameters); i++) {
        json_t *p = resolved(json_array_get(parameters, i));
        const char *its = json_string_value(json_object_get(p, "name"));

        if (strcmp(json_string_value(json_object_get(p, "in")), "path") == 0 &&
            strlen(its) == len && strncmp(its, name, len) == 0)
            return true;
    }
    return false;
}

static void each_part_of_a_path_is_a_parameter(void **state)
{
    const struct route *route;

    (void)state;
    for (size_t i = 0; (route = route_at(i)); i++) {
        const char *part = strchr(route->pattern, '{');
        char method[16];

        if (!part)
            continue;
        for (size_t n = 0; n <= strlen(route->method); n++)
            method[n] = (char)tolower((unsigned char)route->method[n]);
        if (!has_parameter(json_object_get(call_at(route->pattern, method), "parameters"), part + 1,
                           strcspn(part + 1, "}")))
            fail_msg("%s %s: what stands in the path is not described", method, route->pattern);
    }
}

static json_t *schema(const char *name)
{
    return json_object_get(json_object_get(json_object_get(document, "components"), "schemas"),
                           name);
}

static void a_schema_has_what_it_includes(void **state)
{
    json_t *whole = schema("DeliveryWithAttempts"), *base = schema("Delivery");
    const char *name;
    json_t *member;

    (void)state;
    assert_non_null(json_object_get(json_object_get(whole, "properties"), "attempt_list"));
    assert_null(json_object_get(json_object_get(base, "properties"), "attempt_list"));
    json_object_foreach(json_object_get(base, "properties"), name, member) assert_true(
        json_equal(json_object_get(json_object_get(whole, "properties"), name), member));
    assert_int_equal(json_array_size(json_object_get(whole, "required")),
                     json_array_size(json_object_get(base, "required")) + 1);
}

static void what_includes_a_missing_schema_is_refused(void **state)
{
    json_t *schemas = json_pack("{s:{s:[s]}}", "A", "include", "B");
    struct diag diag = {""};

    (void)state;
    assert_int_not_equal(openapi_short_include(schemas, NULL, &diag), 0);
    assert_non_null(strstr(diag.text, "B"));
    json_decref(schemas);
}

static void a_circle_of_includes_ends(void **state)
{
    json_t *schemas = json_pack("{s:{s:[s], s:{s:{}}}, s:{s:[s], s:{s:{}}}}", "A", "include", "B",
                                "properties", "a", "B", "include", "A", "properties", "b");
    struct diag diag = {""};

    (void)state;
    assert_int_equal(openapi_short_include(schemas, NULL, &diag), 0);
    json_decref(schemas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_is_described),
        cmocka_unit_test(a_missing_one_is_told),
        cmocka_unit_test(the_table_says_who_may),
        cmocka_unit_test(a_call_of_a_tenant_may_name_it),
        cmocka_unit_test(no_object_is_left_open),
        cmocka_unit_test(each_reference_leads_somewhere),
        cmocka_unit_test(nothing_of_the_short_form_is_left),
        cmocka_unit_test(each_part_of_a_path_is_a_parameter),
        cmocka_unit_test(a_schema_has_what_it_includes),
        cmocka_unit_test(what_includes_a_missing_schema_is_refused),
        cmocka_unit_test(a_circle_of_includes_ends),
    };

    return cmocka_run_group_tests(tests, make, drop);
}
