/* SPDX-License-Identifier: Apache-2.0 */
/* verdicts.c: see verdicts.h.
 *
 *   start ──► load the endpoints' policies ──► decide ──► move all in one step ──► done */
#include "scheduler/verdicts.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/rng.h"
#include "common/base/text.h"
#include "common/model/job.h"
#include "common/model/record.h"
#include "common/moves/decide.h"
#include <errno.h>
#include <stdio.h>

struct verdict_item {
    struct span entry; /* "<ms>-<seq>" */
    struct span packed_job;
    struct job job;
    struct outcome outcome;
    int64_t failed_ms; /* when the attempt was settled, by Redis's clock */
    bool is_readable;
};

int verdicts_init(struct verdicts *v, unsigned partition, const struct fanout_options *o)
{
    size_t n = (size_t)o->limits->fanout_batch;

    *v = (struct verdicts){.options = *o, .partition = partition};
    redis_command_init(&v->command);
    buf_init(&v->scratch, 4096);
    v->items = calloc(n, sizeof(*v->items));
    v->tenants = calloc(n, sizeof(*v->tenants));
    return v->items && v->tenants ? 0 : err_origin(-ENOMEM);
}

void verdicts_fini(struct verdicts *v)
{
    free(v->items);
    free(v->tenants);
    redis_command_fini(&v->command);
    buf_fini(&v->scratch);
}

/* [id, ["job", packed, "outcome", packed]] */
static int parse_item(struct verdict_item *item, const redisReply *entry)
{
    const redisReply *fields = redis_reply_at(entry, 1);
    const char *dash;
    struct span outcome;

    if (!redis_reply_span(redis_reply_at(entry, 0), &item->entry))
        return -EBADMSG;
    if (!redis_reply_span(redis_reply_at(fields, 1), &item->packed_job) ||
        !redis_reply_span(redis_reply_at(fields, 3), &outcome))
        return -EBADMSG;
    dash = memchr(item->entry.data, '-', item->entry.len);
    if (!dash || parse_i64((struct span){item->entry.data, (size_t)(dash - item->entry.data)},
                           &item->failed_ms))
        return -EBADMSG;
    if (job_parse(&item->job, item->packed_job))
        return -EBADMSG;
    return job_outcome_parse(&item->outcome, outcome);
}

static void verdicts_read_batch(struct verdicts *v, const struct batch *batch)
{
    size_t most = (size_t)v->options.limits->fanout_batch;

    v->n_items = 0;
    for (size_t i = 0; i < batch->entries->elements && v->n_items < most; i++) {
        struct verdict_item *item = &v->items[v->n_items];

        *item = (struct verdict_item){0};
        item->is_readable = parse_item(item, batch->entries->element[i]) == 0;
        if (!item->is_readable)
            log_error("an entry of the failed stream cannot be read",
                      LOG_TEXT("partition", keys_head(v->options.keys, v->partition)),
                      LOG_SPAN("entry", item->entry));
        v->tenants[v->n_items] = item->job.tenant; /* empty when it cannot be read */
        v->n_items += item->entry.len > 0;
    }
}

static void verdicts_add(struct verdicts *v, const struct verdict_item *item, enum decide_kind kind,
                         int64_t due_ms, struct span last)
{
    move_decide_add(&v->command, &(struct decide_verdict){.kind = kind,
                                                          .entry = item->entry,
                                                          .tenant = item->job.tenant,
                                                          .endpoint = item->job.endpoint,
                                                          .id = item->job.id,
                                                          .record = buf_span(&v->scratch),
                                                          .due_ms = due_ms,
                                                          .last = last});
}

static void add_retry(struct verdicts *v, const struct verdict_item *item, int64_t delay_ms)
{
    struct job next = item->job;
    int64_t due_ms = item->failed_ms + delay_ms;
    struct buf packed;

    next.attempt++;
    buf_init(&packed, 1024);
    job_pack(&packed, &next);
    record_pack(&v->scratch, &(struct record_entry){.kind = RECORD_RETRY,
                                                    .ms = redis_clock_early_ms(v->options.clock),
                                                    .attempt = next.attempt,
                                                    .due_ms = due_ms});
    verdicts_add(v, item, DECIDE_RETRY, due_ms, buf_span(&packed));
    buf_fini(&packed);
}

static void pack_final(struct verdicts *v, const char *status, const char *reason)
{
    record_pack(&v->scratch, &(struct record_entry){.kind = RECORD_FINAL,
                                                    .ms = redis_clock_early_ms(v->options.clock),
                                                    .final = span_of(status),
                                                    .reason = span_of(reason)});
}

static void verdicts_add_final(struct verdicts *v, const struct verdict_item *item,
                               enum decide_kind kind, const char *status, const char *reason)
{
    pack_final(v, status, reason);
    verdicts_add(v, item, kind, 0, SPAN(""));
}

static void add_failed(struct verdicts *v, const struct verdict_item *item, const char *status)
{
    char reason[80];

    if (item->outcome.next == NEXT_FINAL)
        (void)snprintf(reason, sizeof(reason), "%s is not retried",
                       outcome_code_text(item->outcome.code));
    else
        (void)snprintf(reason, sizeof(reason), "attempt %u was the last", item->job.attempt);
    verdicts_add_final(v, item, DECIDE_FINAL, status, reason);
}

