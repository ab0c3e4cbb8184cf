/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_change.h: endpoints in the store, made and changed as a spec says. */
#ifndef GRAPNEL_ADMIN_TENANT_ENDPOINT_CHANGE_H
#define GRAPNEL_ADMIN_TENANT_ENDPOINT_CHANGE_H

#include "admin/tenant/endpoint_spec.h"

/* Adds one to a tenant; gives *ret, as it is now, and the secret if one was made (wipe it). -EINVAL
 * with words; STORE_NO_TENANT, STORE_TOO_MANY. */
int endpoint_spec_add(struct store *s, struct span tenant, const struct endpoint_spec *spec,
                      const struct endpoint_rules *rules, struct endpoint **ret,
                      struct made_secret *ret_made);

/* As store_endpoint_get(), but one of another tenant is STORE_MISSING. */
int store_endpoint_of(struct store *s, struct span tenant, struct span id, struct endpoint **ret,
                      struct buf *ret_record);

/* Asked with the record that would be changed: 0 to go on, anything else ends and is answered. */
typedef int endpoint_may_fn(void *arg, struct span record);

/* Reads, changes and writes, by store_update(). Gives
 * as above. @may may be NULL. -EINVAL with words; STORE_MISSING, STORE_CHANGED. */
int endpoint_spec_change(struct store *s, struct span tenant, struct span id,
                         const struct endpoint_spec *spec, const struct endpoint_rules *rules,
                         endpoint_may_fn *may, void *arg, struct endpoint **ret,
                         struct made_secret *ret_made);

#endif
