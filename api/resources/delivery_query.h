/* SPDX-License-Identifier: Apache-2.0 */
/* delivery_query.h: what calls about a tenant's deliveries have in common: filters out of the query,
 * one delivery by its id, trying it again. Each answers the problem itself and says so by -EINVAL. */
#ifndef GRAPNEL_API_RESOURCES_DELIVERY_QUERY_H
#define GRAPNEL_API_RESOURCES_DELIVERY_QUERY_H

#include "admin/delivery/delivery_filter.h"
#include "admin/delivery/store_delivery.h"
#include "api/call.h"

/* Records that one call reads at most where the index alone does not tell. */
enum { SCAN_MAX = 50000 };

/* ?status= ?type= ?endpoint= ?event= ?from= ?to=; @filter borrows from the call, and from @event. */
struct delivery_query {
    struct delivery_filter filter;
    char event[48];
};
int delivery_query_read(struct call *c, struct delivery_query *ret);

/* A time out of the query: 2025-01-22T14:30:00Z or milliseconds since 1970. */
int call_query_time(struct call *c, const char *name, int64_t *ret_ms);

/* The delivery of the path, when it is the tenant's. one_delivery_fini() when it answered 0. */
struct one_delivery {
    struct buf bytes, url;
    struct delivery_record record;
};
int delivery_of_call(struct call *c, struct store *s, struct one_delivery *ret);
void one_delivery_fini(struct one_delivery *d);
const char *one_delivery_url(const struct one_delivery *d); /* NULL: the endpoint was removed */

/* Has the delivery of the path tried again, and gives it as it is then; one_delivery_fini() when it answered 0. */
int delivery_retry_of_call(struct call *c, struct store *s, struct one_delivery *ret);

#endif
