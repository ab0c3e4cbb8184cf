/* SPDX-License-Identifier: Apache-2.0 */
/* store_revise.h: one record of a tenant made, replaced or removed, and told of by events, in one step
 * (common/moves/revise.lua). */
#ifndef GRAPNEL_ADMIN_STORE_STORE_REVISE_H
#define GRAPNEL_ADMIN_STORE_STORE_REVISE_H

#include "admin/store/store.h"
#include "common/moves/revise.h"

/* STORE_EXISTS, STORE_MISSING, STORE_CHANGED, STORE_NO_TENANT, STORE_TOO_MANY. */
int store_revise(struct store *s, const struct revision *v, const struct revision_event *events,
                 size_t n);

#endif
