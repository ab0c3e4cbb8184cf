/* guide_simple.c: a webhook is active or not; a delivery fails when its last attempt has failed. */
#include "api/compat/guide.h"
#include "api/resources/delivery_view.h"

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

static json_t *guide_simple_made(const struct endpoint *e, const char *secret)
{
    json_t *json = json_pack("{s:s, s:o, s:o}", "id", e->id, "url", json_of_text(span_of(e->url)),
                             "events", guide_events_json(e));

    if (secret)
        (void)json_object_set_new(json, "secret", json_string(secret));
    (void)json_object_set_new(json, "active", json_boolean(!e->disabled_reason));
    (void)json_object_set_new(json, "created_at", guide_time_json(e->created_ms));
    return json;
}

static json_t *guide_simple_one(const struct endpoint *e)
{
    return guide_simple_made(e, NULL);
}

static json_t *guide_simple_all(const struct tenant *t)
{
    json_t *list = json_array();

    for (unsigned i = 0; list && i < t->n_endpoints; i++)
        (void)json_array_append_new(list, guide_simple_one(t->endpoints[i]));
    return json_pack("{s:o}", "webhooks", list);
}

/* "After 5 failed attempts, the webhook is marked as failed": until then it is pending. */
static const char *guide_simple_status_of(const struct delivery_record *d)
{
    struct span status = delivery_status(d);

    if (span_equal(status, SPAN("pending")))
        return "pending";
    if (span_equal(status, SPAN("cancelled")))
        return "cancelled";
    return guide_is_delivered(d) ? "success" : "failed";
}

static json_t *guide_simple_delivery(const struct delivery_record *d)
{
    const struct record_entry *a = delivery_last_attempt(d);
    json_t *error, *json;
    char event[64];

    if (id_event(event, d->partition, delivery_created(d)->event))
        event[0] = '\0';
    json = json_pack("{s:o, s:o, s:s, s:o, s:I}", "id", guide_id_json(d), "event_id",
                     json_of_text(span_of(event)), "status", guide_simple_status_of(d),
                     "status_code", a && a->status ? json_integer(a->status) : json_null(),
                     "attempts", (json_int_t)(a ? a->attempt : 0));
    error = guide_error_json(d);
    if (guide_is_delivered(d))
        (void)json_object_set_new(json, "delivered_at",
                                  guide_time_json(a ? a->ms + a->duration_ms : 0));
    else if (error)
        (void)json_object_set(json, "error", error);
    json_decref(error);
    return json;
}

const struct guide guide_simple = {
    .dialect = "simple",
    .path = "/v1/webhooks",
    .type_name = "type",
    .members = {"url", "events", "secret"},
    .shows_secret = true,
    .names = "url, events, secret, active",
    .take_use = guide_simple_take_use,
    .made = guide_simple_made,
    .one = guide_simple_one,
    .all = guide_simple_all,
    .delivery = guide_simple_delivery,
};
