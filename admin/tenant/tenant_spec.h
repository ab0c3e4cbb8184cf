/* SPDX-License-Identifier: Apache-2.0 */
/* tenant_spec.h: what is wanted of a tenant: options of `tenant add` and `set`, or a call's body; and
 * the tenant made or changed by it. */
#ifndef GRAPNEL_ADMIN_TENANT_TENANT_SPEC_H
#define GRAPNEL_ADMIN_TENANT_TENANT_SPEC_H

#include "admin/tenant/store_tenant.h"

/* Texts are borrowed; NULL and false: not named. */
struct tenant_spec {
    const char *name, *domain; /* "": without */
    bool has_limit, has_plain, may_be_plain;
    int64_t limit; /* as in struct tenant */
};

/* Adds a tenant; gives *ret. STORE_EXISTS. */
int tenant_spec_add(struct store *s, struct span id, const struct tenant_spec *spec,
                    struct tenant **ret);

/* Asked with the record that would be changed: 0 to go on, anything else ends and is answered. */
typedef int tenant_may_fn(void *arg, struct span record);

/* Reads, changes and writes, by store_update(). Gives
 * *ret, as it is now. @may may be NULL. STORE_MISSING, STORE_CHANGED. */
int tenant_spec_change(struct store *s, struct span id, const struct tenant_spec *spec,
                       tenant_may_fn *may, void *arg, struct tenant **ret);

#endif
