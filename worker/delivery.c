/* delivery.c: carries one claimed job to its end.
 *
 *   FETCHING ──event──► SENDING ──answer──► SETTLING ──► gone
 *      │   ▲                                   ▲
 *      ▼   │ configuration                     │
 *     WAITING                                  │
 *      └── permit ran out, endpoint gone … ────┘
 *
 * Happy path: the event's body, the endpoint's configuration, sign, POST, settle. Whatever fails on
 * the way becomes an outcome and is settled. A job whose process dies at any point stays pending
 * and is sent by another worker: at least once, never lost. */
#include "worker/delivery.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/model/format/backoff.h"
#include "common/model/record.h"
#include "common/model/trace_context.h"
#include "common/program/metric_labels.h"
#include "common/runtime/metrics.h"
#include "worker/mail.h"
#include "worker/worker.h"
#include <errno.h>
#include <stdio.h>

enum {
    BODY_BYTES_MAX = 64 << 20,
    HEADER_BYTES_MAX = 16 << 10,
    RECORD_BYTES_MAX = 128 << 10,
    LATE_PERMIT_MAX_MS = 30000,
};

static int read_entry(struct delivery *d, const redisReply *entry)
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

int delivery_new(struct delivery **ret, struct worker *w, unsigned partition,
                 const redisReply *entry)
{
    struct delivery *d = calloc(1, sizeof(*d));
    int r;

    if (!d)
        return err_origin(-ENOMEM);
    d->worker = w;
    d->partition = partition;
    list_init(&d->link);
    list_init(&d->wait);
    buf_init(&d->body, BODY_BYTES_MAX);
    buf_init(&d->headers, HEADER_BYTES_MAX);
    buf_init(&d->record, RECORD_BYTES_MAX);
    buf_init(&d->outcome, 256);
    r = read_entry(d, entry);
    if (r == -ENOMEM || !d->entry[0]) {
        delivery_free(d);
        return r;
    }
    *ret = d;
    return r;
}

struct delivery *delivery_free(struct delivery *d)
{
    if (!d)
        return NULL;
    list_remove(&d->link);
    list_remove(&d->wait);
    tenant_unref(d->tenant);
    buf_fini(&d->body);
    buf_fini(&d->headers);
    buf_fini(&d->record);
    buf_fini(&d->outcome);
    free(d->packed);
    free(d);
    return NULL;
}

void delivery_fetch(struct delivery *d, redis_done_fn *done)
{
    struct worker *w = d->worker;
    struct redis_command *cmd = &w->command;

    d->state = DELIVERY_FETCHING;
    redis_command_begin(cmd);
    redis_arg_text(cmd, "XRANGE");
    redis_arg_key(cmd, &w->keys, d->partition, KEY_EVENTS, SPAN(""));
    redis_arg_span(cmd, d->job.event);
    redis_arg_span(cmd, d->job.event);
    redis_send(w->redis, &d->fetch, cmd, 0, done, NULL);
}

/* ---- settling ---- */

static void delivery_on_settled(struct settlement *s)
{
    struct delivery *d = container_of(s, struct delivery, settlement);
    struct worker *w = d->worker;

    delivery_free(d);
    worker_slot_free(w);
}

static void settle(struct delivery *d, enum settle_kind kind, int64_t number)
{
    struct settlement *s = &d->settlement;

    d->state = DELIVERY_SETTLING;
    buf_fini(&d->body); /* 10 000 requests that wait for Redis need not hold their bodies */
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
    settler_add(&d->worker->settlers[d->partition], s);
}

void delivery_hand_back(struct delivery *d)
{
    settle(d, SETTLE_BACK, d->until_ms);
}

void delivery_refuse(struct delivery *d)
{
    buf_add_text(&d->record, "jobs: the entry cannot be read");
    settle(d, SETTLE_REFUSE, 0);
}

static void delivery_add_final(struct delivery *d, const char *status, const char *reason)
{
    record_pack(&d->record, &(struct record_entry){.kind = RECORD_FINAL,
                                                   .ms = worker_now_ms(d->worker),
                                                   .final = span_of(status),
                                                   .reason = span_of(reason)});
}

static void cancel(struct delivery *d, const char *status, const char *reason)
{
    delivery_add_final(d, status, reason);
    settle(d, SETTLE_CANCEL, 0);
}

