/* SPDX-License-Identifier: Apache-2.0 */
#include "api/resources/delivery_page.h"
#include "api/resources/delivery_query.h"
#include <errno.h>

enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 100 };

struct listing {
    const struct delivery_page *page;
    json_t *found;
    size_t limit, scanned;
    struct delivery_cursor last;
    bool has_more;
};

static int delivery_page_each(void *arg, const struct listed_delivery *d)
{
    struct listing *l = arg;

    if (d->cursor.ms < l->page->filter->from_ms)
        return LIST_ENOUGH;
    /* What was looked at counts, found or not: a rare status does not hold up the thread. */
    if (json_array_size(l->found) >= l->limit || l->scanned == SCAN_MAX) {
        l->has_more = true;
        return LIST_ENOUGH;
    }
    l->scanned++;
    l->last = d->cursor;
    if (delivery_filter_fits(l->page->filter, &d->record))
        l->page->tell(l->found, d);
    return 0;
}

static int delivery_page_read_cursor(struct call *c, int64_t to_ms, struct delivery_cursor *ret)
{
    const char *text = call_query(c, "cursor");

    *ret = delivery_cursor_before(to_ms);
    if (!text || !delivery_cursor_parse(ret, text))
        return 0;
    call_problem(c, 400, "cursor", "expected next_cursor of an earlier answer");
    return -EINVAL;
}

static json_t *cursor_json(const struct listing *l)
{
    return l->has_more ? json_sprintf("%lld.%s", (long long)l->last.ms, l->last.id) : json_null();
}

int delivery_page_read(struct call *c, struct store *s, struct delivery_page *page)
{
    struct listing l = {.page = page};
    struct delivery_cursor at;
    int64_t limit;
    int r;

    if (delivery_page_read_cursor(c, page->filter->to_ms, &at) ||
        call_query_i64(c, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT, &limit))
        return -EINVAL;
    l.limit = (size_t)limit;
    l.found = json_array();
    r = (page->has_urls ? store_deliveries : store_delivery_records)(s, span_of(c->tenant), &at,
                                                                     delivery_page_each, &l);
    if (r) {
        json_decref(l.found);
        call_store_failed(c, s, r);
        return -EINVAL;
    }
    page->found = l.found;
    page->next_cursor = cursor_json(&l);
    return 0;
}
