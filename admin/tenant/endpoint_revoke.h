/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_revoke.h: an endpoint's older secrets, taken away before their time. */
#ifndef GRAPNEL_ADMIN_TENANT_ENDPOINT_REVOKE_H
#define GRAPNEL_ADMIN_TENANT_ENDPOINT_REVOKE_H

#include "admin/tenant/store_endpoint.h"

struct endpoint_revocation {
    struct span tenant, endpoint; /* tenant empty: whoever's it is */
    const char *secret;           /* its id; NULL: all the older ones */
};

/* Reads, changes and writes, by store_update(). Gives
 * *ret, as it is now, and how many went. STORE_MISSING, STORE_CHANGED; -ENOENT: it has no such secret;
 * -EBUSY: that is the one in use. */
int store_endpoint_revoke(struct store *s, const struct endpoint_revocation *what,
                          struct endpoint **ret, unsigned *ret_n);

#endif
