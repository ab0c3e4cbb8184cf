/* SPDX-License-Identifier: Apache-2.0 */
/* batch.h: entries of one stream of one partition, read by the intake for one of its handlers. */
#ifndef GRAPNEL_SCHEDULER_BATCH_H
#define GRAPNEL_SCHEDULER_BATCH_H

#include "common/redis/redis_client.h"

struct batch {
    const redisReply *entries; /* [[id, [field, value, …]], …]; lent until done() */
    unsigned partition;
};

/* A handler tells that its batch is dealt with: 0, or why it is not (it stays pending and is read
 * again). Called once for each batch, never before the handler's start function has returned. */
typedef void batch_done_fn(void *arg, int result);

#endif
