/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/tenant/endpoint_line.h"
#include "common/model/options.h"
#include <errno.h>
#include <stdio.h>

/* --- values of one kind ------------------------------------------------------------------------ */

static int endpoint_line_get_bool(bool *ret, const char *name, json_t *value, struct diag *diag)
{
    if (!json_is_boolean(value))
        return diag_set(diag, "%s: expected true or false", name);
    *ret = json_is_true(value);
    return 0;
}

/* As a text, for the checks that options go through. */
static int endpoint_line_get_number(char ret[32], const char *name, json_t *value,
                                    struct diag *diag)
{
    if (!json_is_integer(value))
        return diag_set(diag, "%s: expected a whole number", name);
    (void)snprintf(ret, 32, "%lld", (long long)json_integer_value(value));
    return 0;
}

/* --- members ------------------------------------------------------------------------------------ */

static int take_tenant(struct endpoint_line *l, json_t *value, struct diag *diag)
{
    if (!json_is_string(value))
        return diag_set(diag, "tenant: expected a text that is not empty");
    return option_tenant(&l->body.spec.tenant, "tenant", json_string_value(value), diag);
}

static int endpoint_line_take_limit(struct endpoint_line *l, json_t *value, struct diag *diag)
{
    char text[32];

    if (json_is_string(value))
        return option_limit(&l->limit, "create_tenant.limit", json_string_value(value), diag);
    if (endpoint_line_get_number(text, "create_tenant.limit", value, diag))
        return -EINVAL;
    return option_limit(&l->limit, "create_tenant.limit", text, diag);
}

static int take_create_tenant(struct endpoint_line *l, json_t *value, struct diag *diag)
{
    const char *name;
    json_t *member;

    if (!json_is_object(value))
        return endpoint_line_get_bool(&l->creates_tenant, "create_tenant", value, diag);
    l->creates_tenant = true;
    json_object_foreach(value, name, member)
    {
        int r;

        if (json_is_null(member))
            continue;
        if (strcmp(name, "limit") == 0)
            r = endpoint_line_take_limit(l, member, diag);
        else if (strcmp(name, "allow_http") == 0)
            r = endpoint_line_get_bool(&l->may_be_plain, "create_tenant.allow_http", member, diag);
        else
            r = diag_set(diag, "create_tenant.%.40s: unknown; expected limit, allow_http", name);
        if (r)
            return r;
    }
    return 0;
}

static int endpoint_line_take_member(struct endpoint_line *l, const char *name, json_t *value,
                                     struct diag *diag)
{
    int r;

    if (json_is_null(value))
        return 0;
    if (strcmp(name, "tenant") == 0)
        return take_tenant(l, value, diag);
    if (strcmp(name, "create_tenant") == 0)
        return take_create_tenant(l, value, diag);
    r = endpoint_body_take(&l->body, name, value, diag);
    if (r == BODY_OTHER)
        r = diag_set(diag,
                     "%.40s: unknown; expected tenant, %s, create_tenant, or a part of a policy "
                     "(grapnel help endpoint add)",
                     name, endpoint_body_names);
    return r;
}

int endpoint_line_parse(struct endpoint_line *l, struct span text, struct diag *diag)
{
    const char *name;
    json_error_t error;
    json_t *value;

    *l = (struct endpoint_line){.limit = -1};
    l->json = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (!l->json)
        return diag_set(diag, "not JSON: %.120s (byte %d)", error.text, error.position);
    if (!json_is_object(l->json))
        return diag_set(diag, "expected a JSON object");
    if (endpoint_body_init(&l->body, text, diag))
        return -EINVAL;
    json_object_foreach(l->json, name, value)
    {
        int r = endpoint_line_take_member(l, name, value, diag);

        if (r)
            return r;
    }
    if (!l->body.spec.tenant || !l->body.spec.url)
        return diag_set(diag, "%s: missing", l->body.spec.tenant ? "url" : "tenant");
    return 0;
}

void endpoint_line_fini(struct endpoint_line *l)
{
    endpoint_body_fini(&l->body); /* wipes what is in the object */
    json_decref(l->json);
    *l = (struct endpoint_line){0};
}