/* The endpoint is done with, too, for the same reason. */
static void add_gone(struct verdicts *v, const struct verdict_item *item)
{
    int status = item->outcome.status;
    char reason[80];

    (void)snprintf(reason, sizeof(reason), "the endpoint answered %d%s", status,
                   status == 410 ? " Gone" : "");
    pack_final(v, "failed", reason);
    verdicts_add(v, item, DECIDE_DISABLE, 0, span_of(reason));
}

/* The one place where a failed attempt's future is decided. */
static void decide(struct verdicts *v, const struct verdict_item *item)
{
    const struct tenant *t = config_cache_find(v->options.config_cache, item->job.tenant);
    const struct endpoint *e = t ? tenant_endpoint(t, item->job.endpoint) : NULL;
    struct verdict verdict;

    if (!e) {
        v->counts[JUDGED_CANCEL]++;
        verdicts_add_final(v, item, DECIDE_CANCEL, "cancelled", "the endpoint was removed");
        return;
    }
    if (e->disabled_reason) {
        v->counts[JUDGED_CANCEL]++;
        verdicts_add_final(v, item, DECIDE_CANCEL, "cancelled", e->disabled_reason);
        return;
    }
    verdict = verdict_of(&e->policy.row, &item->outcome, item->job.attempt, item->job.base,
                         (unsigned)rng_below(1001));
    switch (verdict.kind) {
    case VERDICT_RETRY:
        v->counts[JUDGED_RETRY]++;
        add_retry(v, item, verdict.delay_ms);
        return;
    case VERDICT_FAILED:
        v->counts[JUDGED_FAILED]++;
        add_failed(v, item, "failed");
        return;
    case VERDICT_TIMEOUT:
        v->counts[JUDGED_TIMEOUT]++;
        add_failed(v, item, "timeout");
        return;
    case VERDICT_DISABLE:
        v->counts[JUDGED_DISABLE]++;
        add_gone(v, item);
        return;
    }
    unreachable();
}

static void verdicts_judge(struct verdicts *v, const struct verdict_item *item)
{
    buf_clear(&v->scratch);
    if (item->is_readable) {
        decide(v, item);
        return;
    }
    v->counts[JUDGED_REFUSE]++;
    buf_add_text(&v->scratch, "failed: the entry cannot be read");
    verdicts_add(v, item, DECIDE_REFUSE, 0, SPAN(""));
}

static void log_disabled(struct verdicts *v, const struct decide_answer *a)
{
    struct span endpoint, reason;

    for (size_t i = 0; i < a->n_disabled; i++) {
        move_decide_disabled(a, i, &endpoint, &reason);
        log_warn("endpoint disabled", LOG_SPAN("endpoint", endpoint), LOG_SPAN("reason", reason));
    }
    if (a->n_disabled) /* its waiting deliveries are to be cancelled now */
        promoter_at(v->options.promoter, redis_clock_early_ms(v->options.clock));
}

static void verdicts_count(const struct verdicts *v, size_t n_disabled)
{
    for (unsigned i = 0; i < ARRAY_LEN(v->counts); i++)
        metric_add(METRIC_verdicts_total, i, 0, v->counts[i]);
    metric_add(METRIC_endpoints_disabled_total, 0, 0, n_disabled);
}

static void on_decided(struct redis_request *request, int result, redisReply *reply)
{
    struct verdicts *v = container_of(request, struct verdicts, request);
    struct decide_answer answer;

    if (!result)
        result = move_decide_parse(&answer, reply);
    if (!result) {
        promoter_at(v->options.promoter, answer.delayed_ms);
        log_disabled(v, &answer);
        verdicts_count(v, answer.n_disabled);
    }
    v->options.done(v->options.arg, result);
}

/* A tenant may be out of the cache again by the time that the last one has come: not the same as
 * removed. */
static bool are_all_known(const struct verdicts *v)
{
    for (size_t i = 0; i < v->n_items; i++)
        if (v->items[i].is_readable && !config_cache_find(v->options.config_cache, v->tenants[i]))
            return false;
    return true;
}

static void verdicts_begin(struct verdicts *v)
{
    const struct decide_options o = {
        .keep = v->options.limits->retention_count,
        .disable_after = v->options.limits->disable_after,
        .operational_tenant = notifier_tenant(v->options.notifier),
    };

    move_decide_begin(&v->command, keys_head(v->options.keys, v->partition), &o);
}

static void verdicts_load(struct verdicts *v);

static void verdicts_on_loaded(void *arg, int result)
{
    struct verdicts *v = arg;

    if (result) {
        v->options.done(v->options.arg, result);
        return;
    }
    if (!are_all_known(v)) {
        verdicts_load(v);
        return;
    }
    memset(v->counts, 0, sizeof(v->counts));
    verdicts_begin(v);
    for (size_t i = 0; i < v->n_items; i++)
        verdicts_judge(v, &v->items[i]);
    redis_run(v->options.redis, &v->request, &script_decide, &v->command, 0, on_decided, NULL);
}

/* Fan-out may have brought the cache further than the last heartbeat told: that is not a way back. */
static void verdicts_load(struct verdicts *v)
{
    int64_t known = config_cache_version(v->options.config_cache, v->partition);

    config_cache_sync_start(&v->sync, v->options.config_cache, v->options.loop, v->partition,
                            MAX(v->seen_version, known), v->tenants, v->n_items, verdicts_on_loaded,
                            v);
}

void verdicts_start(struct verdicts *v, const struct batch *batch)
{
    verdicts_read_batch(v, batch);
    verdicts_load(v);
}
