/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/delivery/delivery_filter.h"

bool delivery_status_is_known(struct span status)
{
    static const char *const known[] = {"pending", "success", "failed", "timeout", "cancelled"};

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (span_equal(status, span_of(known[i])))
            return true;
    return false;
}

static bool delivery_filter_do_fits(struct span wanted, struct span is)
{
    return !wanted.len || span_equal(wanted, is);
}

bool delivery_filter_fits(const struct delivery_filter *f, const struct delivery_record *d)
{
    const struct record_entry *created = delivery_created(d);

    return delivery_filter_do_fits(f->status, delivery_status(d)) &&
           delivery_filter_do_fits(f->endpoint, created->endpoint) &&
           delivery_filter_do_fits(f->type, created->type) &&
           delivery_filter_do_fits(f->event, created->event);
}

bool delivery_filter_is_of_time(const struct delivery_filter *f)
{
    return !f->status.len && !f->endpoint.len && !f->type.len && !f->event.len;
}
