/* alerts.c: see alerts.h.
 *
 *   RESTING ──timer──► ASKING, partition by partition, step by step ──all seen, or a fault──► RESTING */
#include "scheduler/alerts.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/moves/scripts.h"
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
    struct span cursor;

    result = result ? result : redis_reply_result(reply);
    if (!result && !redis_reply_span(redis_reply_at(reply, 0), &cursor))
        result = -EPROTO;
    if (result) {
        alerts_note_fault(result);
        alerts_rest(a);
        return;
    }
    (void)snprintf(a->cursor, sizeof(a->cursor), "%.*s", (int)cursor.len, cursor.data);
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
    redis_script_begin(&cmd, &script_alerts, 1);
    redis_arg_text(&cmd, keys_head(a->keys, a->partition));
    redis_arg_i64(&cmd, s->alert_period);
    redis_arg_text(&cmd, a->cursor);
    redis_arg_text(&cmd, notifier_tenant(a->notifier));
    redis_arg_i64(&cmd, s->alert_success_rate);
    redis_arg_i64(&cmd, s->alert_response_time);
    redis_arg_i64(&cmd, s->alert_samples);
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
