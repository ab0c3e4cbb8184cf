/* SPDX-License-Identifier: Apache-2.0 */
/* redis_reply.h: builds hiredis' replies in memory of ours, within bounds.
 *
 * hiredis takes two allocations for each element of a reply and gives them back one by one; we put
 * a whole reply into one block, which is used again for the next. It also believes whatever length
 * a reply claims to have; here a reply that is too large or too deep fails like one that is
 * malformed. Only redis_link.c needs this; the readers of replies are in redis_client.h. */
#ifndef GRAPNEL_COMMON_REDIS_REDIS_REPLY_H
#define GRAPNEL_COMMON_REDIS_REDIS_REPLY_H

#include "common/base/base.h"
#include <hiredis/hiredis.h>

enum { REDIS_REPLY_DEPTH_MAX = 16, REDIS_REPLY_BYTES_MAX = 256 << 20 };

struct redis_arena {
    struct redis_chunk *chunk; /* the newest; older ones behind it */
    size_t total;              /* bytes of all chunks */
};

/* Makes @reader build its replies in @a, one at a time: each is valid until the next one begins. */
void redis_arena_attach(struct redis_arena *a, redisReader *reader);
void redis_arena_fini(struct redis_arena *a);

/* Gives the memory of the reply that was built last; the arena goes on with new memory. */
struct redis_chunk *redis_arena_give(struct redis_arena *a);

#endif
