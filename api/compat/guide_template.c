/* guide_template.c: a webhook's status is a word; a delivery has failed when its last attempt has, even if another one
 * is to come: its example has both, "failed" and next_attempt_at. */
#include "api/compat/guide.h"
#include "api/resources/delivery_view.h"

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

static const char *use_of(const struct endpoint *e)
{
    return e->disabled_reason ? "disabled" : "active";
}

static json_t *guide_template_made(const struct endpoint *e, const char *secret)
{
    json_t *json = json_pack("{s:s, s:o, s:o, s:s, s:o, s:s}", "id", e->id, "url",
                             json_of_text(span_of(e->url)), "events", guide_events_json(e),
                             "description", e->description, "created_at",
                             guide_time_json(e->created_ms), "status", use_of(e));

    if (secret)
        (void)json_object_set_new(json, "secret", json_string(secret));
    return json;
}

static json_t *guide_template_one(const struct endpoint *e)
{
    return guide_template_made(e, NULL);
}

static json_t *guide_template_listed(const struct endpoint *e)
{
    return json_pack("{s:s, s:o, s:o, s:s, s:o}", "id", e->id, "url", json_of_text(span_of(e->url)),
                     "events", guide_events_json(e), "status", use_of(e), "created_at",
                     guide_time_json(e->created_ms));
}

static json_t *guide_template_all(const struct tenant *t)
{
    json_t *list = json_array();

    for (unsigned i = 0; list && i < t->n_endpoints; i++)
        (void)json_array_append_new(list, guide_template_listed(t->endpoints[i]));
    return json_pack("{s:o, s:I}", "webhooks", list, "total", (json_int_t)t->n_endpoints);
}

static const char *guide_template_status_of(const struct delivery_record *d)
{
    const struct record_entry *a = delivery_last_attempt(d);

    if (span_equal(delivery_status(d), SPAN("cancelled")))
        return "cancelled";
    if (guide_is_delivered(d))
        return "succeeded";
    return a && a->code.len ? "failed" : "pending";
}

static json_t *status_code(const struct record_entry *a)
{
    return a && a->status ? json_integer(a->status) : json_null();
}

/* Delivered it is at its end; else what counts is when it was tried. */
static json_t *attempt_time(const struct record_entry *a, bool is_delivered)
{
    return guide_time_json(!a ? 0 : is_delivered ? a->ms + a->duration_ms : a->ms);
}

static json_t *guide_template_delivery(const struct delivery_record *d)
{
    const struct record_entry *a = delivery_last_attempt(d);
    bool is_delivered = guide_is_delivered(d);
    json_t *json = json_pack(
        "{s:o, s:o, s:s, s:o, s:o, s:I}", "id", guide_id_json(d), "event",
        json_of_text(delivery_created(d)->type), "status", guide_template_status_of(d),
        "response_code", status_code(a), is_delivered ? "delivered_at" : "last_attempt_at",
        attempt_time(a, is_delivered), "attempts", (json_int_t)(a ? a->attempt : 0));

    if (!is_delivered)
        (void)json_object_set_new(json, "next_attempt_at", guide_time_json(delivery_next_ms(d)));
    return json;
}

/* "log_<uuid>_2" of attempt 2 of "whd_<uuid>". */
static json_t *attempt_id(const struct delivery_record *d, unsigned n)
{
    return json_sprintf("log_%.*s_%u", UUID_LEN, d->id + strlen("whd_"), n);
}

static json_t *attempt(const struct delivery_record *d, const struct record_entry *a, unsigned n)
{
    bool is_delivered = !a->code.len;
    json_t *json = json_pack(
        "{s:o, s:o, s:s, s:o, s:I, s:o}", "id", attempt_id(d, n), "event",
        json_of_text(delivery_created(d)->type), "status", is_delivered ? "delivered" : "failed",
        "response_code", status_code(a), "response_time", (json_int_t)a->duration_ms,
        is_delivered ? "delivered_at" : "attempted_at", attempt_time(a, is_delivered));

    if (!is_delivered)
        (void)json_object_set_new(json, "error", attempt_message_json(a));
    return json;
}

const struct guide guide_template = {
    .dialect = "template",
    .path = "/webhooks",
    .type_name = "event",
    .members = {"url", "events", "description", "secret"},
    .names = "url, events, description, secret, status",
    .take_use = guide_template_take_use,
    .made = guide_template_made,
    .one = guide_template_one,
    .all = guide_template_all,
    .delivery = guide_template_delivery,
    .attempt = attempt,
};
