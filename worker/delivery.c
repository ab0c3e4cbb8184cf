/* SPDX-License-Identifier: Apache-2.0 */
/* delivery.c: carries one claimed job to its end.
 *
 *   LOADING ──event──► SENDING ──answer──► SETTLING ──► gone
 *      └── permit ran out, endpoint gone … ────┘
 *
 * Happy path: the event's body and the endpoint's configuration are there (load.h), its destination
 * makes the attempt, what came of it is settled. Whatever fails on the way becomes an outcome and is
 * settled. A job whose process dies at any point stays pending and is sent by another worker: at
 * least once, never lost. */
#include "worker/delivery.h"

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/model/format/backoff.h"
#include "common/model/record.h"
#include "common/program/metric_labels.h"
#include "common/runtime/metrics.h"
#include "worker/target.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>

enum {
    RECORD_BYTES_MAX = 128 << 10,
    LATE_PERMIT_MAX_MS = 30000,
};

/* What a delivery is told; which of it is set depends on the state that it is in. */
struct delivery_news {
    const struct event *event;           /* LOADING; NULL: its body is gone */
    const struct attempt_result *result; /* SENDING */
};

static int64_t delivery_now_ms(const struct delivery *d)
{
    return redis_clock_early_ms(d->setup->clock);
}

/* The one place that writes the state. */
static void delivery_move(struct delivery *d, enum delivery_state to)
{
    static const bool may[][DELIVERY_SETTLING + 1] = {
        [DELIVERY_LOADING] = {[DELIVERY_SENDING] = true, [DELIVERY_SETTLING] = true},
        [DELIVERY_SENDING] = {[DELIVERY_SETTLING] = true},
        [DELIVERY_SETTLING] = {false},
    };

    assert(may[d->state][to]);
    (void)may;
    d->state = to;
}

/* ---- life ---- */

static int delivery_read(struct delivery *d, const redisReply *entry)
{
    const redisReply *fields = redis_reply_at(entry, 1);
    struct span id, packed;

    if (!redis_reply_span(redis_reply_at(entry, 0), &id) || id.len >= sizeof(d->entry))
        return err_origin(-EBADMSG);
    memcpy(d->entry, id.data, id.len);
    if (!redis_reply_span(redis_reply_at(fields, 1), &packed) ||
        !redis_reply_i64(redis_reply_at(fields, 3), &d->until_ms))
        return err_origin(-EBADMSG);
    d->packed = malloc(packed.len + 1);
    if (!d->packed)
        return err_origin(-ENOMEM);
    memcpy(d->packed, packed.data, packed.len);
    d->packed_len = packed.len;
    return job_parse(&d->job, (struct span){d->packed, packed.len});
}

static struct delivery *delivery_free(struct delivery *d)
{
    list_remove(&d->link);
    list_remove(&d->wait);
    tenant_unref(d->tenant);
    buf_fini(&d->record);
    buf_fini(&d->outcome);
    free(d->packed);
    free(d);
    return NULL;
}

int delivery_new(struct delivery **ret, const struct delivery_setup *setup, unsigned partition,
                 const redisReply *entry)
{
    struct delivery *d = calloc(1, sizeof(*d));
    int r;

    if (!d)
        return err_origin(-ENOMEM);
    d->setup = setup;
    d->partition = partition;
    d->state = DELIVERY_LOADING;
    list_init(&d->link);
    list_init(&d->wait);
    buf_init(&d->record, RECORD_BYTES_MAX);
    buf_init(&d->outcome, 256);
    r = delivery_read(d, entry);
    if (r == -ENOMEM || !d->entry[0]) {
        delivery_free(d);
        return r;
    }
    *ret = d;
    return r;
}

/* ---- settling ---- */

static void delivery_step(struct delivery *d, const struct delivery_news *news);

static void delivery_on_settled(struct settlement *s)
{
    delivery_step(container_of(s, struct delivery, settlement), &(struct delivery_news){0});
}

