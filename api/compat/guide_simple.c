/* SPDX-License-Identifier: Apache-2.0 */
/* guide_simple.c: a webhook is active or not; a delivery fails when its last attempt has failed. */
#include "api/compat/guide.h"

static int guide_simple_take_use(enum endpoint_use *ret, const char *name, const json_t *value,
                                 struct diag *diag)
{
    if (strcmp(name, "active") != 0)
        return BODY_OTHER;
    if (!json_is_boolean(value))
        return diag_set(diag, "active: expected true or false");
    *ret = json_is_true(value) ? ENDPOINT_USE : ENDPOINT_DISUSE;
    return 0;
}

static json_t *guide_simple_active(json_t *value, json_t *whole)
{
    (void)whole;
    return json_boolean(strcmp(json_string_value(value), "enabled") == 0);
}

static const struct render_field webhook_fields[] = {
    {"id", "id", NULL},
    {"url", "url", NULL},
    {"events", "events", NULL},
    {"secret", "secret", NULL},
    {"active", "state", guide_simple_active},
    {"created_at", "created_at", render_seconds},
    {NULL, NULL, NULL},
};

/* ---- deliveries ---- */

/* "After 5 failed attempts, the webhook is marked as failed": until then it is pending. */
static json_t *guide_simple_status(json_t *value, json_t *whole)
{
    bool is_timeout = render_is(whole, "timeout");

    return is_timeout ? json_string("failed") : json_incref(value);
}

static json_t *guide_simple_delivered_at(json_t *value, json_t *whole)
{
    return render_is(whole, "success") ? guide_end_time(value, whole) : NULL;
}

/* What went wrong last, in words. */
static json_t *guide_simple_error(json_t *value, json_t *whole)
{
    if (render_is(whole, "success"))
        return NULL;
    if (render_is(whole, "cancelled"))
        return json_incref(json_object_get(whole, "reason"));
    return *render_text(whole, "error_code") ? render_message(value, whole) : NULL;
}

static const struct render_field delivery_fields[] = {
    {"id", "id", render_text_or_null}, /* there is none yet */
    {"event_id", "event", NULL},
    {"status", "status", guide_simple_status},
    {"status_code", "response_status", NULL},
    {"attempts", "attempts", NULL},
    {"delivered_at", "last_attempt_at", guide_simple_delivered_at},
    {"error", "error_message", guide_simple_error},
    {NULL, NULL, NULL},
};

const struct guide guide_simple = {
    .dialect = "simple",
    .path = "/v1/webhooks",
    .type_name = "type",
    .members = {"url", "events", "secret"},
    .shows_secret = true,
    .names = "url, events, secret, active",
    .take_use = guide_simple_take_use,
    .webhook = webhook_fields,
    .listed = webhook_fields,
    .delivery = delivery_fields,
};
