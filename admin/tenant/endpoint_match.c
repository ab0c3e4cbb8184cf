/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/tenant/endpoint_match.h"

int endpoint_match(struct endpoint_match *ret, const struct endpoint *e, struct span type,
                   struct span data)
{
    *ret = (struct endpoint_match){.is_enabled = !e->disabled_reason,
                                   .is_wanted = endpoint_wants(e, type),
                                   .is_matched = true};
    buf_init(&ret->why, FILTER_EXPLAIN_BYTES_MAX);
    return e->filter ? filter_explain(&ret->why, e->filter, data, &ret->is_matched) : 0;
}

void endpoint_match_fini(struct endpoint_match *m)
{
    buf_fini(&m->why);
}

bool endpoint_match_is_whole(const struct endpoint_match *m)
{
    return m->is_enabled && m->is_wanted && m->is_matched;
}
