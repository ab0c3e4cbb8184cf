/* SPDX-License-Identifier: Apache-2.0 */
/* store_transfer.h: downloads and royalty files in the store (transfer.h). They are kept for the setting
 * inbound_retention from when they were registered. */
#ifndef GRAPNEL_ADMIN_INBOUND_STORE_TRANSFER_H
#define GRAPNEL_ADMIN_INBOUND_STORE_TRANSFER_H

#include "admin/inbound/transfer.h"
#include "admin/store/store.h"

enum { TRANSFERS_PER_TENANT_MAX = 100000 }; /* of each kind */

/* Registers @t: kind, tenant and texts are set; an id that is empty is made, the times are filled in. STORE_EXISTS:
 * the id is taken (a download's by any tenant, as its webhook names none); STORE_NO_TENANT, STORE_TOO_MANY. */
int store_transfer_add(struct store *s, struct transfer *t);

/* STORE_MISSING. */
int store_transfer_get(struct store *s, enum transfer_kind kind, struct span tenant, const char *id,
                       struct transfer *ret);

/* The same for a download of whatever tenant. */
int store_download_find(struct store *s, const char *id, struct transfer *ret);

/* News of a transfer that was read before: the status, and the events that tell of it, in one step. What was told
 * already changes nothing and tells nothing. @t is as it is now. -EINVAL with words: that cannot follow;
 * STORE_MISSING. */
int store_transfer_tell(struct store *s, struct transfer *t, enum transfer_state to,
                        struct span url);

/* Calls @each for up to @limit, the newest first, behind the one named @after ("": from the newest). Gives whether
 * there are more, and the last one's id. */
struct transfer_page {
    enum transfer_kind kind;
    struct span tenant;
    const char *after;
    int64_t limit;
};
typedef void store_transfer_fn(void *arg, const struct transfer *t);
int store_transfers(struct store *s, const struct transfer_page *page, store_transfer_fn *each,
                    void *arg, char ret_next[ID_SIZE]);

#endif
