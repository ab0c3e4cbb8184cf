/* SPDX-License-Identifier: Apache-2.0 */
/* store_room.h: how many requests per minute somebody may make whom the store does not know (by a JWT, say). */
#ifndef GRAPNEL_ADMIN_STORE_STORE_ROOM_H
#define GRAPNEL_ADMIN_STORE_STORE_ROOM_H

#include "admin/store/store.h"

/* Takes room for one of @limit (> 0) requests per minute; @name is any text, of @tenant's ("": of operators). *ret_ms:
 * how long it has to wait, and 0 when it may. */
int store_room_take(struct store *s, struct span tenant, struct span name, int64_t limit,
                    int64_t *ret_ms);

#endif
