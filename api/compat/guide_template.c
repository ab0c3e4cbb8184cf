/* SPDX-License-Identifier: Apache-2.0 */
/* guide_template.c: a webhook's status is a word; a delivery has failed when its last attempt has, even if another one
 * is to come: its example has both, "failed" and next_attempt_at. */
#include "api/compat/guide.h"

enum { UUID_LEN = 36 };

static int guide_template_take_use(enum endpoint_use *ret, const char *name, const json_t *value,
                                   struct diag *diag)
{
    const char *text = json_string_value(value);

    if (strcmp(name, "status") != 0)
        return BODY_OTHER;
    if (text && strcmp(text, "active") == 0)
        *ret = ENDPOINT_USE;
    else if (text && strcmp(text, "disabled") == 0)
        *ret = ENDPOINT_DISUSE;
    else
        return diag_set(diag, "status: expected \"active\" or \"disabled\"");
    return 0;
}

static json_t *guide_template_use(json_t *value, json_t *whole)
{
    (void)whole;
    return json_string(strcmp(json_string_value(value), "enabled") == 0 ? "active" : "disabled");
}

static json_t *guide_template_description(json_t *value, json_t *whole)
{
    (void)whole;
    return json_is_null(value) ? json_string("") : json_incref(value);
}

static const struct render_field webhook_fields[] = {
    {"id", "id", NULL},
    {"url", "url", NULL},
    {"events", "events", NULL},
    {"description", "description", guide_template_description},
    {"created_at", "created_at", render_seconds},
    {"status", "state", guide_template_use},
    {"secret", "secret", NULL},
    {NULL, NULL, NULL},
};

static const struct render_field listed_fields[] = {
    {"id", "id", NULL},
    {"url", "url", NULL},
    {"events", "events", NULL},
    {"status", "state", guide_template_use},
    {"created_at", "created_at", render_seconds},
    {NULL, NULL, NULL},
};

/* ---- deliveries ---- */

static json_t *guide_template_status(json_t *value, json_t *whole)
{
    if (render_is(whole, "cancelled"))
        return json_incref(value);
    if (render_is(whole, "success"))
        return json_string("succeeded");
    return json_string(*render_text(whole, "error_code") ? "failed" : "pending");
}

static json_t *guide_template_delivered_at(json_t *value, json_t *whole)
{
    return render_is(whole, "success") ? guide_end_time(value, whole) : NULL;
}

/* Of what is not delivered counts when it was tried, and when it will be. */
static json_t *guide_template_time(json_t *value, json_t *whole)
{
    return render_is(whole, "success") ? NULL : render_seconds(value, whole);
}

static const struct render_field delivery_fields[] = {
    {"id", "id", render_text_or_null}, /* there is none yet */
    {"event", "type", NULL},
    {"status", "status", guide_template_status},
    {"response_code", "response_status", NULL},
    {"delivered_at", "last_attempt_at", guide_template_delivered_at},
    {"last_attempt_at", "last_attempt_at", guide_template_time},
    {"attempts", "attempts", NULL},
    {"next_attempt_at", "next_attempt_at", guide_template_time},
    {NULL, NULL, NULL},
};

/* ---- the log ---- */

/* "log_<uuid>_2" of attempt 2 of "whd_<uuid>". */
static json_t *guide_template_log_id(json_t *value, json_t *whole)
{
    return json_sprintf("log_%.*s_%d", UUID_LEN, json_string_value(value) + strlen("whd_"),
                        (int)json_integer_value(json_object_get(whole, "place")));
}

static json_t *guide_template_log_status(json_t *value, json_t *whole)
{
    (void)whole;
    return json_string(json_is_null(value) ? "delivered" : "failed");
}

static json_t *guide_template_log_end(json_t *value, json_t *whole)
{
    return *render_text(whole, "error_code") ? NULL : guide_end_time(value, whole);
}

static json_t *guide_template_log_time(json_t *value, json_t *whole)
{
    return *render_text(whole, "error_code") ? render_seconds(value, whole) : NULL;
}

static json_t *guide_template_log_error(json_t *value, json_t *whole)
{
    return *render_text(whole, "error_code") ? render_message(value, whole) : NULL;
}

static const struct render_field attempt_fields[] = {
    {"id", "delivery", guide_template_log_id},
    {"event", "type", NULL},
    {"status", "error_code", guide_template_log_status},
    {"response_code", "response_status", NULL},
    {"response_time", "response_ms", NULL},
    {"delivered_at", "at", guide_template_log_end},
    {"attempted_at", "at", guide_template_log_time},
    {"error", "error_message", guide_template_log_error},
    {NULL, NULL, NULL},
};

const struct guide guide_template = {
    .dialect = "template",
    .path = "/webhooks",
    .type_name = "event",
    .members = {"url", "events", "description", "secret"},
    .names = "url, events, description, secret, status",
    .take_use = guide_template_take_use,
    .webhook = webhook_fields,
    .listed = listed_fields,
    .delivery = delivery_fields,
    .has_total = true,
    .attempt = attempt_fields,
};
