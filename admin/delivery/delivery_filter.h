/* SPDX-License-Identifier: Apache-2.0 */
/* delivery_filter.h: which deliveries of a tenant are asked for. Pure. */
#ifndef GRAPNEL_ADMIN_DELIVERY_DELIVERY_FILTER_H
#define GRAPNEL_ADMIN_DELIVERY_DELIVERY_FILTER_H

#include "admin/delivery/delivery_record.h"

/* Texts are borrowed; what is empty or 0 does not matter. */
struct delivery_filter {
    struct span status, endpoint, type;
    struct span event;      /* stream id */
    int64_t from_ms, to_ms; /* when it was created, both included; to_ms 0: no end */
};

/* "pending", "success", "failed", "timeout", "cancelled". */
bool delivery_status_is_known(struct span status);
/* Is it one of them? Times are not looked at: they are the index's. */
bool delivery_filter_fits(const struct delivery_filter *f, const struct delivery_record *d);
/* It asks for nothing but times, so that the index alone can count them. */
bool delivery_filter_is_of_time(const struct delivery_filter *f);

#endif
