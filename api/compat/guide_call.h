/* SPDX-License-Identifier: Apache-2.0 */
/* guide_call.h: what the calls of the two small guides have in common. */
#ifndef GRAPNEL_API_COMPAT_GUIDE_CALL_H
#define GRAPNEL_API_COMPAT_GUIDE_CALL_H

#include "admin/tenant/endpoint_change.h"
#include "api/call.h"
#include "api/compat/guide.h"

/* By the path. */
const struct guide *guide_of(const struct call *c);

/* The webhook of the path, if it is the tenant's; gives *ret. @ret_record may be NULL. -EINVAL: answered. */
int guide_webhook(struct call *c, struct store *s, struct endpoint **ret, struct buf *ret_record);

/* What a call of the store answered. */
void guide_failed(struct call *c, struct store *s, int r);

#endif
