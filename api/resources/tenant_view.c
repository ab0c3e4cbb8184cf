/* SPDX-License-Identifier: Apache-2.0 */
#include "api/resources/tenant_view.h"
#include "api/resources/delivery_view.h"
#include "common/base/text.h"
#include "common/model/options.h"
#include <errno.h>

/* ---- shown ---- */

json_t *tenant_v1_json(const struct tenant *t, const struct settings *set)
{
    int64_t limit = t->limit >= 0 ? t->limit : set->tenant_limit;

    return json_pack("{s:s, s:o, s:o, s:o, s:I, s:b, s:o, s:o}", "id", t->id, "name",
                     json_of_text(span_of(t->name)), "domain", json_of_text(span_of(t->domain)),
                     "limit", t->limit >= 0 ? json_integer(t->limit) : json_null(),
                     "effective_limit", (json_int_t)limit, "allow_http", t->may_be_plain,
                     "settings_endpoint", json_of_text(span_of(t->webhook)), "created_at",
                     json_of_time(t->created_ms));
}

json_t *tenant_v1_load(const struct tenant_load *load)
{
    return json_pack("{s:I, s:I, s:o}", "waiting", (json_int_t)load->waiting, "permits_used",
                     (json_int_t)load->in_window, "next_permit_at", json_of_time(load->next_ms));
}

/* ---- wanted ---- */

static int take_words(const char **ret, const char *name, const json_t *value, struct diag *diag)
{
    *ret = "";
    if (json_is_null(value))
        return 0;
    if (!json_is_string(value))
        return diag_set(diag, "%s: expected a text or null", name);
    return option_words(ret, name, json_string_value(value), TENANT_NAME_MAX, diag);
}

static int tenant_view_take_limit(struct tenant_spec *ret, const json_t *value, struct diag *diag)
{
    ret->has_limit = true;
    ret->limit = json_is_null(value) ? -1 : json_integer_value(value);
    if (json_is_null(value) ||
        (json_is_integer(value) && ret->limit >= 0 && ret->limit <= TENANT_LIMIT_MAX))
        return 0;
    return diag_set(diag,
                    "limit: expected a whole number from 0 (no limit) to %d, or null: the default",
                    TENANT_LIMIT_MAX);
}

static int take_plain(struct tenant_spec *ret, const json_t *value, struct diag *diag)
{
    if (!json_is_boolean(value) && !json_is_null(value))
        return diag_set(diag, "allow_http: expected true, false or null");
    ret->has_plain = true;
    ret->may_be_plain = json_is_true(value);
    return 0;
}

static int tenant_view_take_id(const char **ret, const json_t *value, struct diag *diag)
{
    if (!json_is_string(value))
        return diag_set(diag, "id: expected a text");
    return option_tenant(ret, "id", json_string_value(value), diag);
}

static int tenant_view_take(struct tenant_spec *ret, const char *name, const json_t *value,
                            const char **id, struct diag *diag)
{
    if (strcmp(name, "name") == 0)
        return take_words(&ret->name, name, value, diag);
    if (strcmp(name, "domain") == 0)
        return take_words(&ret->domain, name, value, diag);
    if (strcmp(name, "limit") == 0)
        return tenant_view_take_limit(ret, value, diag);
    if (strcmp(name, "allow_http") == 0)
        return take_plain(ret, value, diag);
    if (id && strcmp(name, "id") == 0)
        return tenant_view_take_id(id, value, diag);
    return diag_set(diag, "%.40s: cannot be set; expected %sname, domain, limit or allow_http",
                    text_is_name(span_of(name), 64) ? name : "body", id ? "id, " : "");
}

int tenant_body_parse(struct tenant_spec *ret, json_t *body, const char **id, struct diag *diag)
{
    const char *name;
    json_t *value;

    *ret = (struct tenant_spec){0};
    json_object_foreach(body, name, value)
    {
        int r = tenant_view_take(ret, name, value, id, diag);

        if (r)
            return r;
    }
    return 0;
}
