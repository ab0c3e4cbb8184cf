/* SPDX-License-Identifier: Apache-2.0 */
#include "api/openapi.h"
#include "api/openapi_short.h"
#include "api/route.h"
#include <stdio.h>
#include <strings.h>

extern const char *const openapi_texts[]; /* embedded; openapi.json is the first */

static const char *const methods[] = {"get", "put", "post", "patch", "delete"};

/* ---- what the table of calls says of one call ---- */

/* An answer that the file describes itself stays as it is. */
static void add_response(json_t *call, const char *status, const char *name)
{
    json_t *all = json_object_get(call, "responses");

    if (!json_object_get(all, status))
        (void)json_object_set_new(all, status, openapi_short_ref("responses", name));
}

static void add_refusals(json_t *call, const struct route *route)
{
    if (route->role != ROLE_NONE) {
        add_response(call, "401", "Unauthorized");
        add_response(call, "403", "Forbidden");
        add_response(call, "429", "TooManyRequests");
    }
    if (route->is_of_tenant) {
        add_response(call, "400", "BadRequest");
        add_response(call, "404", "NotFound");
    }
    if (route->body_max)
        add_response(call, "413", "ContentTooLarge");
    add_response(call, "503", "ServiceUnavailable");
}

static void openapi_add_tenant(json_t *call)
{
    json_t *parameters = json_object_get(call, "parameters");

    if (!parameters) {
        parameters = json_array();
        (void)json_object_set_new(call, "parameters", parameters);
    }
    (void)json_array_append_new(parameters, openapi_short_ref("parameters", "GrapnelTenant"));
}

static void openapi_complete(json_t *call, const struct route *route)
{
    (void)json_object_set_new(call, "x-role", json_string(role_name(route->role)));
    if (route->role == ROLE_NONE)
        (void)json_object_set_new(call, "security", json_array());
    if (route->is_of_tenant)
        openapi_add_tenant(call);
    add_refusals(call, route);
}

/* The pages of health.h are no calls: the loop answers them. */
static bool is_page(const char *path)
{
    return strcmp(path, "/healthz") == 0 || strcmp(path, "/metrics") == 0;
}

static const struct route *route_of(const char *method, const char *path)
{
    const struct route *route;

    for (size_t i = 0; (route = route_at(i)); i++)
        if (strcasecmp(route->method, method) == 0 && strcmp(route->pattern, path) == 0)
            return route;
    return NULL;
}

/* ---- the files ---- */

static int openapi_complete_call(json_t *call, const char *method, const char *path,
                                 struct diag *diag)
{
    const struct route *route = route_of(method, path);

    openapi_short_call(call, method);
    if (is_page(path))
        return 0;
    if (!route)
        return diag_set(diag, "%s %s: is described, but no call", method, path);
    openapi_complete(call, route);
    return 0;
}

static int complete_path(const char *path, json_t *item, json_t *tag, struct diag *diag)
{
    int r = 0;

    for (size_t i = 0; i < ARRAY_LEN(methods) && !r; i++) {
        json_t *call = json_object_get(item, methods[i]);

        if (!call)
            continue;
        (void)json_object_set_new(call, "tags", json_pack("[O]", tag));
        r = openapi_complete_call(call, methods[i], path, diag);
    }
    return r;
}

/* Two files may describe different methods of one path. */
static int add_members(json_t *to, json_t *from, struct diag *diag)
{
    const char *name;
    json_t *member;

    json_object_foreach(from, name, member)
    {
        if (json_object_get(to, name))
            return diag_set(diag, "%s: is described twice", name);
        (void)json_object_set(to, name, member);
    }
    return 0;
}

static json_t *member_object(json_t *of, const char *name)
{
    if (!json_object_get(of, name))
        (void)json_object_set_new(of, name, json_object());
    return json_object_get(of, name);
}

static bool is_component(const char *name)
{
    static const char *const kinds[] = {"securitySchemes", "parameters", "headers", "responses",
                                        "schemas"};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i], name) == 0)
            return true;
    return false;
}

static int openapi_add_member(json_t *document, const char *name, json_t *member, json_t *tag,
                              struct diag *diag)
{
    int r = 0;

    if (name[0] == '/') {
        r = complete_path(name, member, tag, diag);
        return r ? r
                 : add_members(member_object(member_object(document, "paths"), name), member, diag);
    }
    if (is_component(name))
        return add_members(member_object(member_object(document, "components"), name), member,
                           diag);
    if (strcmp(name, "parts") == 0)
        return add_members(member_object(document, name), member, diag);
    if (strcmp(name, "tag") != 0)
        (void)json_object_set(document, name, member);
    return 0;
}

static int openapi_add_file(json_t *document, json_t *file, struct diag *diag)
{
    json_t *tag = json_object_get(file, "tag"), *member;
    const char *name;
    int r = 0;

    json_object_foreach(file, name, member)
    {
        r = r ? r : openapi_add_member(document, name, member, tag, diag);
    }
    return r;
}

/* What could not be known before all files were read. */
static int openapi_finish(json_t *document, struct diag *diag)
{
    json_t *components = json_object_get(document, "components");
    int r = openapi_short_include(json_object_get(components, "schemas"),
                                  json_object_get(document, "parts"), diag);

    (void)json_object_del(document, "parts");
    openapi_short_responses(json_object_get(components, "responses"));
    openapi_short_refs(document);
    return r;
}

static json_t *openapi_load(const char *text, struct diag *diag)
{
    json_error_t error;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);

    if (!json)
        (void)diag_set(diag, "%.60s…: line %d: %s", text, error.line, error.text);
    return json;
}

json_t *openapi_document(struct diag *diag)
{
    json_t *document = json_object();
    int r = 0;

    for (size_t i = 0; openapi_texts[i] && !r; i++) {
        json_t *file = openapi_load(openapi_texts[i], diag);

        r = file ? openapi_add_file(document, file, diag) : -1;
        json_decref(file);
    }
    r = r ? r : openapi_finish(document, diag);
    if (!r)
        return document;
    json_decref(document);
    return NULL;
}

int openapi_left_out(const json_t *document)
{
    const json_t *paths = json_object_get(document, "paths");
    const struct route *route;

    for (int i = 0; (route = route_at((size_t)i)); i++) {
        const json_t *item = json_object_get(paths, route->pattern);
        bool is_there = false;

        for (size_t m = 0; m < ARRAY_LEN(methods); m++)
            is_there |=
                strcasecmp(methods[m], route->method) == 0 && json_object_get(item, methods[m]);
        if (!is_there)
            return i;
    }
    return -1;
}
