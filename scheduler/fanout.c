/* SPDX-License-Identifier: Apache-2.0 */
/* fanout.c: see fanout.h.
 *
 *   IDLE ──start──► LOADING ──known──► MOVING ──answer──► IDLE
 *                      ▲                 │ │▲
 *                      └─ stale cache ───┘ └┘ the next part of the batch
 *
 * A step moves a bounded number of deliveries, as an event may have a thousand endpoints. The
 * script does nothing when the configuration has changed since it was loaded: then we load and ask
 * again. */
#include "scheduler/fanout.h"

#include "common/base/err.h"
#include "common/base/id.h"
#include "common/base/log.h"
#include "common/model/job.h"
#include "common/model/record.h"
#include "common/moves/fanout.h"
#include <errno.h>

enum { DELIVERIES_PER_STEP = 256 };

/* A filter reads the event's data once for each of its conditions, while the loop stands still. So a step ends
 * when so many bytes were read, some 30 ms; and an event whose filters would read more than the second number (all
 * conditions of a tenant together, times the length: 4096 of them at 256 KiB) is refused: it must not cost a
 * scheduler its lease, nor other tenants seconds. */
#define FILTERED_BYTES_PER_STEP (UINT64_C(16) << 20)
#define FILTERED_BYTES_PER_EVENT (UINT64_C(1) << 30)

struct fanout_item {
    struct event event;
    bool is_refused;
    struct diag why;
};

int fanout_init(struct fanout *f, unsigned partition, const struct fanout_options *o)
{
    size_t n = (size_t)o->limits->fanout_batch;

    *f = (struct fanout){.options = *o, .partition = partition};
    redis_command_init(&f->command);
    buf_init(&f->scratch, 4096);
    f->items = calloc(n, sizeof(*f->items));
    f->tenants = calloc(n, sizeof(*f->tenants));
    f->takers = calloc(ENDPOINTS_PER_TENANT_MAX, sizeof(struct endpoint *));
    return f->items && f->tenants && f->takers ? 0 : err_origin(-ENOMEM);
}

void fanout_fini(struct fanout *f)
{
    free(f->items);
    free(f->tenants);
    free(f->takers);
    redis_command_fini(&f->command);
    buf_fini(&f->scratch);
}

static void read_item(struct fanout *f, struct fanout_item *item, const redisReply *entry)
{
    int r = event_parse(&item->event, entry, f->partition, &item->why);

    if (!r)
        r = event_judge(&item->event, f->partition, f->options.keys->partitions,
                        (size_t)f->options.limits->event_bytes_max, &item->why);
    item->is_refused = r != 0;
    if (r && !item->why.text[0])
        (void)diag_set(&item->why, "the entry cannot be read");
}

/* Entries that are not even [id, …] cannot be named, so they are left out (Redis sends none). */
static void fanout_read_batch(struct fanout *f, const struct batch *batch)
{
    size_t most = (size_t)f->options.limits->fanout_batch;

    f->n_items = f->next = 0;
    for (size_t i = 0; i < batch->entries->elements && f->n_items < most; i++) {
        struct fanout_item *item = &f->items[f->n_items];

        item->why.text[0] = '\0';
        read_item(f, item, batch->entries->element[i]);
        if (item->event.stream_id.len)
            f->n_items++;
    }
}

static void fanout_finish(struct fanout *f, int result)
{
    f->state = FANOUT_IDLE;
    f->options.done(f->options.arg, result);
}

static void add_delivery(struct fanout *f, const struct event *e, const struct endpoint *endpoint,
                         int64_t now_ms)
{
    struct fanout_delivery d = {.endpoint = endpoint->id,
                                .slots = endpoint->slots ? endpoint->slots
                                                         : f->options.limits->admit.endpoint_slots};
    size_t job_len;
    char id[ID_SIZE];

    id_make(id, "whd_", f->partition);
    d.id = id;
    buf_clear(&f->scratch);
    job_pack(&f->scratch, &(struct job){.id = span_of(id),
                                        .tenant = e->fields.tenant,
                                        .endpoint = span_of(endpoint->id),
                                        .event = e->stream_id,
                                        .attempt = 1});
    job_len = f->scratch.len;
    record_pack(&f->scratch, &(struct record_entry){.kind = RECORD_CREATED,
                                                    .ms = now_ms,
                                                    .tenant = e->fields.tenant,
                                                    .endpoint = span_of(endpoint->id),
                                                    .event = e->stream_id,
                                                    .type = e->fields.type});
    d.job = (struct span){f->scratch.data, job_len};
    d.record = (struct span){f->scratch.data + job_len, f->scratch.len - job_len};
    move_fanout_add_delivery(&f->command, &d);
}

static uint64_t filtered_bytes(const struct tenant *t, const struct event *e)
{
    uint64_t conditions = 0;

    if (e->fields.endpoint.len) /* nobody is asked */
        return 0;
    for (unsigned i = 0; i < t->n_endpoints; i++)
        if (t->endpoints[i]->filter)
            conditions += filter_conditions(t->endpoints[i]->filter);
    return conditions * e->fields.data.len;
}

/* Fills f->takers; how many there are. (No tenant has more endpoints: configure.lua.) */
static size_t find_takers(struct fanout *f, const struct tenant *t, const struct event *e)
{
    struct span only = e->fields.endpoint;
    size_t n = 0;

    for (unsigned i = 0; i < t->n_endpoints && n < ENDPOINTS_PER_TENANT_MAX; i++) {
        const struct endpoint *endpoint = t->endpoints[i];

        if (endpoint->disabled_reason)
            continue;
        if (only.len ? span_equal(only, span_of(endpoint->id))
                     : endpoint_takes(endpoint, e->fields.type, e->fields.data))
            f->takers[n++] = endpoint;
    }
    return n;
}

