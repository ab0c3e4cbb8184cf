/* depths.c: see depths.h.
 *
 *   RESTING ──timer──► ASKING ──answer──► ASKING for the next partition … ──the last──► RESTING
 *      ▲                  │ a fault
 *      └──────────────────┘ */
#include "scheduler/depths.h"
#include "common/moves/scripts.h"
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

static void depths_end_close(void *arg)
{
    struct depths *d = arg;

    d->on_closed(d->arg);
}

static bool depths_add(struct depths *d, const redisReply *reply)
{
    int64_t n;

    for (unsigned i = 0; i < DEPTHS; i++) {
        if (!redis_reply_i64(redis_reply_at(reply, i), &n))
            return false;
        d->sums[i] = numbers[i].is_age ? MAX(d->sums[i], n) : d->sums[i] + n;
    }
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
    timer_start(&d->timer, EVERY_MS);
}

static void depths_ask(struct depths *d);

static void depths_on_answer(struct redis_request *request, int result, redisReply *reply)
{
    struct depths *d = container_of(request, struct depths, request);

    d->is_asking = false;
    if (d->is_closing)
        timer_close(&d->timer, depths_end_close);
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

    d->is_asking = true;
    redis_command_init(&cmd);
    redis_script_begin(&cmd, &script_depths, 1);
    redis_arg_text(&cmd, keys_head(d->keys, d->partition));
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
    return timer_init(&d->timer, l, depths_begin, d);
}

void depths_start(struct depths *d)
{
    if (!d->is_asking && !uv_is_active((uv_handle_t *)&d->timer.uv))
        timer_start(&d->timer, 0);
}

void depths_close(struct depths *d, defer_fn *on_closed, void *arg)
{
    d->is_closing = true;
    d->on_closed = on_closed;
    d->arg = arg;
    if (!d->is_asking)
        timer_close(&d->timer, depths_end_close);
}
