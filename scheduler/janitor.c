/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/janitor.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/moves/rescue.h"
#include "common/runtime/metrics.h"
#include <errno.h>

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

static void note_rescue(struct janitor *j, const struct rescue_answer *a)
{
    /* What a scheduler left is ours now and stays pending until we have read it: no need to hurry.
     */
    j->has_more = a->has_more && a->rescued;
    metric_add(METRIC_rescued_total, 0, 0, (uint64_t)a->rescued);
    if (a->rescued || a->taken)
        log_warn("took over the work of a dead process", LOG_INT("partition", j->partition),
                 LOG_INT("jobs", a->rescued), LOG_INT("entries", a->taken));
    if (a->taken && !rounds_is_closing(&j->rounds))
        j->options.on_taken_over(j->options.arg);
}

static void on_rescued(struct redis_request *request, int result, redisReply *reply)
{
    struct janitor *j = container_of(request, struct janitor, rescue);
    struct rescue_answer answer;

    if (!result)
        result = move_rescue_parse(&answer, reply);
    j->has_more = false;
    if (result) {
        janitor_note_fault(result);
        if (!rounds_is_closing(
                &j->rounds)) /* the step may have been taken, and only its answer got lost */
            j->options.on_taken_over(j->options.arg);
    } else {
        note_rescue(j, &answer);
    }
    if (--j->n_pending == 0)
        end_visit(j);
}

static void on_trimmed(struct redis_request *request, int result, redisReply *reply)
{
    struct janitor *j = container_of(request, struct janitor, trim);

    if (!result)
        result = move_trim_parse(j->cursors[j->partition], reply);
    if (result)
        janitor_note_fault(result);
    if (--j->n_pending == 0)
        end_visit(j);
}

static void visit(struct janitor *j)
{
    const struct limits *limits = j->options.limits;
    const char *head = keys_head(j->options.keys, j->partition);

    j->n_pending = 2;
    move_rescue_begin(&j->command, head,
                      &(struct rescue_options){.admit = limits->admit,
                                               .scheduler = j->options.name,
                                               .lease_ms = limits->lease_ms,
                                               .most = RESCUED_PER_STEP,
                                               .keep = limits->retention_count});
    redis_run(j->options.redis, &j->rescue, &script_rescue, &j->command, 0, on_rescued, NULL);

    move_trim_begin(&j->command, head, j->cursors[j->partition], limits->retention_age_ms,
                    TRIMMED_PER_STEP);
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
