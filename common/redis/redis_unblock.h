/* SPDX-License-Identifier: Apache-2.0 */
/* redis_unblock.h: ends a blocked read of ours, so that its answer comes at once.
 *
 * Cutting the connection instead would end it on our side only: Redis may serve the read before it
 * sees the end of the connection, and what it gives then is given to nobody. With CLIENT UNBLOCK the
 * read is answered, with what came or with nothing. */
#ifndef GRAPNEL_COMMON_REDIS_REDIS_UNBLOCK_H
#define GRAPNEL_COMMON_REDIS_REDIS_UNBLOCK_H

#include "common/redis/redis_client.h"

/* Embedded; alive until @via is closed. */
struct redis_unblock {
    struct redis_request request;
    struct redis_client *via, *blocked;
    unsigned n_tries;
    bool is_active;
};

/* Asks until redis_unblock_stop(), as the read may not have reached Redis yet. Where that is not
 * possible (no right to, say) the connection of @blocked is cut after all. Both are borrowed; once in
 * the life of @u. */
void redis_unblock_start(struct redis_unblock *u, struct redis_client *via,
                         struct redis_client *blocked);
/* The read has ended. */
void redis_unblock_stop(struct redis_unblock *u);

#endif
