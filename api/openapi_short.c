/* SPDX-License-Identifier: Apache-2.0 */
#include "api/openapi_short.h"
#include <errno.h>
#include <string.h>

json_t *openapi_short_ref(const char *kind, const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/components/%s/%s", kind, name));
}

/* ---- schemas of bodies and answers ---- */

/* {"keys": "Key"} → an object with a list, and with the cursor of the next page where there are pages. */
static json_t *openapi_short_list(json_t *named, bool has_pages)
{
    const char *name = json_object_iter_key(json_object_iter(named));
    json_t *of = json_object_get(named, name);
    json_t *schema = json_pack("{s:s, s:[s], s:{s:{s:s, s:o}}}", "type", "object", "required", name,
                               "properties", name, "type", "array", "items",
                               openapi_short_ref("schemas", json_string_value(of)));

    if (!has_pages)
        return schema;
    (void)json_array_append_new(json_object_get(schema, "required"), json_string("next_cursor"));
    (void)json_object_set_new(
        json_object_get(schema, "properties"), "next_cursor",
        json_pack("{s:[s, s], s:s}", "type", "string", "null", "description",
                  "the query's `cursor` for the next page; null: this is the last"));
    return schema;
}

/* The schema that @of names, which is taken out of it; NULL: none. */
static json_t *openapi_short_take_schema(json_t *of)
{
    json_t *schema = json_object_get(of, "schema"), *list = json_object_get(of, "list"),
           *page = json_object_get(of, "page"), *full = NULL;

    if (json_is_string(schema))
        full = openapi_short_ref("schemas", json_string_value(schema));
    else if (schema)
        full = json_incref(schema);
    else if (list || page)
        full = openapi_short_list(list ? list : page, page);
    (void)json_object_del(of, "schema");
    (void)json_object_del(of, "list");
    (void)json_object_del(of, "page");
    return full;
}

/* ---- answers ---- */

/* "Problem", and what is named like it. */
static bool openapi_short_is_problem(const json_t *response)
{
    const char *name = json_string_value(json_object_get(response, "schema"));
    size_t len = name ? strlen(name) : 0, end = strlen("Problem");

    return len >= end && strcmp(name + len - end, "Problem") == 0;
}

static void openapi_short_headers(json_t *response)
{
    json_t *names = json_object_get(response, "headers"), *headers, *name;
    size_t i;

    if (!json_is_array(names))
        return;
    headers = json_object();
    json_array_foreach(names, i, name)
    {
        const char *text = json_string_value(name);

        (void)json_object_set_new(headers, text, openapi_short_ref("headers", text));
    }
    (void)json_object_set_new(response, "headers", headers);
}

static void openapi_short_response(json_t *response)
{
    const char *type =
        openapi_short_is_problem(response) ? "application/problem+json" : "application/json";
    json_t *schema = openapi_short_take_schema(response);

    if (schema)
        (void)json_object_set_new(response, "content",
                                  json_pack("{s:{s:o}}", type, "schema", schema));
    openapi_short_headers(response);
}

void openapi_short_responses(json_t *responses)
{
    const char *status;
    json_t *response;
    void *next;

    json_object_foreach_safe(responses, next, status, response)
    {
        if (json_is_string(response))
            (void)json_object_set_new(responses, status,
                                      openapi_short_ref("responses", json_string_value(response)));
        else
            openapi_short_response(response);
    }
}

/* ---- calls ---- */

static void openapi_short_parameters(json_t *parameters)
{
    for (size_t i = 0; i < json_array_size(parameters); i++) {
        const char *name = json_string_value(json_array_get(parameters, i));

        if (name)
            (void)json_array_set_new(parameters, i, openapi_short_ref("parameters", name));
    }
}

static void openapi_short_body(json_t *body, bool is_patch)
{
    json_t *schema = openapi_short_take_schema(body), *example, *media;

    if (!schema)
        return;
    media = json_pack("{s:o}", "schema", schema);
    example = json_object_get(body, "example");
    if (example)
        (void)json_object_set(media, "example", example);
    (void)json_object_clear(body);
    (void)json_object_set_new(body, "required", json_true());
    (void)json_object_set_new(body, "content", json_pack("{s:O}", "application/json", media));
    if (is_patch)
        (void)json_object_set(json_object_get(body, "content"), "application/merge-patch+json",
                              media);
    json_decref(media);
}

void openapi_short_call(json_t *call, const char *method)
{
    openapi_short_parameters(json_object_get(call, "parameters"));
    openapi_short_body(json_object_get(call, "requestBody"), strcmp(method, "patch") == 0);
    openapi_short_responses(json_object_get(call, "responses"));
}

/* ---- schemas that are made of others ---- */

static bool openapi_short_has(const json_t *list, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), value))
            return true;
    return false;
}

static void openapi_short_add_required(json_t *schema, json_t *names)
{
    json_t *all = json_object_get(schema, "required");

    if (!all && json_array_size(names)) {
        all = json_array();
        (void)json_object_set_new(schema, "required", all);
    }
    for (size_t i = 0; i < json_array_size(names); i++)
        if (!openapi_short_has(all, json_array_get(names, i)))
            (void)json_array_append(all, json_array_get(names, i));
}

/* The schema's own members count, and stand behind those of @base. */
static void openapi_short_add_base(json_t *schema, const json_t *base)
{
    json_t *properties = json_copy(json_object_get(base, "properties"));

    (void)json_object_update(properties, json_object_get(schema, "properties"));
    (void)json_object_set_new(schema, "properties", properties);
    openapi_short_add_required(schema, json_object_get(base, "required"));
}

static int openapi_short_complete(json_t *schema, json_t *schemas, json_t *parts, struct diag *diag)
{
    json_t *names = json_incref(json_object_get(schema, "include"));
    int r = 0;

    (void)json_object_del(schema, "include"); /* first, so that a circle ends */
    for (size_t i = json_array_size(names); i-- > 0 && !r;) {
        const char *name = json_string_value(json_array_get(names, i));
        json_t *base = json_object_get(parts, name);

        base = base ? base : json_object_get(schemas, name);
        if (!base)
            r = diag_set(diag, "%s: is included, but not there", name);
        r = r ? r : openapi_short_complete(base, schemas, parts, diag);
        if (!r)
            openapi_short_add_base(schema, base);
    }
    json_decref(names);
    return r;
}

int openapi_short_include(json_t *schemas, json_t *parts, struct diag *diag)
{
    const char *name;
    json_t *schema;
    int r = 0;

    json_object_foreach(schemas, name, schema)
    {
        r = r ? r : openapi_short_complete(schema, schemas, parts, diag);
    }
    return r;
}

void openapi_short_refs(json_t *value)
{
    const char *name, *ref = json_string_value(json_object_get(value, "$ref"));
    json_t *member;

    if (ref && *ref != '#')
        (void)json_object_set_new(value, "$ref", json_sprintf("#/components/schemas/%s", ref));
    json_object_foreach(value, name, member) openapi_short_refs(member);
    for (size_t i = 0; i < json_array_size(value); i++)
        openapi_short_refs(json_array_get(value, i));
}