static void add_attempt(struct delivery *d, const struct outcome *o, int64_t started_ms,
                        int64_t duration_ms, const char *message, struct span response)
{
    record_pack(&d->record, &(struct record_entry){.kind = RECORD_ATTEMPT,
                                                   .ms = started_ms,
                                                   .attempt = d->job.attempt,
                                                   .duration_ms = duration_ms,
                                                   .status = o->status,
                                                   .code = span_of(outcome_code_text(o->code)),
                                                   .message = span_of(message),
                                                   .response = response});
}

static void count_attempt(const struct delivery *d, enum outcome_code code)
{
    metric_add(METRIC_attempts_total, code, metric_dialect(d->endpoint->policy.row.name), 1);
}

static void count_delay(const struct delivery *d, int64_t begun_ms)
{
    int64_t accepted_ms;

    if (d->job.attempt == 1 && event_accepted_ms(d->job.event, &accepted_ms) == 0)
        metric_observe(METRIC_first_attempt_delay_seconds, 0, (begun_ms - accepted_ms) * 1000);
}

static void settle_failed(struct delivery *d, const struct outcome *o)
{
    job_outcome_pack(&d->outcome, o);
    if (o->is_slow)
        settle(d, SETTLE_SLOW, o->retry_after_ms);
    else
        settle(d, SETTLE_FAILED, 0);
}

/* It could not even be tried. */
static void fail_unsent(struct delivery *d, enum outcome_code code, const char *why)
{
    struct outcome o = outcome_of_error(code);

    count_attempt(d, code);
    tally_add(&d->worker->tally, d->partition, d->job.tenant, true, -1);
    add_attempt(d, &o, worker_now_ms(d->worker), 0, why, SPAN(""));
    settle_failed(d, &o);
}

/* ---- the answer ---- */

static bool took_long_to_connect(const struct delivery *d, const struct http_result *result)
{
    return result->connect_us / 1000 >= d->worker->limits.permit_ms * 3 / 4;
}

/* The permit ran out before the request went out: nothing was sent. */
static void settle_lapsed(struct delivery *d, const struct http_result *result)
{
    int64_t permit_ms = 2 * (result->connect_us / 1000) + d->worker->limits.permit_ms;

    metric_count(METRIC_permits_lapsed_total);
    if (took_long_to_connect(d, result))
        settle(d, SETTLE_LATE, MIN(permit_ms, LATE_PERMIT_MAX_MS));
    else
        delivery_hand_back(d);
}

static bool is_mail(const struct delivery *d)
{
    return mail_url_is(span_of(d->endpoint->url));
}

void delivery_lose(struct delivery *d)
{
    record_pack(&d->record, &(struct record_entry){.kind = RECORD_LOST,
                                                   .ms = worker_now_ms(d->worker),
                                                   .attempt = d->job.attempt,
                                                   .worker = span_of(d->worker->service.name)});
    settle(d, SETTLE_LOST, 0);
}

static void settle_answer(struct delivery *d, const struct http_result *result)
{
    int64_t begun_us = result->started_us ? result->started_us : d->begun_us;
    int64_t duration_ms = (result->ended_us - begun_us) / 1000;
    struct outcome o;

    if (result->error)
        o = outcome_of_error(result->error);
    else if (is_mail(d))
        o = outcome_of_smtp(result->status);
    else
        o = outcome_of_status(&d->endpoint->policy.row, result->status, result->retry_after,
                              clock_wall_ms());
    count_attempt(d, o.code);
    tally_add(&d->worker->tally, d->partition, d->job.tenant, o.next != NEXT_DONE,
              result->started_us ? duration_ms : -1);
    count_delay(d, worker_now_ms(d->worker) - duration_ms);
    metric_observe(METRIC_attempt_duration_seconds, metric_status(result->status),
                   result->ended_us - begun_us);
    add_attempt(d, &o, worker_now_ms(d->worker) - duration_ms, duration_ms, result->message,
                result->body);
    if (o.next != NEXT_DONE) {
        settle_failed(d, &o);
        return;
    }
    delivery_add_final(d, "success", "");
    settle(d, SETTLE_DONE, 0);
}

