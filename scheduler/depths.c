/* SPDX-License-Identifier: Apache-2.0 */
/* depths.c: see depths.h.
 *
 *   RESTING ──timer──► ASKING ──answer──► ASKING for the next partition … ──the last──► RESTING
 *      ▲                  │ a fault
 *      └──────────────────┘ */
#include "scheduler/depths.h"
#include "common/moves/watch.h"
#include "common/runtime/metrics.h"

enum { EVERY_MS = 2000 };

/* As depths.lua answers. */
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

static bool depths_add(struct depths *d, const redisReply *reply)
{
    int64_t n[DEPTHS];

    if (move_depths_parse(n, reply))
        return false;
    for (unsigned i = 0; i < DEPTHS; i++)
        d->sums[i] = numbers[i].is_age ? MAX(d->sums[i], n[i]) : d->sums[i] + n[i];
    return true;
}

static void depths_rest(struct depths *d, bool is_known)
{
    for (unsigned i = 0; i < DEPTHS; i++) {
        if (is_known)
            metric_set(numbers[i].metric, numbers[i].label, d->sums[i]);
        else
            metric_forget(numbers[i].metric);
    }
    rounds_end(&d->rounds, EVERY_MS);
}

static void depths_ask(struct depths *d);

static void depths_on_answer(struct redis_request *request, int result, redisReply *reply)
{
    struct depths *d = container_of(request, struct depths, request);

    if (rounds_is_closing(&d->rounds))
        rounds_end(&d->rounds, 0);
    else if (result || !depths_add(d, reply))
        depths_rest(d, false); /* nothing to log: others have worse to tell */
    else if (++d->partition < d->keys->partitions)
        depths_ask(d);
    else
        depths_rest(d, true);
}

static void depths_ask(struct depths *d)
{
    struct redis_command cmd;

    redis_command_init(&cmd);
    move_depths_begin(&cmd, keys_head(d->keys, d->partition));
    redis_run(d->redis, &d->request, &script_depths, &cmd, 0, depths_on_answer, NULL);
    redis_command_fini(&cmd);
}

static void depths_begin(void *arg)
{
    struct depths *d = arg;

    d->partition = 0;
    memset(d->sums, 0, sizeof(d->sums));
    depths_ask(d);
}

int depths_init(struct depths *d, struct loop *l, struct redis_client *redis,
                const struct keys *keys)
{
    *d = (struct depths){.redis = redis, .keys = keys};
    return rounds_init(&d->rounds, l, depths_begin, NULL, d);
}

void depths_start(struct depths *d)
{
    rounds_start(&d->rounds, 0);
}

void depths_close(struct depths *d, defer_fn *on_closed, void *arg)
{
    rounds_close(&d->rounds, on_closed, arg);
}
