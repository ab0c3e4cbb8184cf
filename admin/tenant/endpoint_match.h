/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_match.h: would an endpoint get an event, and why. Pure; nothing is sent. */
#ifndef GRAPNEL_ADMIN_TENANT_ENDPOINT_MATCH_H
#define GRAPNEL_ADMIN_TENANT_ENDPOINT_MATCH_H

#include "common/model/endpoint.h"

/* Each part of the answer. */
struct endpoint_match {
    bool is_enabled, is_wanted, is_matched; /* the endpoint, the type, the filter */
    struct buf why;                         /* of the filter: a line a condition */
};

/* @data passed json_check(). 0, or what buf_result() has; endpoint_match_fini() in any case. */
int endpoint_match(struct endpoint_match *ret, const struct endpoint *e, struct span type,
                   struct span data);
void endpoint_match_fini(struct endpoint_match *m);
bool endpoint_match_is_whole(const struct endpoint_match *m); /* it gets such an event */

#endif
