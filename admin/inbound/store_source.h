/* SPDX-License-Identifier: Apache-2.0 */
/* store_source.h: inbound sources in the store (common/model/inbound/source.h). */
#ifndef GRAPNEL_ADMIN_INBOUND_STORE_SOURCE_H
#define GRAPNEL_ADMIN_INBOUND_STORE_SOURCE_H

#include "admin/store/store.h"
#include "common/model/inbound/source.h"

/* Gives *ret, and (@ret_record may be NULL) the bytes it was read from, which tell store_source_put() what it replaces.
 * STORE_MISSING. */
int store_source_get(struct store *s, struct span id, struct source **ret, struct buf *ret_record);

/* @old: the record that this one replaces; empty: it is a new source. STORE_MISSING, STORE_CHANGED, STORE_NO_TENANT,
 * STORE_TOO_MANY. */
int store_source_put(struct store *s, const struct source *source, struct span old);
int store_source_remove(struct store *s, const struct source *source, struct span old);

/* A tenant's, the oldest first. */
typedef void store_source_fn(void *arg, const struct source *source);
int store_sources(struct store *s, struct span tenant, store_source_fn *each, void *arg);

/* Counts a call that was not genuine; @why for the operator. */
int store_source_refused(struct store *s, const struct source *source, const char *why);
/* How many there were in this hour of Redis's clock, and why the last was refused: "" when there was none. */
int store_source_refusals(struct store *s, const struct source *source, int64_t *ret_n,
                          char ret_why[80]);

#endif
