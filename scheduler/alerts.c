/* SPDX-License-Identifier: Apache-2.0 */
/* alerts.c: see alerts.h.
 *
 *   RESTING ──timer──► ASKING, partition by partition, step by step ──all seen, or a fault──► RESTING */
#include "scheduler/alerts.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/moves/watch.h"
#include <errno.h>
#include <stdio.h>

enum { LOOKS_PER_PERIOD = 6 }; /* so that the period's turn does not come late */

static void alerts_ask(struct alerts *a);

static void alerts_rest(struct alerts *a)
{
    rounds_end(&a->rounds, a->settings->alert_period / LOOKS_PER_PERIOD);
}

static void begin_partition(struct alerts *a, unsigned partition)
{
    a->partition = partition;
    (void)snprintf(a->cursor, sizeof(a->cursor), "0");
}

static void alerts_note_fault(int result)
{
    static struct log_limit limit;
    uint64_t held;

    if (result != -ECANCELED && log_limit_pass(&limit, 60000, &held))
        log_warn("statistics cannot be looked at", LOG_ERR(result), LOG_INT("held", held));
}

static void alerts_on_answer(struct redis_request *request, int result, redisReply *reply)
{
    struct alerts *a = container_of(request, struct alerts, request);

    result = result ? result : move_cursor(a->cursor, sizeof(a->cursor), reply);
    if (result) {
        alerts_note_fault(result);
        alerts_rest(a);
        return;
    }
    if (strcmp(a->cursor, "0") == 0)
        begin_partition(a, a->partition + 1);
    if (rounds_is_closing(&a->rounds) || a->partition >= a->keys->partitions)
        alerts_rest(a);
    else
        alerts_ask(a);
}

static void alerts_ask(struct alerts *a)
{
    const struct settings *s = a->settings;
    struct redis_command cmd;

    redis_command_init(&cmd);
    move_alerts_begin(&cmd, keys_head(a->keys, a->partition), a->cursor,
                      &(struct alerts_options){.period_ms = s->alert_period,
                                               .operational_tenant = notifier_tenant(a->notifier),
                                               .success_rate = s->alert_success_rate,
                                               .response_ms = s->alert_response_time,
                                               .samples = s->alert_samples});
    redis_run(a->redis, &a->request, &script_alerts, &cmd, 0, alerts_on_answer, NULL);
    redis_command_fini(&cmd);
}

static void alerts_begin(void *arg)
{
    struct alerts *a = arg;

    if (!a->notifier->is_known) { /* whether anybody is to be told that one is over */
        alerts_rest(a);
        return;
    }
    begin_partition(a, 0);
    alerts_ask(a);
}

int alerts_init(struct alerts *a, struct loop *l, struct redis_client *redis,
                const struct keys *keys, const struct settings *settings,
                const struct notifier *notifier)
{
    *a = (struct alerts){.redis = redis, .keys = keys, .settings = settings, .notifier = notifier};
    return rounds_init(&a->rounds, l, alerts_begin, NULL, a);
}

void alerts_start(struct alerts *a)
{
    rounds_start(&a->rounds, a->settings->alert_period / LOOKS_PER_PERIOD);
}

void alerts_close(struct alerts *a, defer_fn *on_closed, void *arg)
{
    rounds_close(&a->rounds, on_closed, arg);
}
