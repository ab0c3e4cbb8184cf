/* SPDX-License-Identifier: Apache-2.0 */
/* h_settings.c: the platform guide's settings of a tenant's webhook (common/model/tenant_setting.h). */
#include "admin/tenant/store_setting.h"
#include "api/api.h"
#include "api/call.h"
#include "api/handlers.h"
#include <errno.h>
#include <openssl/crypto.h>

enum { VALUE_BYTES_MAX = 64 << 10 };

static const struct tenant_setting *h_settings_find(struct call *c)
{
    const struct tenant_setting *setting = tenant_setting_find(span_of(call_param(c, 0)));

    if (!setting)
        call_missing(c, "setting");
    return setting;
}

/* What is in force: what was set, or the default. */
static json_t *h_settings_to_json(const struct tenant_setting *setting,
                                  const struct tenant_webhook *w)
{
    struct buf value;
    json_t *json;

    buf_init(&value, VALUE_BYTES_MAX);
    setting->get(&value, w->tenant, w->endpoint);
    if (!value.len)
        buf_add_text(&value, setting->default_text);
    json = json_pack("{s:s, s:s, s:s, s:s}", "name", setting->name, "value",
                     value.data ? value.data : "", "type", setting->type, "default",
                     setting->default_text);
    buf_fini(&value);
    return json;
}

static json_t *all_to_json(const struct tenant_webhook *w)
{
    const struct tenant_setting *setting;
    json_t *all = json_array();

    for (size_t i = 0; all && (setting = tenant_setting_at(i)); i++)
        (void)json_array_append_new(all, h_settings_to_json(setting, w));
    return all;
}

static void h_settings_answer(struct call *c, const char *message, json_t *data)
{
    call_json(c, 200,
              json_pack("{s:s, s:s, s:o}", "status", "success", "message", message, "data", data));
}

void h_setting_list(struct call *c, struct store *s)
{
    struct tenant_webhook w;
    int r = store_webhook_load(s, span_of(c->tenant), &w);

    if (r == STORE_MISSING)
        call_missing(c, "tenant");
    else if (r)
        call_store_failed(c, s, r);
    else
        h_settings_answer(c, "Settings retrieved successfully",
                          json_pack("{s:o}", "settings", all_to_json(&w)));
    store_webhook_fini(&w);
}

void h_setting_get(struct call *c, struct store *s)
{
    const struct tenant_setting *setting = h_settings_find(c);
    struct tenant_webhook w;
    int r;

    if (!setting)
        return;
    r = store_webhook_load(s, span_of(c->tenant), &w);
    if (r == STORE_MISSING)
        call_missing(c, "tenant");
    else if (r)
        call_store_failed(c, s, r);
    else
        h_settings_answer(c, "Setting retrieved successfully", h_settings_to_json(setting, &w));
    store_webhook_fini(&w);
}

/* The guide sends texts ("true", "45000"); what is JSON of another kind is taken as its text. NULL, and
 * answered: there is none. */
static char *h_settings_value_of(struct call *c)
{
    json_t *body, *value;
    char *text;

    if (call_object(c, &body))
        return NULL;
    value = json_object_get(body, "value");
    if (!value) {
        call_problem(c, 400, "value", "missing; expected {\"value\": …}");
        return NULL;
    }
    if (json_is_null(value))
        text = strdup("");
    else if (!json_is_string(value))
        text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    else
        text = strdup(json_string_value(value)); /* jansson lets no NUL through */
    if (!text)
        call_problem(c, 503, NULL, "out of memory");
    return text;
}

/* A secret that was made is shown this once. */
static void tell_set(struct call *c, const struct tenant_setting *setting,
                     const struct tenant_webhook *w)
{
    json_t *data = h_settings_to_json(setting, w);

    if (data && *w->made)
        (void)json_object_set_new(
            data, strcmp(setting->name, "webhook-secretToken") == 0 ? "value" : "secret",
            json_string(w->made));
    h_settings_answer(c, "Setting updated successfully", data);
}

/* Whether it is active is not in the record that was written: told as it will be. */
static void note_state(struct tenant_webhook *w)
{
    if (w->state == WEBHOOK_ENABLE)
        free(TAKE(w->endpoint->disabled_reason));
    else if (w->state == WEBHOOK_DISABLE && !w->endpoint->disabled_reason)
        (void)endpoint_replace_text(&w->endpoint->disabled_reason, span_of(w->reason));
}

static void h_settings_set(struct call *c, struct store *s, const struct tenant_setting *setting,
                           const char *text)
{
    struct tenant_webhook w;
    int r = store_setting_put(s, span_of(c->tenant), &c->api->egress, setting, span_of(text), &w);

    if (r == STORE_MISSING) {
        call_missing(c, "tenant");
    } else if (r) {
        call_store_failed(c, s, r);
    } else {
        note_state(&w);
        tell_set(c, setting, &w);
    }
    store_webhook_fini(&w);
}

void h_setting_put(struct call *c, struct store *s)
{
    const struct tenant_setting *setting = h_settings_find(c);
    char *text = setting ? h_settings_value_of(c) : NULL;

    if (!text)
        return;
    h_settings_set(c, s, setting, text);
    OPENSSL_cleanse(text, strlen(text)); /* it may be a secret */
    free(text);
}
