/* SPDX-License-Identifier: Apache-2.0 */
/* promoter.c: see promoter.h.
 *
 *   ASLEEP ──timer──► RUNNING ──answer──► ASLEEP until the due time it told
 *
 * The timer is set by the early bound of Redis's clock, so a step never comes before its time by
 * our fault; if it does, it moves nothing and tells the same due time again. */
#include "scheduler/promoter.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/moves/promote.h"
#include "common/runtime/metrics.h"

enum { AFTER_FAULT_MS = 200 };

static void sleep_until_due(struct promoter *p)
{
    if (p->is_running || p->is_closing)
        return;
    if (p->due_ms == INT64_MAX)
        timer_stop(&p->timer);
    else
        timer_start(&p->timer, p->due_ms - redis_clock_early_ms(p->clock));
}

void promoter_at(struct promoter *p, int64_t due_ms)
{
    if (due_ms < 0 || due_ms >= p->due_ms)
        return;
    p->due_ms = due_ms;
    sleep_until_due(p);
}

static void promoter_end_close(void *arg)
{
    struct promoter *p = arg;

    p->on_closed(p->arg);
}

static void promoter_on_fault(struct promoter *p, int result)
{
    static struct log_limit limit;
    uint64_t held;

    if (result != -ECANCELED && log_limit_pass(&limit, 5000, &held))
        log_warn("promotion failed", LOG_TEXT("partition", p->head), LOG_ERR(result),
                 LOG_INT("held", held));
    promoter_at(p, redis_clock_early_ms(p->clock) + AFTER_FAULT_MS);
}

static void promoter_count(const struct promoter *p, int64_t moved)
{
    metric_add(METRIC_promoted_total, 0, 0, (uint64_t)moved);
    metric_observe(METRIC_promote_delay_seconds, 0,
                   (redis_clock_early_ms(p->clock) - p->step_due_ms) * 1000);
}

static void on_promoted(struct redis_request *request, int result, redisReply *reply)
{
    struct promoter *p = container_of(request, struct promoter, request);
    struct promote_answer answer;

    p->is_running = false;
    if (p->is_closing) {
        timer_close(&p->timer, promoter_end_close);
        return;
    }
    if (!result)
        result = move_promote_parse(&answer, reply);
    if (result) {
        promoter_on_fault(p, result);
    } else {
        promoter_count(p, answer.moved);
        promoter_at(p, answer.delayed_ms);
        promoter_at(p, answer.other_ms);
    }
    sleep_until_due(p);
}

static void promoter_run(void *arg)
{
    struct promoter *p = arg;
    struct redis_command cmd;

    /* What is told from now on may be later than what this step sees: begin anew. */
    p->step_due_ms = p->due_ms;
    p->due_ms = INT64_MAX;
    p->is_running = true;
    redis_command_init(&cmd);
    move_promote_begin(&cmd, p->head, &p->limits->admit, p->limits->turn_batch,
                       p->limits->retention_count);
    redis_run(p->redis, &p->request, &script_promote, &cmd, 0, on_promoted, NULL);
    redis_command_fini(&cmd);
}

int promoter_init(struct promoter *p, struct loop *l, struct redis_client *redis,
                  const struct redis_clock *clock, const struct limits *limits, const char *head)
{
    *p = (struct promoter){
        .redis = redis, .clock = clock, .limits = limits, .head = head, .due_ms = INT64_MAX};
    return timer_init(&p->timer, l, promoter_run, p);
}

void promoter_close(struct promoter *p, defer_fn *on_closed, void *arg)
{
    p->is_closing = true;
    p->on_closed = on_closed;
    p->arg = arg;
    if (!p->is_running)
        timer_close(&p->timer, promoter_end_close);
}
