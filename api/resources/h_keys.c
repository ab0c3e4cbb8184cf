/* SPDX-License-Identifier: Apache-2.0 */
/* h_keys.c: API keys: a tenant's admin makes them for its tenant, an operator for any, and for operators. */
#include "admin/access/store_api_key.h"
#include "api/call.h"
#include "api/handlers.h"
#include "api/resources/delivery_view.h"
#include "common/base/text.h"
#include "common/model/options.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>

/* ---- shown ---- */

static json_t *key_json(const struct api_key *k)
{
    return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o}", "id", k->id, "name",
                     json_of_text(span_of(k->name)), "role", role_name(k->role), "tenant",
                     json_of_text(span_of(k->tenant)), "created_at", json_of_time(k->created_ms),
                     "expires_at", json_of_time(k->expires_ms), "last_used_at",
                     json_of_time(k->used_ms));
}

static int h_keys_add_to_list(void *arg, const struct api_key *k)
{
    return json_array_append_new(arg, key_json(k)) ? -ENOMEM : 0;
}

/* Of the tenant that the call is about; of operators where an operator names none. */
void h_key_list(struct call *c, struct store *s)
{
    json_t *keys = json_array();
    int r = store_api_keys(s, span_of(c->tenant), h_keys_add_to_list, keys);

    if (r)
        call_store_failed(c, s, r);
    else
        call_json(c, 200, json_pack("{s:O}", "keys", keys));
    json_decref(keys);
}

/* An operator who names no tenant finds everybody's. */
static bool may_see(const struct call *c, const struct api_key *k)
{
    return !c->tenant || strcmp(c->tenant, k->tenant) == 0;
}

static int h_keys_find(struct call *c, struct store *s, struct api_key *ret)
{
    int r = store_api_key_get(s, span_of(call_param(c, 0)), ret);

    if (!r && !may_see(c, ret))
        r = STORE_MISSING;
    if (r == STORE_MISSING)
        call_missing(c, "key");
    else if (r)
        call_store_failed(c, s, r);
    return r;
}

void h_key_get(struct call *c, struct store *s)
{
    struct api_key k;

    if (!h_keys_find(c, s, &k))
        call_json(c, 200, key_json(&k));
}

void h_key_delete(struct call *c, struct store *s)
{
    struct api_key k;
    int r;

    if (h_keys_find(c, s, &k))
        return;
    r = store_api_key_remove(s, &k);
    if (r == STORE_MISSING)
        call_missing(c, "key");
    else if (r)
        call_store_failed(c, s, r);
    else
        call_empty(c, 204);
}

/* ---- made ---- */

static int h_keys_take_name(struct api_key *k, const json_t *value, struct diag *diag)
{
    const char *name;

    if (!json_is_string(value))
        return diag_set(diag, "name: expected a text");
    if (option_words(&name, "name", json_string_value(value), API_KEY_NAME_MAX, diag))
        return -EINVAL;
    (void)snprintf(k->name, sizeof(k->name), "%s", name);
    return 0;
}

static int h_keys_take_role(struct api_key *k, const json_t *value, struct diag *diag)
{
    k->role = role_of_name(span_of(json_string_value(value)));
    return k->role == ROLE_NONE ? diag_set(diag, "role: expected operator, admin, read or publish")
                                : 0;
}

static int take_expiry(struct api_key *k, const json_t *value, struct diag *diag)
{
    if (json_is_null(value))
        return 0;
    if (json_is_string(value) &&
        !parse_iso_time(span_of(json_string_value(value)), &k->expires_ms) && k->expires_ms > 0)
        return 0;
    return diag_set(diag, "expires_at: expected a time such as 2030-01-22T14:30:00Z, or null");
}

static int h_keys_take(struct api_key *k, json_t *body, struct diag *diag)
{
    const char *name;
    json_t *value;
    int r = 0;

    json_object_foreach(body, name, value)
    {
        if (strcmp(name, "name") == 0)
            r = h_keys_take_name(k, value, diag);
        else if (strcmp(name, "role") == 0)
            r = h_keys_take_role(k, value, diag);
        else if (strcmp(name, "expires_at") == 0)
            r = take_expiry(k, value, diag);
        else
            r = diag_set(diag, "%.40s: unknown; expected name, role, expires_at", name);
        if (r)
            return r;
    }
    if (!*k->name)
        return diag_set(diag, "name: missing; say what the key is for");
    return k->role == ROLE_NONE ? diag_set(diag, "role: missing") : 0;
}

static void h_keys_tell_made(struct call *c, const struct api_key *k, const char *text)
{
    json_t *json = key_json(k);
    char place[80];

    if (json)
        (void)json_object_set_new(json, "key", json_string(text));
    call_json(c, 201, json);
    (void)snprintf(place, sizeof(place), "/v1/keys/%s", k->id);
    call_field(c, "Location", place);
}

static void h_keys_tell_failed(struct call *c, const struct store *s, int r)
{
    if (r == STORE_TOO_MANY)
        call_problem(c, 409, NULL, "there are %d keys, as many as there may be; revoke some",
                     API_KEYS_MAX);
    else
        call_store_failed(c, s, r);
}

/* Nobody makes a key that may do more than its own: what is of a tenant is never an operator's, and only admins
 * and operators come here. */
void h_key_post(struct call *c, struct store *s)
{
    struct api_key k = {.role = ROLE_NONE};
    char text[API_KEY_TEXT_SIZE];
    struct diag diag;
    json_t *body;
    int r;

    if (call_object(c, &body))
        return;
    if (h_keys_take(&k, body, &diag)) {
        call_refuse(c, &diag);
        return;
    }
    (void)snprintf(k.tenant, sizeof(k.tenant), "%s", c->tenant ? c->tenant : "");
    r = store_api_key_add(s, &k, text);
    if (r)
        h_keys_tell_failed(c, s, r);
    else
        h_keys_tell_made(c, &k, text);
    OPENSSL_cleanse(text, sizeof(text));
}