/* Decides what comes of the request that has ended. */
static void on_http_done(struct http_call *call, const struct http_result *result)
{
    struct delivery *d = container_of(call, struct delivery, call);

    if (result->connect_us)
        metric_observe(METRIC_connect_duration_seconds, 0, result->connect_us);
    if (d->is_given_up)
        delivery_lose(d);
    else if (result->is_refused_by_owner)
        settle_lapsed(d, result);
    else
        settle_answer(d, result);
}

/* ---- the request ---- */

static bool has_permit(const struct delivery *d)
{
    return redis_clock_late_ms(&d->worker->heartbeat.clock) <= d->until_ms;
}

/* Asked by curl when the connection stands: however long we were held up, nothing goes out late. */
static bool may_send(struct http_call *call)
{
    return has_permit(container_of(call, struct delivery, call));
}

/* When the next attempt would come, should this one fail; 0: never. */
static int64_t next_retry_ms(const struct delivery *d)
{
    static const struct outcome failure = {.code = OUTCOME_NETWORK_ERROR, .next = NEXT_RETRY};
    enum { NO_JITTER = 500 };
    struct verdict v =
        verdict_of(&d->endpoint->policy.row, &failure, d->job.attempt, d->job.base, NO_JITTER);

    return v.kind == VERDICT_RETRY ? clock_wall_ms() + v.delay_ms : 0;
}

static struct envelope_input envelope_of(const struct delivery *d, const struct event *event)
{
    const struct settings *s = &d->worker->service.settings;

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
        .source_service = span_of(s->source_service),
        .source_environment = span_of(s->source_environment),
        .attempt = d->job.attempt,
        .attempts_max = d->endpoint->policy.row.schedule.retries,
        .next_retry_ms = next_retry_ms(d),
    };
}

/* Lines are ended by NUL while they are written, as the buf may move; see split_lines(). */
static void delivery_end_line(struct buf *b)
{
    buf_add_char(b, '\0');
}

static int delivery_add_signature(struct delivery *d, int64_t timestamp_s)
{
    const struct target *t = d->endpoint->attached;
    const struct dialect *row = &d->endpoint->policy.row;
    int64_t now_ms = worker_now_ms(d->worker);
    unsigned most = sign_form_is_list(row->signature.form) ? t->n_keys : 1, n = 0;
    int r = 0;

    dialect_header_name(&d->headers, row, row->signature.header);
    buf_add_text(&d->headers, ": ");
    for (unsigned i = 0; i < t->n_keys && n < most && !r; i++) {
        if (!target_key_signs(&t->keys[i], now_ms))
            continue;
        if (n++)
            buf_add_char(&d->headers, ' ');
        r = sign_append(&d->headers, &row->signature, t->keys[i].key, d->job.id, timestamp_s,
                        buf_span(&d->body));
    }
    delivery_end_line(&d->headers);
    return r;
}

static void split_lines(struct delivery *d)
{
    struct span rest = buf_span(&d->headers);
    unsigned n = 0;

    while (rest.len && n < DELIVERY_HEADERS_MAX) {
        size_t len = strnlen(rest.data, rest.len);

        d->lines[n++] = (struct span){rest.data, len};
        rest = (struct span){rest.data + len + 1, rest.len - len - 1};
    }
    d->call.n_headers = n;
}

/* Each attempt is a span of the event's trace. What is wrong in it is left out, as the scheduler let it pass. */
static void add_trace(struct buf *b, const struct event_fields *f)
{
    char traceparent[TRACEPARENT_LEN + 1];

    if (!f->traceparent.data || traceparent_check(f->traceparent, NULL))
        return;
    traceparent_next(traceparent, f->traceparent);
    buf_add_text(b, "traceparent: ");
    buf_add_text(b, traceparent);
    delivery_end_line(b);
    if (!f->tracestate.data || tracestate_check(f->tracestate, NULL))
        return;
    buf_add_text(b, "tracestate: ");
    buf_add_span(b, f->tracestate);
    delivery_end_line(b);
}

