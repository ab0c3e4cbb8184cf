/* SPDX-License-Identifier: Apache-2.0 */
/* delivery_watch.h: follows what happens to deliveries, by looking at their records again and again:
 * a record only grows. */
#ifndef GRAPNEL_CLI_MANAGE_DELIVERY_WATCH_H
#define GRAPNEL_CLI_MANAGE_DELIVERY_WATCH_H

#include "admin/delivery/store_delivery.h"
#include "cli/manage/cli_store.h"

enum { DELIVERY_POLL_MS = 100 };

/* Answers 0 to go on, negative to end; the entry is lent. */
typedef int delivery_entry_fn(void *arg, const char *id, const struct record_entry *e);

/* One record: how much of it was told, and whether its last entry ends the delivery. */
struct delivery_watch {
    char id[ID_SIZE];
    size_t offset;
    bool is_final;
};

/* Tells the entries in @bytes, which stand behind w->offset in the record. */
int delivery_watch_feed(struct delivery_watch *w, struct span bytes, delivery_entry_fn *each,
                        void *arg);

/* Tells the entries of delivery @id, those that are there and those that come, until it has ended.
 * STORE_MISSING when there is no record, or no longer. */
int delivery_watch_all(struct store *s, const char *id, delivery_entry_fn *each, void *arg);

/* Tells when deliveries of @tenant are made, and when those end, without end. Negative. */
int delivery_watch_tenant(struct store *s, struct span tenant, delivery_entry_fn *each, void *arg);

#endif
