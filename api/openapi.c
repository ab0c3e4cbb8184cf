#include "api/openapi.h"
#include "api/route.h"
#include <stdio.h>
#include <strings.h>

extern const char *const openapi_texts[]; /* embedded; openapi.json is the first */

static const char *const methods[] = {"get", "put", "post", "patch", "delete"};

/* ---- what the table of calls says of one call ---- */

static void add_ref(json_t *list, const char *kind, const char *name)
{
    (void)json_array_append_new(
        list, json_pack("{s:o}", "$ref", json_sprintf("#/components/%s/%s", kind, name)));
}

/* An answer that the file describes itself stays as it is. */
static void add_response(json_t *call, const char *status, const char *name)
{
    json_t *all = json_object_get(call, "responses");

    if (!json_object_get(all, status))
        (void)json_object_set_new(
            all, status,
            json_pack("{s:o}", "$ref", json_sprintf("#/components/responses/%s", name)));
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
    add_ref(parameters, "parameters", "GrapnelTenant");
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

static int complete_path(const char *path, json_t *item, struct diag *diag)
{
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        json_t *call = json_object_get(item, methods[i]);
        const struct route *route = call ? route_of(methods[i], path) : NULL;

        if (!call || is_page(path))
            continue;
        if (!route)
            return diag_set(diag, "%s %s: is described, but no call", methods[i], path);
        openapi_complete(call, route);
    }
    return 0;
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

static int add_components(json_t *document, json_t *components, struct diag *diag)
{
    json_t *all = member_object(document, "components"), *members;
    const char *kind;
    int r = 0;

    json_object_foreach(components, kind, members) r =
        r ? r : add_members(member_object(all, kind), members, diag);
    return r;
}

static int openapi_add_file(json_t *document, json_t *file, struct diag *diag)
{
    json_t *paths = member_object(document, "paths"), *item;
    const char *name;
    int r = 0;

    json_object_foreach(file, name, item)
    {
        if (r)
            return r;
        if (name[0] == '/')
            r = complete_path(name, item, diag);
        r = r                ? r
            : name[0] == '/' ? add_members(member_object(paths, name), item, diag)
                             : add_components(document, item, diag);
    }
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
    json_t *document = openapi_load(openapi_texts[0], diag);
    int r = document ? 0 : -1;

    for (size_t i = 1; openapi_texts[i] && !r; i++) {
        json_t *file = openapi_load(openapi_texts[i], diag);

        r = file ? openapi_add_file(document, file, diag) : -1;
        json_decref(file);
    }
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