static int build_headers(struct delivery *d, const struct event *event,
                         const struct envelope_input *in, int64_t timestamp_s)
{
    const struct dialect *row = &d->endpoint->policy.row;
    struct buf *b = &d->headers;
    int r = 0;

    buf_add_text(b, "Content-Type: application/json");
    delivery_end_line(b);
    buf_add_text(b, "User-Agent: ");
    buf_add_text(b, row->user_agent);
    delivery_end_line(b);
    for (unsigned i = 0; i < row->n_headers; i++) {
        dialect_header_name(b, row, row->headers[i].name);
        buf_add_text(b, ": ");
        dialect_header_value(b, &row->headers[i], in, timestamp_s);
        delivery_end_line(b);
    }
    buf_add_span(b, buf_span(&d->endpoint->policy.lines)); /* each ended as ours are */
    add_trace(b, &event->fields);
    if (endpoint_signs(d->endpoint, in->event_type))
        r = delivery_add_signature(d, timestamp_s);
    r = r ? r : buf_result(b);
    if (!r)
        split_lines(d);
    return r;
}

/* The address lies where a POST has its headers. */
static int build_mail(struct delivery *d, const struct event *event, struct diag *diag)
{
    const char *from = d->worker->service.settings.smtp_from;
    struct envelope_input in = envelope_of(d, event);
    struct mail m = {.text = &d->body};
    int r = mail_build(&m, from, mail_url_address(span_of(d->endpoint->url)), &in,
                       clock_wall_ms() / 1000, diag);

    if (r)
        return r;
    buf_add_text(&d->headers, m.to);
    d->call.mail_from = from;
    d->call.mail_to = d->headers.data;
    return buf_result(&d->headers);
}

static int build(struct delivery *d, const struct event *event, struct diag *diag)
{
    struct envelope_input in;
    int r;

    if (is_mail(d))
        return build_mail(d, event, diag);
    in = envelope_of(d, event);
    r = dialect_envelope(&d->body, &d->endpoint->policy.row, &in);
    return r ? r : build_headers(d, event, &in, clock_wall_ms() / 1000);
}

static void post(struct delivery *d)
{
    const struct target *t = d->endpoint->attached;

    d->state = DELIVERY_SENDING;
    d->begun_us = clock_mono_us();
    d->call.target = t->http;
    d->call.shard = t->shard;
    d->call.timeout_ms = d->endpoint->policy.row.timeout_ms;
    d->call.body = buf_span(&d->body);
    d->call.headers = d->lines;
    d->call.may_send = may_send;
    d->call.done = on_http_done;
    http_call_start(d->worker->http, &d->call);
}

/* Takes the configuration as it is now; false: the delivery has ended because of it. */
static bool configure(struct delivery *d)
{
    struct tenant *t = directory_find(d->worker->directory, d->job.tenant);

    if (!t) { /* pushed out of the cache since it was loaded: not the same as removed */
        delivery_hand_back(d);
        return false;
    }
    d->endpoint = tenant_endpoint(t, d->job.endpoint);
    if (!d->endpoint) {
        cancel(d, "cancelled", "the endpoint was removed");
        return false;
    }
    d->tenant = tenant_ref(t);
    if (d->endpoint->disabled_reason) {
        cancel(d, "cancelled", d->endpoint->disabled_reason);
        return false;
    }
    return true;
}

void delivery_send(struct delivery *d, const struct event *event)
{
    const struct target *t;
    struct diag diag = {""};
    int r;

    if (!event) {
        cancel(d, "failed", "the event's body is no longer in Redis");
        return;
    }
    if (!has_permit(d)) {
        metric_count(METRIC_permits_lapsed_total);
        delivery_hand_back(d);
        return;
    }
    if (!configure(d))
        return;
    t = d->endpoint->attached;
    if (!t || t->fault) {
        fail_unsent(d, t ? t->fault : OUTCOME_UNKNOWN_ERROR, t ? t->why.text : "out of memory");
        return;
    }
    if (is_mail(d) && !*d->worker->service.settings.smtp_url) {
        fail_unsent(d, OUTCOME_UNKNOWN_ERROR, "no mail server: smtp_url is not set");
        return;
    }
    r = build(d, event, &diag);
    if (r)
        fail_unsent(d, *diag.text ? OUTCOME_INVALID_URL : OUTCOME_UNKNOWN_ERROR,
                    *diag.text ? diag.text : err_text(r));
    else
        post(d);
}

void delivery_give_up(struct delivery *d)
{
    if (d->state != DELIVERY_SENDING || d->is_given_up)
        return;
    d->is_given_up = true;
    http_call_cancel(&d->call);
}
