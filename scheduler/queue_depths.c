/* SPDX-License-Identifier: Apache-2.0 */
/* queue_depths.c: see queue_depths.h.
 *
 *   RESTING ──timer──► ASKING ──answer──► ASKING for the next partition … ──the last──► RESTING
 *      ▲                  │ a fault
 *      └──────────────────┘ */
#include "scheduler/queue_depths.h"
#include "common/moves/watch.h"
#include "common/runtime/metrics.h"

enum { EVERY_MS = 2000 };

/* As queue_depths.lua answers. */
static const struct {
    enum metric metric;
    unsigned label;
    bool is_age;
} numbers[DEPTHS] = {
    {METRIC_queue_entries, QUEUE_EVENTS, false},
    {METRIC_queue_entries, QUEUE_JOBS, false},
    {METRIC_queue_entries, QUEUE_FAILED, false},
    {METRIC_queue_entries, QUEUE_DELAYED, false},
    {METRIC_queue_entries, QUEUE_REJECTED, false},
    {METRIC_jobs_claimed, 0, false},
    {METRIC_tenants_throttled, 0, false},
    {METRIC_endpoints_full, 0, false},
    {METRIC_endpoints_slowed, 0, false},
    {METRIC_endpoints_disabled, 0, false},
    {METRIC_queue_oldest_seconds, QUEUE_EVENTS, true},
    {METRIC_queue_oldest_seconds, QUEUE_JOBS, true},
    {METRIC_queue_oldest_seconds, QUEUE_FAILED, true},
    {METRIC_queue_oldest_seconds, QUEUE_DELAYED, true},
};

static bool queue_depths_add(struct queue_depths *d, const redisReply *reply)
{
    int64_t n[DEPTHS];

    if (move_queue_depths_parse(n, reply))
        return false;
    for (unsigned i = 0; i < DEPTHS; i++)
        d->sums[i] = numbers[i].is_age ? MAX(d->sums[i], n[i]) : d->sums[i] + n[i];
    return true;
}

static void queue_depths_rest(struct queue_depths *d, bool is_known)
{
    for (unsigned i = 0; i < DEPTHS; i++) {
        if (is_known)
            metric_set(numbers[i].metric, numbers[i].label, d->sums[i]);
        else
            metric_forget(numbers[i].metric);
    }
    rounds_end(&d->rounds, EVERY_MS);
}

static void queue_depths_ask(struct queue_depths *d);

static void queue_depths_on_answer(struct redis_request *request, int result, redisReply *reply)
{
    struct queue_depths *d = container_of(request, struct queue_depths, request);

    if (rounds_is_closing(&d->rounds))
        rounds_end(&d->rounds, 0);
    else if (result || !queue_depths_add(d, reply))
        queue_depths_rest(d, false); /* nothing to log: others have worse to tell */
    else if (++d->partition < d->keys->partitions)
        queue_depths_ask(d);
    else
        queue_depths_rest(d, true);
}

static void queue_depths_ask(struct queue_depths *d)
{
    struct redis_command cmd;

    redis_command_init(&cmd);
    move_queue_depths_begin(&cmd, keys_head(d->keys, d->partition));
    redis_run(d->redis, &d->request, &script_queue_depths, &cmd, 0, queue_depths_on_answer, NULL);
    redis_command_fini(&cmd);
}

static void queue_depths_begin(void *arg)
{
    struct queue_depths *d = arg;

    d->partition = 0;
    memset(d->sums, 0, sizeof(d->sums));
    queue_depths_ask(d);
}

int queue_depths_init(struct queue_depths *d, struct loop *l, struct redis_client *redis,
                      const struct keys *keys)
{
    *d = (struct queue_depths){.redis = redis, .keys = keys};
    return rounds_init(&d->rounds, l, queue_depths_begin, NULL, d);
}

void queue_depths_start(struct queue_depths *d)
{
    rounds_start(&d->rounds, 0);
}

void queue_depths_close(struct queue_depths *d, defer_fn *on_closed, void *arg)
{
    rounds_close(&d->rounds, on_closed, arg);
}
