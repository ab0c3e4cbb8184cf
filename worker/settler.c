/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/settler.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/runtime/metrics.h"
#include <errno.h>

enum { REST_MS = 200 };

static void settler_flush(struct settler *s);

static void call_back(struct settler *s)
{
    struct list done, *node;

    list_init(&done);
    list_move_all(&done, &s->under_way);
    while ((node = list_pop(&done))) {
        struct settlement *settlement = list_entry(node, struct settlement, link);

        metric_add(METRIC_settlements_total, settlement->move.kind, 0, 1);
        settlement->done(settlement); /* Careful: it is gone from here on. */
    }
}

/* Back to the head of the queue, in order; tried again after a rest. */
static void settler_keep(struct settler *s, int result)
{
    static struct log_limit limit;
    uint64_t held;

    list_move_all(&s->under_way, &s->queue);
    list_move_all(&s->queue, &s->under_way);
    s->n_queued += s->n_under_way;
    s->n_under_way = 0;
    s->is_resting = true;
    metric_count(METRIC_settle_faults_total);
    timer_start(&s->timer, REST_MS);
    if (log_limit_pass(&limit, 5000, &held))
        log_warn("outcomes cannot be written", LOG_TEXT("partition", s->head), LOG_ERR(result),
                 LOG_INT("waiting", s->n_queued), LOG_INT("held", held));
}

static void note_lost(const struct settler *s, int64_t lost)
{
    if (lost)
        log_warn("jobs were taken over by others before we settled them",
                 LOG_TEXT("partition", s->head), LOG_INT("jobs", lost));
}

/* What has come meanwhile goes with the next step. */
static void wait_for_more(struct settler *s)
{
    if (s->n_queued >= SETTLE_BATCH_MAX)
        settler_flush(s);
    else if (s->n_queued)
        timer_start(&s->timer, s->delay_ms);
}

static void settler_on_settled(struct redis_request *request, int result, redisReply *reply)
{
    struct settler *s = container_of(request, struct settler, request);
    struct settle_answer answer;

    if (!result)
        result = move_settle_parse(&answer, reply);
    if (result) {
        settler_keep(s, result);
        return;
    }
    note_lost(s, answer.lost);
    metric_count(METRIC_settle_batches_total);
    s->n_under_way = 0;
    call_back(s);
    wait_for_more(s);
}

static void settler_fill(struct settler *s)
{
    move_settle_begin(&s->command, s->head, s->limits);
    for (; s->n_under_way < SETTLE_BATCH_MAX && s->n_queued; s->n_under_way++, s->n_queued--) {
        struct list *node = list_pop(&s->queue);

        move_settle_add(&s->command, &list_entry(node, struct settlement, link)->move);
        list_push_back(&s->under_way, node);
    }
}

static void settler_flush(struct settler *s)
{
    if (s->n_queued == 0 || s->n_under_way || s->is_resting)
        return;
    timer_stop(&s->timer);
    settler_fill(s);
    redis_run(s->redis, &s->request, &script_settle, &s->command, 0, settler_on_settled, NULL);
}

static void settler_on_timer(void *arg)
{
    struct settler *s = arg;

    s->is_resting = false;
    settler_flush(s);
}

void settler_add(struct settler *s, struct settlement *settlement)
{
    list_push_back(&s->queue, &settlement->link);
    s->n_queued++;
    if (s->n_under_way || s->is_resting)
        return; /* its end looks at the queue */
    if (s->n_queued >= SETTLE_BATCH_MAX)
        settler_flush(s);
    else if (s->n_queued == 1)
        timer_start(&s->timer, s->delay_ms);
}

int settler_init(struct settler *s, struct loop *l, struct redis_client *redis, const char *head,
                 const struct settle_limits *limits, int64_t delay_ms)
{
    *s = (struct settler){.redis = redis, .head = head, .limits = limits, .delay_ms = delay_ms};
    list_init(&s->queue);
    list_init(&s->under_way);
    redis_command_init(&s->command);
    return timer_init(&s->timer, l, settler_on_timer, s);
}

void settler_close(struct settler *s, defer_fn *on_closed, void *arg)
{
    redis_command_fini(&s->command);
    s->timer.arg = arg;
    timer_close(&s->timer, on_closed);
}
