/* SPDX-License-Identifier: Apache-2.0 */
#include "api/resources/delivery_query.h"
#include "common/base/text.h"
#include <errno.h>

enum { RECORD_BYTES_MAX = 16 << 20, URL_BYTES_MAX = 16 << 10 };

/* ---- filters ---- */

int call_query_time(struct call *c, const char *name, int64_t *ret_ms)
{
    const char *text = call_query(c, name);

    if (!text)
        return 0;
    if (!parse_iso_time(span_of(text), ret_ms) && *ret_ms > 0)
        return 0;
    if (!parse_i64(span_of(text), ret_ms) && *ret_ms > 0)
        return 0;
    call_problem(c, 400, name, "expected a time such as 2025-01-22T14:30:00Z");
    return -EINVAL;
}

static int read_status(struct call *c, struct delivery_filter *f)
{
    f->status = span_of(call_query(c, "status"));
    if (!f->status.len || delivery_status_is_known(f->status))
        return 0;
    call_problem(c, 400, "status", "expected pending, success, failed, timeout or cancelled");
    return -EINVAL;
}

static int read_event(struct call *c, struct delivery_query *q)
{
    const char *text = call_query(c, "event");
    unsigned partition;

    if (!text)
        return 0;
    if (id_event_parse(span_of(text), &partition, q->event)) {
        call_problem(c, 400, "event", "expected an event's id: evt_<partition>_<ms>_<number>");
        return -EINVAL;
    }
    q->filter.event = span_of(q->event);
    return 0;
}

int delivery_query_read(struct call *c, struct delivery_query *ret)
{
    struct delivery_filter *f = &ret->filter;

    *ret = (struct delivery_query){0};
    f->type = span_of(call_query(c, "type"));
    f->endpoint = span_of(call_query(c, "endpoint"));
    if (read_status(c, f) || read_event(c, ret) || call_query_time(c, "from", &f->from_ms) ||
        call_query_time(c, "to", &f->to_ms))
        return -EINVAL;
    if (!f->to_ms || f->from_ms <= f->to_ms)
        return 0;
    call_problem(c, 400, "to", "expected a time that is not before from");
    return -EINVAL;
}

/* ---- one ---- */

void one_delivery_fini(struct one_delivery *d)
{
    delivery_record_fini(&d->record);
    buf_fini(&d->bytes);
    buf_fini(&d->url);
}

const char *one_delivery_url(const struct one_delivery *d)
{
    return d->url.len ? d->url.data : NULL;
}

static int read_one(struct call *c, struct store *s, struct one_delivery *d)
{
    struct span id = span_of(call_param(c, 0));
    int r = store_delivery_read(s, id, 0, &d->bytes);

    if (r)
        return r;
    r = delivery_record_parse(&d->record, id, (struct span){d->bytes.data, d->bytes.len});
    if (r)
        return r;
    if (!span_equal(delivery_created(&d->record)->tenant, span_of(c->tenant)))
        return STORE_MISSING;
    return store_endpoint_url(s, delivery_created(&d->record)->endpoint, &d->url);
}

int delivery_of_call(struct call *c, struct store *s, struct one_delivery *ret)
{
    int r;

    *ret = (struct one_delivery){0};
    buf_init(&ret->bytes, RECORD_BYTES_MAX);
    buf_init(&ret->url, URL_BYTES_MAX);
    r = read_one(c, s, ret);
    if (!r)
        return 0;
    one_delivery_fini(ret);
    if (r == STORE_MISSING)
        call_missing(c, "delivery");
    else
        call_store_failed(c, s, r);
    return -EINVAL;
}

/* ---- again ---- */

static void tell_retry(struct call *c, struct store *s, int r)
{
    switch (r) {
    case RETRY_MISSING:
        call_missing(c, "delivery");
        return;
    case RETRY_PENDING:
        call_problem(c, 409, NULL, "it has not ended: it is tried again by itself");
        return;
    case RETRY_NO_ENDPOINT:
        call_problem(c, 409, NULL, "its endpoint was removed");
        return;
    case RETRY_DISABLED:
        call_problem(c, 409, NULL, "its endpoint is disabled: enable it first");
        return;
    default:
        call_store_failed(c, s, r);
    }
}

static int delivery_query_retry(struct store *s, struct one_delivery *d)
{
    struct record_entry again = {.kind = RECORD_AGAIN};
    int r = store_delivery_retry(s, span_of(d->record.id), DELIVERY_RETRY_DELAY_MS, &again.due_ms);

    return r ? r : delivery_record_add(&d->record, &again);
}

int delivery_retry_of_call(struct call *c, struct store *s, struct one_delivery *ret)
{
    int r;

    if (delivery_of_call(c, s, ret)) /* another tenant's is not touched */
        return -EINVAL;
    r = delivery_query_retry(s, ret);
    if (!r)
        return 0;
    one_delivery_fini(ret);
    tell_retry(c, s, r);
    return -EINVAL;
}