static void delivery_settle(struct delivery *d, enum settle_kind kind, int64_t number)
{
    struct settlement *s = &d->settlement;

    delivery_move(d, DELIVERY_SETTLING);
    *s = (struct settlement){
        .move = {.kind = kind,
                 .entry = span_of(d->entry),
                 .tenant = d->job.tenant,
                 .endpoint = d->job.endpoint,
                 .id = d->job.id,
                 .record = buf_span(&d->record),
                 .outcome = buf_span(&d->outcome),
                 .number = number},
        .done = delivery_on_settled,
    };
    if (kind != SETTLE_DONE && kind != SETTLE_CANCEL && d->packed)
        s->move.job = (struct span){d->packed, d->packed_len};
    settler_add(&d->setup->settlers[d->partition], s);
}

void delivery_hand_back(struct delivery *d)
{
    delivery_settle(d, SETTLE_BACK, d->until_ms);
}

void delivery_refuse(struct delivery *d)
{
    buf_add_text(&d->record, "jobs: the entry cannot be read");
    delivery_settle(d, SETTLE_REFUSE, 0);
}

static void delivery_add_final(struct delivery *d, const char *status, const char *reason)
{
    record_pack(&d->record, &(struct record_entry){.kind = RECORD_FINAL,
                                                   .ms = delivery_now_ms(d),
                                                   .final = span_of(status),
                                                   .reason = span_of(reason)});
}

static void delivery_cancel(struct delivery *d, const char *status, const char *reason)
{
    delivery_add_final(d, status, reason);
    delivery_settle(d, SETTLE_CANCEL, 0);
}

static struct span delivery_destination(const struct delivery *d)
{
    return destination_record_name(destination_type_of(span_of(d->endpoint->url)));
}

static void delivery_add_attempt(struct delivery *d, const struct outcome *o, int64_t started_ms,
                                 int64_t duration_ms, const char *message, struct span response)
{
    record_pack(&d->record, &(struct record_entry){.kind = RECORD_ATTEMPT,
                                                   .ms = started_ms,
                                                   .attempt = d->job.attempt,
                                                   .duration_ms = duration_ms,
                                                   .status = o->status,
                                                   .code = span_of(outcome_code_text(o->code)),
                                                   .message = span_of(message),
                                                   .response = response,
                                                   .destination = delivery_destination(d)});
}

static void delivery_count_attempt(const struct delivery *d, enum outcome_code code)
{
    metric_add(METRIC_attempts_total, code, metric_dialect(d->endpoint->policy.row.name), 1);
}

static void delivery_count_delay(const struct delivery *d, int64_t begun_ms)
{
    int64_t accepted_ms;

    if (d->job.attempt == 1 && event_accepted_ms(d->job.event, &accepted_ms) == 0)
        metric_observe(METRIC_first_attempt_delay_seconds, 0, (begun_ms - accepted_ms) * 1000);
}

static void delivery_settle_failed(struct delivery *d, const struct outcome *o)
{
    job_outcome_pack(&d->outcome, o);
    if (o->is_slow)
        delivery_settle(d, SETTLE_SLOW, o->retry_after_ms);
    else
        delivery_settle(d, SETTLE_FAILED, 0);
}

/* It could not even be tried. */
static void delivery_fail_unsent(struct delivery *d, enum outcome_code code, const char *why)
{
    struct outcome o = outcome_of_error(code);

    delivery_count_attempt(d, code);
    tally_add(d->setup->tally, d->partition, d->job.tenant, true, -1);
    delivery_add_attempt(d, &o, delivery_now_ms(d), 0, why, SPAN(""));
    delivery_settle_failed(d, &o);
}

/* ---- the answer ---- */

static bool delivery_took_long_to_connect(const struct delivery *d,
                                          const struct attempt_result *result)
{
    return result->connect_us / 1000 >= d->setup->permit_ms * 3 / 4;
}

