/* SPDX-License-Identifier: Apache-2.0 */
/* store_tenant.h: tenants in the store. */
#ifndef GRAPNEL_ADMIN_TENANT_STORE_TENANT_H
#define GRAPNEL_ADMIN_TENANT_STORE_TENANT_H

#include "admin/store/store.h"
#include "common/model/tenant.h"

/* Gives *ret, without its endpoints, and (@ret_record may be NULL) the bytes it was read from, which
 * tell store_tenant_put() what it replaces. STORE_MISSING. */
int store_tenant_get(struct store *s, struct span id, struct tenant **ret, struct buf *ret_record);

/* @old: the record that this one replaces; empty: it is a new tenant. STORE_EXISTS, STORE_MISSING,
 * STORE_CHANGED. */
int store_tenant_put(struct store *s, const struct tenant *t, struct span old);

/* With its endpoints. STORE_MISSING. */
int store_tenant_remove(struct store *s, struct span id);
/* The same, unless its record is another one than @old by now: STORE_CHANGED. */
int store_tenant_remove_if(struct store *s, struct span id, struct span old);

/* A tenant and all its endpoints, the oldest first. STORE_MISSING. */
int store_tenant_whole(struct store *s, struct span id, struct tenant **ret);

/* Calls @each for every tenant (without endpoints), sorted by id; it returns 0 to go on, anything
 * else ends and is answered. */
typedef int store_tenant_fn(void *arg, const struct tenant *t);
int store_tenants(struct store *s, store_tenant_fn *each, void *arg);
/* Those behind @after. All ids are read each time, of the tenants themselves no more than are asked for. */
int store_tenants_after(struct store *s, const char *after, store_tenant_fn *each, void *arg);

/* The ids alone, sorted; also of tenants that were removed but still have records. */
typedef int store_tenant_id_fn(void *arg, const char *id);
int store_tenant_ids(struct store *s, store_tenant_id_fn *each, void *arg);

/* What waits and what may go. */
struct tenant_load {
    int64_t waiting;   /* deliveries that are due but have no permit yet */
    int64_t in_window; /* permits of the last 60 s */
    int64_t next_ms;   /* when what waits is served next; 0: nothing waits */
};
int store_tenant_load(struct store *s, const struct tenant *whole, struct tenant_load *ret);

/* For batches: the item's command, and the tenant in its reply. STORE_MISSING. */
void store_tenant_get_item(const struct store *s, struct store_item *item, struct span id);
int store_tenant_parse(struct store *s, struct span id, const redisReply *reply,
                       struct tenant **ret);

/* The item's command: the put as above, for batches; its reply is judged by
 * store_configure_result(). */
void store_tenant_put_item(const struct store *s, struct store_item *item, const struct tenant *t,
                           struct span old);

#endif
