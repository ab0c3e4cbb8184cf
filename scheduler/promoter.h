/* SPDX-License-Identifier: Apache-2.0 */
/* promoter.h: moves what is due in one partition: deliveries out of `delayed`, tenants out of
 * `throttled`. Sleeps until the next due time; is told of earlier ones by promoter_at(). */
#ifndef GRAPNEL_SCHEDULER_PROMOTER_H
#define GRAPNEL_SCHEDULER_PROMOTER_H

#include "common/base/clock.h"
#include "common/redis/redis_client.h"
#include "common/runtime/loop.h"
#include "scheduler/limits.h"

struct promoter {
    struct redis_client *redis; /* borrowed, as are the next three */
    const struct redis_clock *clock;
    const struct limits *limits;
    const char *head;
    struct timer timer;
    struct redis_request request; /* in flight while is_running */
    int64_t due_ms;               /* Redis's clock; INT64_MAX: nothing known */
    int64_t step_due_ms;          /* what it was when the step under way was begun */
    bool is_running, is_closing;
    defer_fn *on_closed;
    void *arg;
};

int promoter_init(struct promoter *p, struct loop *l, struct redis_client *redis,
                  const struct redis_clock *clock, const struct limits *limits, const char *head);

/* Something will be due at @due_ms of Redis's clock; below 0: nothing. */
void promoter_at(struct promoter *p, int64_t due_ms);

/* Stops; a step under way is waited for. @on_closed(@arg) when its memory may go. */
void promoter_close(struct promoter *p, defer_fn *on_closed, void *arg);

#endif