/* The permit ran out before the request went out: nothing was sent. */
static void delivery_settle_lapsed(struct delivery *d, const struct attempt_result *result)
{
    int64_t permit_ms = 2 * (result->connect_us / 1000) + d->setup->permit_ms;

    metric_count(METRIC_permits_lapsed_total);
    if (delivery_took_long_to_connect(d, result))
        delivery_settle(d, SETTLE_LATE, MIN(permit_ms, LATE_PERMIT_MAX_MS));
    else
        delivery_hand_back(d);
}

void delivery_lose(struct delivery *d)
{
    record_pack(&d->record, &(struct record_entry){.kind = RECORD_LOST,
                                                   .ms = delivery_now_ms(d),
                                                   .attempt = d->job.attempt,
                                                   .worker = span_of(d->setup->worker)});
    delivery_settle(d, SETTLE_LOST, 0);
}

static struct outcome delivery_outcome(const struct delivery *d,
                                       const struct attempt_result *result)
{
    if (result->error)
        return outcome_of_error(result->error);
    return d->attempt.target->type->outcome(&d->endpoint->policy.row, result->status,
                                            result->retry_after, clock_wall_ms());
}

static void delivery_settle_answer(struct delivery *d, const struct attempt_result *result)
{
    int64_t begun_us = result->started_us ? result->started_us : d->begun_us;
    int64_t duration_ms = (result->ended_us - begun_us) / 1000;
    int64_t started_ms = delivery_now_ms(d) - duration_ms;
    struct outcome o = delivery_outcome(d, result);

    delivery_count_attempt(d, o.code);
    tally_add(d->setup->tally, d->partition, d->job.tenant, o.next != NEXT_DONE,
              result->started_us ? duration_ms : -1);
    delivery_count_delay(d, started_ms);
    metric_observe(METRIC_attempt_duration_seconds, metric_status(result->status),
                   result->ended_us - begun_us);
    delivery_add_attempt(d, &o, started_ms, duration_ms, result->message, result->body);
    if (o.next != NEXT_DONE) {
        delivery_settle_failed(d, &o);
        return;
    }
    delivery_add_final(d, "success", "");
    delivery_settle(d, SETTLE_DONE, 0);
}

static void delivery_take_result(struct delivery *d, const struct attempt_result *result)
{
    if (result->connect_us)
        metric_observe(METRIC_connect_duration_seconds, 0, result->connect_us);
    if (d->is_given_up)
        delivery_lose(d);
    else if (result->is_refused_by_owner)
        delivery_settle_lapsed(d, result);
    else
        delivery_settle_answer(d, result);
}

/* ---- the attempt ---- */

static bool delivery_has_permit(const struct delivery *d)
{
    return redis_clock_late_ms(d->setup->clock) <= d->until_ms;
}

bool delivery_lapse(struct delivery *d)
{
    if (delivery_has_permit(d))
        return false;
    metric_count(METRIC_permits_lapsed_total);
    delivery_hand_back(d);
    return true;
}

/* However long we were held up, nothing goes out late. */
static bool delivery_may_send(struct attempt *a)
{
    return delivery_has_permit(container_of(a, struct delivery, attempt));
}

static void delivery_on_attempt_done(struct attempt *a, const struct attempt_result *result)
{
    delivery_step(container_of(a, struct delivery, attempt),
                  &(struct delivery_news){.result = result});
}

/* When the next attempt would come, should this one fail; 0: never. */
static int64_t delivery_next_retry_ms(const struct delivery *d)
{
    static const struct outcome failure = {.code = OUTCOME_NETWORK_ERROR, .next = NEXT_RETRY};
    enum { NO_JITTER = 500 };
    struct verdict v =
        verdict_of(&d->endpoint->policy.row, &failure, d->job.attempt, d->job.base, NO_JITTER);

    return v.kind == VERDICT_RETRY ? clock_wall_ms() + v.delay_ms : 0;
}

