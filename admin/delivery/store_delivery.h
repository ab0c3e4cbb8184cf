/* SPDX-License-Identifier: Apache-2.0 */
/* store_delivery.h: deliveries in the store. */
#ifndef GRAPNEL_ADMIN_DELIVERY_STORE_DELIVERY_H
#define GRAPNEL_ADMIN_DELIVERY_STORE_DELIVERY_H

#include "admin/delivery/delivery_record.h"
#include "admin/store/store.h"
#include "common/moves/retries.h"

/* The platform guide: "Manual retries create a new delivery attempt with a 5-second delay". */
enum { DELIVERY_RETRY_DELAY_MS = 5000 };

/* Appends the record's bytes from @offset on to @ret. STORE_MISSING when there is no record (any
 * more), or fewer bytes than @offset. */
int store_delivery_read(struct store *s, struct span id, size_t offset, struct buf *ret);

/* How long the record is; 0: there is none. */
int store_delivery_length(struct store *s, struct span id, size_t *ret);

/* Has an ended delivery tried again. What it may answer besides 0: */
enum {
    RETRY_MISSING = MOVE_RETRY_MISSING,
    RETRY_PENDING = MOVE_RETRY_PENDING,
    RETRY_NO_ENDPOINT = MOVE_RETRY_NO_ENDPOINT,
    RETRY_DISABLED = MOVE_RETRY_DISABLED,
};
int store_delivery_retry(struct store *s, struct span id, int64_t delay_ms, int64_t *ret_due_ms);

/* Where the endpoint is now, written to @ret; "" when it was removed. */
int store_endpoint_url(struct store *s, struct span endpoint, struct buf *ret);

/* Place in a tenant's deliveries, the newest first: "<created ms>.<delivery id>" */
struct delivery_cursor {
    int64_t ms; /* INT64_MAX: before the newest */
    char id[ID_SIZE];
};
int delivery_cursor_parse(struct delivery_cursor *ret, const char *text); /* -EINVAL */

/* One of a list. Texts and record are lent until the callback returns, which answers 0 to go on,
 * LIST_ENOUGH to end, or negative. */
struct listed_delivery {
    struct delivery_record record;
    struct delivery_cursor cursor;
    const char *url; /* NULL: the endpoint was removed */
};
enum { LIST_ENOUGH = 1 };
typedef int store_delivery_fn(void *arg, const struct listed_delivery *d);

/* Calls @each for the tenant's deliveries behind @after, the newest first, page after page. */
int store_deliveries(struct store *s, struct span tenant, const struct delivery_cursor *after,
                     store_delivery_fn *each, void *arg);
/* The same without their URLs, which is half the work. */
int store_delivery_records(struct store *s, struct span tenant, const struct delivery_cursor *after,
                           store_delivery_fn *each, void *arg);

/* Those that were created at @from_ms or later, the oldest first. */
int store_deliveries_since(struct store *s, struct span tenant, int64_t from_ms,
                           store_delivery_fn *each, void *arg);

/* Before the newest that was created at @to_ms or earlier; 0: before the newest of all. */
struct delivery_cursor delivery_cursor_before(int64_t to_ms);
/* How many were created in that time; both included, to_ms 0: no end. */
int store_delivery_count(struct store *s, struct span tenant, int64_t from_ms, int64_t to_ms,
                         int64_t *ret);
/* Moves a cursor behind the @n newest of those created at @to_ms or earlier. STORE_MISSING: there
 * are fewer. */
int store_delivery_skip(struct store *s, struct span tenant, int64_t to_ms, int64_t n,
                        struct delivery_cursor *ret);

#endif
