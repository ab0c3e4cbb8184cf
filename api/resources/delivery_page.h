/* SPDX-License-Identifier: Apache-2.0 */
/* delivery_page.h: a page of a tenant's deliveries behind a cursor, the newest first, so that the end of a list is as
 * cheap to read as its beginning. ?limit= and ?cursor= say which. */
#ifndef GRAPNEL_API_RESOURCES_DELIVERY_PAGE_H
#define GRAPNEL_API_RESOURCES_DELIVERY_PAGE_H

#include "admin/delivery/delivery_filter.h"
#include "admin/delivery/store_delivery.h"
#include "api/call.h"

/* Appends what is to be shown of a delivery; @d->url only where @has_urls. */
typedef void delivery_tell_fn(json_t *found, const struct listed_delivery *d);

struct delivery_page {
    const struct delivery_filter *filter; /* borrowed */
    delivery_tell_fn *tell;
    bool has_urls; /* twice the work */
    /* gives, both the caller's, when it was read */
    json_t
        *found; /* an array; the page ends behind the delivery with which it has `limit` entries */
    json_t *next_cursor; /* a text; null: this was the last page */
};

/* -EINVAL: the problem is answered. */
int delivery_page_read(struct call *c, struct store *s, struct delivery_page *page);

#endif