static struct envelope_input delivery_envelope(const struct delivery *d, const struct event *event)
{
    return (struct envelope_input){
        .delivery_id = d->job.id,
        .event_id = span_of(event->id),
        .event_type = event->fields.type,
        .event_ms = event->occurred_ms,
        .trace_id = event->fields.trace,
        .data = event->fields.data,
        .tenant_id = d->job.tenant,
        .tenant_name = span_of(d->tenant->name),
        .tenant_domain = span_of(d->tenant->domain),
        .source_service = span_of(d->setup->source_service),
        .source_environment = span_of(d->setup->source_environment),
        .attempt = d->job.attempt,
        .attempts_max = d->endpoint->policy.row.schedule.retries,
        .next_retry_ms = delivery_next_retry_ms(d),
    };
}

static void delivery_attempt(struct delivery *d, const struct target *t, const struct event *event)
{
    const struct attempt_input in = {.event = event,
                                     .envelope = delivery_envelope(d, event),
                                     .now_ms = delivery_now_ms(d),
                                     .now_wall_ms = clock_wall_ms()};
    struct diag why = {""};
    int r;

    d->begun_us = clock_mono_us();
    d->attempt = (struct attempt){.endpoint = d->endpoint,
                                  .target = t,
                                  .may_send = delivery_may_send,
                                  .done = delivery_on_attempt_done};
    r = t->destination->start(t->self, &d->attempt, &in, &why);
    if (!r)
        delivery_move(d, DELIVERY_SENDING); /* it calls back on a later turn */
    else
        delivery_fail_unsent(d, *why.text ? OUTCOME_INVALID_URL : OUTCOME_UNKNOWN_ERROR,
                             *why.text ? why.text : err_text(r));
}

/* Takes the configuration as it is now; false: the delivery has ended because of it. */
static bool delivery_configure(struct delivery *d)
{
    struct tenant *t = config_cache_find(d->setup->config_cache, d->job.tenant);

    if (!t) { /* pushed out of the cache since it was loaded: not the same as removed */
        delivery_hand_back(d);
        return false;
    }
    d->endpoint = tenant_endpoint(t, d->job.endpoint);
    if (!d->endpoint) {
        delivery_cancel(d, "cancelled", "the endpoint was removed");
        return false;
    }
    d->tenant = tenant_ref(t);
    if (d->endpoint->disabled_reason) {
        delivery_cancel(d, "cancelled", d->endpoint->disabled_reason);
        return false;
    }
    return true;
}

static void delivery_begin(struct delivery *d, const struct event *event)
{
    const struct target *t;

    if (!event) {
        delivery_cancel(d, "failed", "the event's body is no longer in Redis");
        return;
    }
    if (delivery_lapse(d))
        return;
    if (!delivery_configure(d))
        return;
    t = d->endpoint->attached;
    if (!t || t->fault)
        delivery_fail_unsent(d, t ? t->fault : OUTCOME_UNKNOWN_ERROR,
                             t ? t->why.text : "out of memory");
    else
        delivery_attempt(d, t, event);
}

static void delivery_finish(struct delivery *d)
{
    const struct delivery_setup *setup = d->setup;

    delivery_free(d);
    setup->gone(setup->arg);
}

/* ---- what comes next ---- */

/* The one place that decides. */
static void delivery_step(struct delivery *d, const struct delivery_news *news)
{
    switch (d->state) {
    case DELIVERY_LOADING:
        delivery_begin(d, news->event);
        return;
    case DELIVERY_SENDING:
        assert(news->result);
        delivery_take_result(d, news->result);
        return;
    case DELIVERY_SETTLING:
        delivery_finish(d); /* Careful: @d is gone from here on. */
        return;
    }
    unreachable();
}

void delivery_send(struct delivery *d, const struct event *event)
{
    delivery_step(d, &(struct delivery_news){.event = event});
}

void delivery_give_up(struct delivery *d)
{
    if (d->state != DELIVERY_SENDING || d->is_given_up)
        return;
    d->is_given_up = true;
    d->attempt.target->destination->cancel(&d->attempt);
}
