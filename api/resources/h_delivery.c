/* SPDX-License-Identifier: Apache-2.0 */
/* h_delivery.c: deliveries for /v1. */
#include "api/handlers.h"
#include "api/resources/delivery_page.h"
#include "api/resources/delivery_query.h"
#include "api/resources/delivery_view.h"

static void h_delivery_tell(json_t *found, const struct listed_delivery *d)
{
    (void)json_array_append_new(found, delivery_v1_json(&d->record, d->url));
}

void h_delivery_list(struct call *c, struct store *s)
{
    struct delivery_query q;
    struct delivery_page page = {.filter = &q.filter, .tell = h_delivery_tell, .has_urls = true};

    if (delivery_query_read(c, &q) || delivery_page_read(c, s, &page))
        return;
    call_json(c, 200,
              json_pack("{s:o, s:o}", "deliveries", page.found, "next_cursor", page.next_cursor));
}

void h_delivery_get(struct call *c, struct store *s)
{
    struct one_delivery d;

    if (delivery_of_call(c, s, &d))
        return;
    call_json(c, 200, delivery_v1_whole(&d.record, one_delivery_url(&d)));
    one_delivery_fini(&d);
}

void h_delivery_retry(struct call *c, struct store *s)
{
    struct one_delivery d;

    if (delivery_retry_of_call(c, s, &d))
        return;
    call_json(c, 202, delivery_v1_json(&d.record, one_delivery_url(&d)));
    one_delivery_fini(&d);
}
