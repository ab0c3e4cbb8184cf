/* h_delivery.c: deliveries for /v1: lists go on behind a cursor, so that they are as cheap at their
 * end as at their beginning. */
#include "api/delivery_query.h"
#include "api/delivery_view.h"
#include "api/handlers.h"
#include <stdio.h>

enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 100 };

struct listing {
    const struct delivery_filter *filter;
    json_t *found;
    size_t limit, scanned;
    struct delivery_cursor last;
    bool has_more;
};

static int each(void *arg, const struct listed_delivery *d)
{
    struct listing *l = arg;

    if (d->cursor.ms < l->filter->from_ms)
        return LIST_ENOUGH;
    /* What was looked at counts, found or not: a rare status does not hold up the thread. */
    if (json_array_size(l->found) == l->limit || l->scanned == SCAN_MAX) {
        l->has_more = true;
        return LIST_ENOUGH;
    }
    l->scanned++;
    l->last = d->cursor;
    if (delivery_filter_fits(l->filter, &d->record))
        (void)json_array_append_new(l->found, delivery_v1_json(&d->record, d->url));
    return 0;
}

static int read_cursor(struct call *c, int64_t to_ms, struct delivery_cursor *ret)
{
    const char *text = call_query(c, "cursor");

    *ret = delivery_cursor_before(to_ms);
    if (!text || !delivery_cursor_parse(ret, text))
        return 0;
    call_problem(c, 400, "cursor", "expected next_cursor of an earlier answer");
    return -1;
}

static json_t *cursor_json(const struct listing *l)
{
    return l->has_more ? json_sprintf("%lld.%s", (long long)l->last.ms, l->last.id) : json_null();
}

void h_delivery_list(struct call *c, struct store *s)
{
    struct delivery_query q;
    struct delivery_cursor at;
    struct listing l = {.filter = &q.filter};
    int64_t limit;
    int r;

    if (delivery_query_read(c, &q) || read_cursor(c, q.filter.to_ms, &at) ||
        call_query_i64(c, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT, &limit))
        return;
    l.limit = (size_t)limit;
    l.found = json_array();
    r = store_deliveries(s, span_of(c->tenant), &at, each, &l);
    if (!r)
        call_json(c, 200,
                  json_pack("{s:O, s:o}", "deliveries", l.found, "next_cursor", cursor_json(&l)));
    else
        call_store_failed(c, s, r);
    json_decref(l.found);
}

void h_delivery_get(struct call *c, struct store *s)
{
    struct one_delivery d;
    json_t *json;

    if (delivery_of_call(c, s, &d))
        return;
    json = delivery_v1_json(&d.record, one_delivery_url(&d));
    if (json)
        (void)json_object_set_new(json, "attempt_list", delivery_v1_attempts(&d.record));
    call_json(c, 200, json);
    one_delivery_fini(&d);
}

void h_delivery_retry(struct call *c, struct store *s)
{
    int64_t due_ms;

    if (delivery_retry_of_call(c, s, &due_ms))
        return;
    call_json(c, 202,
              json_pack("{s:s, s:s, s:o}", "id", call_param(c, 0), "status", "pending",
                        "next_attempt_at", json_of_time(due_ms)));
}
