/* SPDX-License-Identifier: Apache-2.0 */
/* h_webhook_delivery.c: deliveries as the platform guide has them: pages, totals, one, again.
 *
 * Where nothing but time is asked for, the index counts and skips, whatever the page. Else records are
 * read, up to a limit; an answer whose totals are of a part only says so. */
#include "api/compat/guide_royalti.h"
#include "api/handlers.h"
#include "api/resources/delivery_query.h"
#include "api/resources/delivery_view.h"

enum { SIZE_DEFAULT = 20, PAGE_SIZE_MAX = 100, PAGE_MAX = 1000000 };

struct page {
    const struct delivery_filter *filter;
    int64_t number, size;
    int64_t passed, total; /* of those that fit */
    int64_t scanned;
    bool is_counted; /* by the index: it ends with its page */
    bool is_part;    /* the limit was reached */
    json_t *found;
};

static int h_webhook_delivery_take(struct page *p, const struct listed_delivery *d)
{
    int64_t begin = (p->number - 1) * p->size;

    if (!delivery_filter_fits(p->filter, &d->record))
        return 0;
    if (p->is_counted || (p->passed >= begin && p->passed < begin + p->size))
        (void)json_array_append_new(p->found, royalti_delivery_json(&d->record, d->url));
    p->passed++;
    return p->is_counted && p->passed == p->size ? LIST_ENOUGH : 0;
}

static int h_webhook_delivery_each(void *arg, const struct listed_delivery *d)
{
    struct page *p = arg;

    if (d->cursor.ms < p->filter->from_ms)
        return LIST_ENOUGH;
    if (!p->is_counted && p->scanned == SCAN_MAX) {
        p->is_part = true;
        return LIST_ENOUGH;
    }
    p->scanned++;
    return h_webhook_delivery_take(p, d);
}

/* Places by the index. */
static int read_counted(struct store *s, struct span tenant, struct page *p)
{
    struct delivery_cursor at;
    int r = store_delivery_count(s, tenant, p->filter->from_ms, p->filter->to_ms, &p->total);

    if (r || (p->number - 1) * p->size >= p->total)
        return r;
    r = store_delivery_skip(s, tenant, p->filter->to_ms, (p->number - 1) * p->size, &at);
    if (r)
        return r == STORE_MISSING ? 0 : r; /* removed since they were counted */
    return store_deliveries(s, tenant, &at, h_webhook_delivery_each, p);
}

static int h_webhook_delivery_read_page(struct store *s, struct span tenant, struct page *p)
{
    struct delivery_cursor at = delivery_cursor_before(p->filter->to_ms);
    int r;

    p->is_counted = delivery_filter_is_of_time(p->filter);
    if (p->is_counted)
        return read_counted(s, tenant, p);
    r = store_deliveries(s, tenant, &at, h_webhook_delivery_each, p);
    p->total = p->passed;
    return r;
}

static json_t *page_json(const struct page *p)
{
    json_t *data = json_pack("{s:O, s:I, s:I, s:I}", "webhookDeliveries", p->found, "totalItems",
                             (json_int_t)p->total, "totalPages",
                             (json_int_t)((p->total + p->size - 1) / p->size), "currentPage",
                             (json_int_t)p->number);

    if (data && p->is_part)
        (void)json_object_set_new(data, "scanned", json_integer(p->scanned));
    return json_pack("{s:s, s:s, s:o}", "status", "success", "message",
                     "Webhook deliveries retrieved successfully", "data", data);
}

void h_webhook_delivery_list(struct call *c, struct store *s)
{
    struct delivery_query q;
    struct page p = {.filter = &q.filter};
    int r;

    if (delivery_query_read(c, &q) || call_query_i64(c, "page", 1, PAGE_MAX, 1, &p.number) ||
        call_query_i64(c, "size", 1, PAGE_SIZE_MAX, SIZE_DEFAULT, &p.size))
        return;
    p.found = json_array();
    r = h_webhook_delivery_read_page(s, span_of(c->tenant), &p);
    if (r)
        call_store_failed(c, s, r);
    else
        call_json(c, 200, page_json(&p));
    json_decref(p.found);
}

void h_webhook_delivery_get(struct call *c, struct store *s)
{
    struct one_delivery d;
    json_t *json;

    if (delivery_of_call(c, s, &d))
        return;
    json = royalti_delivery_whole(&d.record, one_delivery_url(&d));
    call_json(c, 200,
              json_pack("{s:s, s:s, s:o}", "status", "success", "message",
                        "Webhook delivery retrieved successfully", "data", json));
    one_delivery_fini(&d);
}

void h_webhook_delivery_retry(struct call *c, struct store *s)
{
    struct one_delivery d;

    if (delivery_retry_of_call(c, s, &d))
        return;
    call_json(c, 202,
              json_pack("{s:s, s:s, s:o}", "status", "success", "message",
                        "Webhook delivery will be retried", "data",
                        royalti_retry_json(&d.record, one_delivery_url(&d))));
    one_delivery_fini(&d);
}
