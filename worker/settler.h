/* SPDX-License-Identifier: Apache-2.0 */
/* settler.h: writes outcomes of one partition back, several in one step (settle.lua).
 *
 * One step is under way at a time; meanwhile, and for `delay` before each, outcomes wait for others. So
 * the busier Redis is, the larger the steps, and the less each outcome costs. When Redis cannot be
 * reached they are kept (a settling job still holds its slot, so there are never more of them than
 * slots) and tried until it works; doing it twice is harmless, as the second finds nothing to
 * acknowledge. */
#ifndef GRAPNEL_WORKER_SETTLER_H
#define GRAPNEL_WORKER_SETTLER_H

#include "common/base/list.h"
#include "common/moves/settle.h"
#include "common/runtime/loop.h"

/* One job's outcome; embedded; its texts are borrowed until called back. */
struct settlement {
    struct list link;
    struct settle_job move;
    void (*done)(struct settlement *s);
};

enum { SETTLE_BATCH_MAX = 64 };

struct settler {
    struct redis_client *redis; /* borrowed, as are the next two */
    const char *head;
    const struct settle_limits *limits;
    int64_t delay_ms;
    struct list queue;     /* struct settlement */
    struct list under_way; /* those of the step that is under way */
    unsigned n_queued, n_under_way;
    bool is_resting;              /* the last step failed */
    struct redis_request request; /* in flight while n_under_way > 0 */
    struct redis_command command;
    struct timer timer;
};

int settler_init(struct settler *s, struct loop *l, struct redis_client *redis, const char *head,
                 const struct settle_limits *limits, int64_t delay_ms);
void settler_add(struct settler *s, struct settlement *settlement);
/* Nothing may be queued or under way. */
void settler_close(struct settler *s, defer_fn *on_closed, void *arg);

#endif
