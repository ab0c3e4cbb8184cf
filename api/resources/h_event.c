/* SPDX-License-Identifier: Apache-2.0 */
/* h_event.c: an event with what came of it. */
#include "admin/delivery/store_delivery.h"
#include "admin/event/store_event.h"
#include "api/call.h"
#include "api/handlers.h"
#include "api/resources/delivery_view.h"
#include "common/json/json_scan.h"

/* Deliveries of one event are made in one move, or few, mostly within milliseconds: so they stand together, at the
 * time of the event or soon after. */
enum { SCAN_MAX = 20000, SHOWN_MAX = 100 };

struct search {
    struct span event; /* stream id */
    int64_t wanted;
    size_t scanned;
    json_t *found;
};

static int h_event_look(void *arg, const struct listed_delivery *d)
{
    struct search *search = arg;

    if (span_equal(delivery_created(&d->record)->event, search->event)) {
        (void)json_array_append_new(search->found, delivery_v1_whole(&d->record, d->url));
    }
    search->scanned++;
    return json_array_size(search->found) == MIN((size_t)search->wanted, (size_t)SHOWN_MAX) ||
                   search->scanned == SCAN_MAX
               ? LIST_ENOUGH
               : 0;
}

static int find_deliveries(struct call *c, struct store *s, const struct stored_event *e,
                           struct search *search)
{
    int64_t accepted_ms;
    int r;

    *search = (struct search){
        .event = e->event.stream_id, .wanted = e->deliveries, .found = json_array()};
    if (e->deliveries <= 0 || event_accepted_ms(e->event.stream_id, &accepted_ms))
        return 0;
    r = store_deliveries_since(s, span_of(c->tenant), accepted_ms, h_event_look, search);
    if (r)
        call_store_failed(c, s, r);
    return r;
}

static json_t *fields_json(unsigned partition, const struct stored_event *e,
                           const struct search *search)
{
    const struct event_fields *f = &e->event.fields;
    int64_t accepted_ms = 0;
    char ours[64] = "";

    (void)event_accepted_ms(e->event.stream_id, &accepted_ms);
    (void)id_event(ours, partition, e->event.stream_id);
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:I, s:b, s:O}", "id", e->event.id,
        "event", json_of_text(span_of(ours)), "type", json_of_text(f->type), "time",
        json_of_time(e->event.occurred_ms), "accepted_at", json_of_time(accepted_ms), "trace",
        json_of_text(f->trace), "traceparent", json_of_text(f->traceparent), "tracestate",
        json_of_text(f->tracestate), "endpoint", json_of_text(f->endpoint), "fanned_out",
        e->deliveries > 0, "delivery_count", (json_int_t)e->deliveries, "deliveries_complete",
        json_array_size(search->found) == (size_t)e->deliveries, "deliveries", search->found);
}

/* `data` goes into the object as it came, byte for byte; as a text when it is no JSON and will be rejected for that. */
static void add_data(struct buf *b, struct span data)
{
    b->len--; /* the object's end */
    buf_add_text(b, ",\"data\":");
    if (json_check(data, NULL))
        buf_add_json_string(b, data);
    else
        buf_add_span(b, data);
    buf_add_char(b, '}');
}

static void h_event_tell(struct call *c, const struct store *s, const struct stored_event *e,
                         const struct search *search)
{
    call_json(c, 200, fields_json(store_partition(s, span_of(c->tenant)), e, search));
    if (c->status != 200)
        return;
    add_data(&c->body, e->event.fields.data);
    if (buf_result(&c->body))
        call_empty(c, 500);
}

void h_event_get(struct call *c, struct store *s)
{
    struct stored_event e;
    struct search search;
    int r = store_event_find(s, span_of(c->tenant), span_of(call_param(c, 0)), &e);

    if (r == STORE_MISSING)
        call_missing(c, "event");
    else if (r)
        call_store_failed(c, s, r);
    if (r)
        return;
    if (!find_deliveries(c, s, &e, &search))
        h_event_tell(c, s, &e, &search);
    json_decref(search.found);
    stored_event_fini(&e);
}
