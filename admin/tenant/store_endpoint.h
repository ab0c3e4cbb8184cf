/* SPDX-License-Identifier: Apache-2.0 */
/* store_endpoint.h: endpoints in the store. */
#ifndef GRAPNEL_ADMIN_TENANT_STORE_ENDPOINT_H
#define GRAPNEL_ADMIN_TENANT_STORE_ENDPOINT_H

#include "admin/store/store.h"
#include "common/model/endpoint.h"
#include "common/moves/configure.h"

/* Gives *ret, with whether it is disabled, and (@ret_record may be NULL) the bytes it was read from.
 * STORE_MISSING. */
int store_endpoint_get(struct store *s, struct span id, struct endpoint **ret,
                       struct buf *ret_record);

/* @disabled as it lies in Redis; empty: in use. Negative with words. */
int store_endpoint_parse(struct store *s, struct span id, struct span record, struct span disabled,
                         struct endpoint **ret);

/* As store_tenant_put(); also STORE_NO_TENANT, STORE_TOO_MANY. */
int store_endpoint_put(struct store *s, const struct endpoint *e, struct span old);
void store_endpoint_put_item(const struct store *s, struct store_item *item,
                             const struct endpoint *e, struct span old);
/* The same, and whether it is used, in one step. @reason: why not. */
enum endpoint_use {
    ENDPOINT_USE_AS_IT_IS = CONFIGURE_AS_IT_IS,
    ENDPOINT_USE = CONFIGURE_ENABLE,
    ENDPOINT_DISUSE = CONFIGURE_DISABLE,
};
int store_endpoint_put_use(struct store *s, const struct endpoint *e, struct span old,
                           enum endpoint_use use, const char *reason);

/* STORE_MISSING. */
int store_endpoint_remove(struct store *s, const struct endpoint *e);
/* Unless its record is another one than @old by now: also STORE_CHANGED. */
int store_endpoint_remove_if(struct store *s, const struct endpoint *e, struct span old);
int store_endpoint_enable(struct store *s, const struct endpoint *e);
int store_endpoint_disable(struct store *s, const struct endpoint *e, const char *reason);

/* What it is doing. */
struct endpoint_load {
    int64_t in_flight;                 /* or claimed, or to be claimed */
    int64_t waiting;                   /* due, without a permit */
    int64_t failures;                  /* deliveries that failed in a row */
    bool is_slow;                      /* it answered "slow down" (slow.lua): then */
    bool rests;                        /* it gets nothing for now */
    int64_t slow_slots, slow_until_ms; /* how many at a time, then or now; the end of its stage */
};
int store_endpoint_load(struct store *s, const struct endpoint *e, struct endpoint_load *ret);

#endif
