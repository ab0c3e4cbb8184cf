#include "scheduler/janitor.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/moves/scripts.h"
#include "common/runtime/metrics.h"
#include <errno.h>
#include <stdio.h>

enum { RESCUED_PER_STEP = 128, TRIMMED_PER_STEP = 500 };

static void janitor_release(void *arg)
{
    struct janitor *j = arg;

    free(j->cursors);
    redis_command_fini(&j->command);
}

static void visit(struct janitor *j);

/* Both steps of this partition are answered. */
static void end_visit(struct janitor *j)
{
    if (!j->has_more)
        j->partition++;
    if (rounds_is_closing(&j->rounds) || j->partition >= j->options.keys->partitions)
        rounds_end(&j->rounds, j->options.every_ms);
    else
        visit(j);
}

static void janitor_note_fault(int result)
{
    static struct log_limit limit;
    uint64_t held;

    if (result != -ECANCELED && log_limit_pass(&limit, 5000, &held))
        log_warn("a janitor's step failed", LOG_ERR(result), LOG_INT("held", held));
}

static void note_rescue(struct janitor *j, const redisReply *reply)
{
    int64_t rescued = 0, taken = 0, has_more = 0;

    (void)redis_reply_i64(redis_reply_at(reply, 0), &rescued);
    (void)redis_reply_i64(redis_reply_at(reply, 1), &taken);
    (void)redis_reply_i64(redis_reply_at(reply, 2), &has_more);
    /* What a scheduler left is ours now and stays pending until we have read it: no need to hurry.
     */
    j->has_more = has_more && rescued;
    metric_add(METRIC_rescued_total, 0, 0, (uint64_t)rescued);
    if (rescued || taken)
        log_warn("took over the work of a dead process", LOG_INT("partition", j->partition),
                 LOG_INT("jobs", rescued), LOG_INT("entries", taken));
    if (taken && !rounds_is_closing(&j->rounds))
        j->options.on_taken_over(j->options.arg);
}

static void on_rescued(struct redis_request *request, int result, redisReply *reply)
{
    struct janitor *j = container_of(request, struct janitor, rescue);

    if (!result)
        result = redis_reply_result(reply);
    j->has_more = false;
    if (result) {
        janitor_note_fault(result);
        if (!rounds_is_closing(
                &j->rounds)) /* the step may have been taken, and only its answer got lost */
            j->options.on_taken_over(j->options.arg);
    } else {
        note_rescue(j, reply);
    }
    if (--j->n_pending == 0)
        end_visit(j);
}

static void on_trimmed(struct redis_request *request, int result, redisReply *reply)
{
    struct janitor *j = container_of(request, struct janitor, trim);
    struct span cursor;

    if (!result)
        result = redis_reply_result(reply);
    if (result)
        janitor_note_fault(result);
    else if (redis_reply_span(redis_reply_at(reply, 0), &cursor))
        (void)snprintf(j->cursors[j->partition], sizeof(j->cursors[0]), "%.*s", (int)cursor.len,
                       cursor.data);
    if (--j->n_pending == 0)
        end_visit(j);
}

static void visit(struct janitor *j)
{
    const struct limits *limits = j->options.limits;
    const char *head = keys_head(j->options.keys, j->partition);

    j->n_pending = 2;
    redis_script_begin(&j->command, &script_rescue, 1);
    redis_arg_text(&j->command, head);
    redis_arg_i64(&j->command, limits->tenant_limit);
    redis_arg_i64(&j->command, limits->permit_ms);
    redis_arg_i64(&j->command, limits->endpoint_slots);
    redis_arg_text(&j->command, j->options.name);
    redis_arg_i64(&j->command, limits->lease_ms);
    redis_arg_i64(&j->command, RESCUED_PER_STEP);
    redis_arg_i64(&j->command, limits->retention_count);
    redis_run(j->options.redis, &j->rescue, &script_rescue, &j->command, 0, on_rescued, NULL);

    redis_script_begin(&j->command, &script_trim, 1);
    redis_arg_text(&j->command, head);
    redis_arg_text(&j->command, j->cursors[j->partition]);
    redis_arg_i64(&j->command, limits->retention_age_ms);
    redis_arg_i64(&j->command, TRIMMED_PER_STEP);
    redis_run(j->options.redis, &j->trim, &script_trim, &j->command, 0, on_trimmed, NULL);
}

static void make_round(void *arg)
{
    struct janitor *j = arg;

    j->partition = 0;
    visit(j);
}

int janitor_init(struct janitor *j, const struct janitor_options *o)
{
    *j = (struct janitor){.options = *o};
    redis_command_init(&j->command);
    j->cursors = calloc(o->keys->partitions, sizeof(*j->cursors));
    if (!j->cursors)
        return err_origin(-ENOMEM);
    for (unsigned p = 0; p < o->keys->partitions; p++)
        j->cursors[p][0] = '0';
    return rounds_init(&j->rounds, o->loop, make_round, janitor_release, j);
}

void janitor_start(struct janitor *j)
{
    rounds_start(&j->rounds, j->options.every_ms);
}

void janitor_close(struct janitor *j, defer_fn *on_closed, void *arg)
{
    rounds_close(&j->rounds, on_closed, arg);
}