/* What speaks against an event of a tenant as it is now; NULL: nothing. */
static const char *why_refused(const struct tenant *t, const struct event *e)
{
    if (!t->exists)
        return "tenant: there is no such tenant";
    if (e->fields.endpoint.len && !tenant_endpoint(t, e->fields.endpoint))
        return "endpoint: the tenant has no such endpoint";
    if (filtered_bytes(t, e) > FILTERED_BYTES_PER_EVENT)
        return "data: too long for so many filters of the tenant's endpoints";
    return NULL;
}

static void add_refused(struct fanout *f, const struct fanout_item *item, const char *why)
{
    f->counts[EVENT_REFUSED]++;
    move_fanout_refuse(&f->command, item->event.stream_id, item->event.fields.tenant, why);
}

/* Adds one event to the step; how many deliveries it makes. */
static size_t add_item(struct fanout *f, const struct fanout_item *item, const struct tenant *t)
{
    const struct event *e = &item->event;
    struct fanout_event event = {e->stream_id, e->fields.tenant, e->fields.id, 0};
    int64_t now_ms = redis_clock_early_ms(f->options.clock);
    const char *why = item->is_refused ? item->why.text : why_refused(t, e);
    size_t n;

    if (why) {
        add_refused(f, item, why);
        return 0;
    }
    f->filtered_bytes += filtered_bytes(t, e);
    n = find_takers(f, t, e);
    f->counts[n ? EVENT_FANNED_OUT : EVENT_UNMATCHED]++;
    event.tenant_limit = t->limit >= 0 ? t->limit : f->options.limits->admit.tenant_limit;
    move_fanout_add(&f->command, &event, n);
    for (size_t i = 0; i < n; i++)
        add_delivery(f, e, f->takers[i], now_ms);
    return n;
}

static void begin_command(struct fanout *f)
{
    move_fanout_begin(&f->command, keys_head(f->options.keys, f->partition),
                      &f->options.limits->admit,
                      config_cache_version(f->options.config_cache, f->partition));
}

/* The items of the step that was taken. */
static void fanout_count(const struct fanout *f, int64_t made)
{
    int64_t now_ms = redis_clock_early_ms(f->options.clock), accepted_ms;

    metric_add(METRIC_deliveries_created_total, 0, 0, (uint64_t)made);
    for (unsigned i = 0; i < ARRAY_LEN(f->counts); i++)
        metric_add(METRIC_events_total, i, 0, f->counts[i]);
    for (size_t i = f->next; i < f->sent; i++)
        if (event_accepted_ms(f->items[i].event.stream_id, &accepted_ms) == 0)
            metric_observe(METRIC_fanout_delay_seconds, 0, (now_ms - accepted_ms) * 1000);
}

static void fanout_load(struct fanout *f, int64_t version);

static void on_moved(struct redis_request *request, int result, redisReply *reply)
{
    struct fanout *f = container_of(request, struct fanout, request);
    struct fanout_answer answer;

    if (!result)
        result = move_fanout_parse(&answer, reply);
    if (result) {
        fanout_finish(f, result);
        return;
    }
    if (answer.is_stale) {
        fanout_load(f, answer.version);
        return;
    }
    promoter_at(f->options.promoter, answer.delayed_ms);
    promoter_at(f->options.promoter, answer.throttled_ms);
    fanout_count(f, answer.made);
    f->next = f->sent;
    if (f->next == f->n_items)
        fanout_finish(f, 0);
    else
        fanout_load(f, -1);
}

static void fanout_move(struct fanout *f)
{
    size_t deliveries = 0, i = f->next;

    f->state = FANOUT_MOVING;
    memset(f->counts, 0, sizeof(f->counts));
    begin_command(f);
    f->filtered_bytes = 0;
    while (i < f->n_items && deliveries < DELIVERIES_PER_STEP &&
           f->filtered_bytes < FILTERED_BYTES_PER_STEP) {
        const struct fanout_item *item = &f->items[i];
        const struct tenant *t = item->is_refused ? NULL
                                                  : config_cache_find(f->options.config_cache,
                                                                      item->event.fields.tenant);

        if (!item->is_refused && !t)
            break; /* pushed out of a full cache: loaded again with the next step */
        deliveries += add_item(f, item, t);
        i++;
    }
    if (i == f->next) {
        fanout_load(f, -1);
        return;
    }
    f->sent = i;
    redis_run(f->options.redis, &f->request, &script_fanout, &f->command, 0, on_moved, NULL);
}

static void fanout_on_loaded(void *arg, int result)
{
    struct fanout *f = arg;

    if (result)
        fanout_finish(f, result);
    else
        fanout_move(f);
}

static void fanout_load(struct fanout *f, int64_t version)
{
    size_t n = 0;

    f->state = FANOUT_LOADING;
    for (size_t i = f->next; i < f->n_items; i++)
        if (!f->items[i].is_refused)
            f->tenants[n++] = f->items[i].event.fields.tenant;
    config_cache_sync_start(&f->sync, f->options.config_cache, f->options.loop, f->partition,
                            version, f->tenants, n, fanout_on_loaded, f);
}

void fanout_start(struct fanout *f, const struct batch *batch)
{
    fanout_read_batch(f, batch);
    fanout_load(f, -1);
}
