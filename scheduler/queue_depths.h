/* SPDX-License-Identifier: Apache-2.0 */
/* queue_depths.h: asks every few seconds how much lies in each partition (queue_depths.lua), for the metrics: one partition
 * after the other, one cheap request at a time. While Redis does not answer, these metrics are left out. */
#ifndef GRAPNEL_SCHEDULER_QUEUE_DEPTHS_H
#define GRAPNEL_SCHEDULER_QUEUE_DEPTHS_H

#include "common/moves/keys.h"
#include "common/moves/watch.h"
#include "common/redis/redis_client.h"
#include "common/runtime/rounds.h"

enum { DEPTHS = DEPTHS_NUMBERS };

struct queue_depths {
    struct redis_client *redis; /* borrowed, as is the next */
    const struct keys *keys;
    struct rounds rounds;
    struct redis_request request; /* in flight during a round */
    unsigned partition;           /* that is being asked for */
    int64_t sums[DEPTHS];         /* of those before; of ages the largest */
};

int queue_depths_init(struct queue_depths *d, struct loop *l, struct redis_client *redis,
                      const struct keys *keys);
void queue_depths_start(struct queue_depths *d); /* again: no effect */
void queue_depths_close(struct queue_depths *d, defer_fn *on_closed, void *arg);

#endif
