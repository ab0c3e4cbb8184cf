/* SPDX-License-Identifier: Apache-2.0 */
/* h_delivery_stats.c: how a tenant's deliveries do, for the platform guide: a summary, and figures of
 * a timeframe.
 *
 * Both read the records of their time, the newest first, up to a limit: an answer about a part only
 * says so ("scanned"). */
#include "api/handlers.h"
#include "api/resources/delivery_query.h"
#include "api/resources/delivery_view.h"
#include <errno.h>
#include <stdio.h>

enum { TOP_TYPES = 10, RECENT_FAILURES = 10, BUCKETS_MAX = 32 };

struct bucket {
    int64_t total, success;
};

struct figures {
    int64_t from_ms, to_ms;
    int64_t bucket_ms; /* 0: no buckets */
    int64_t total, success, oldest_ms;
    bool is_part;
    json_t *statuses, *types, *codes, *recent; /* counts by name; the last is a list */
    int64_t *times;                            /* of responses, in ms */
    size_t n_times, room;
    struct bucket buckets[BUCKETS_MAX];
};

/* ---- counting ---- */

static void h_delivery_stats_count(json_t *by_name, struct span name)
{
    json_t *key = json_of_text(name), *n;
    const char *text = json_string_value(key);

    if (text) {
        n = json_object_get(by_name, text);
        (void)json_object_set_new(by_name, text, json_integer(json_integer_value(n) + 1));
    }
    json_decref(key);
}

static int h_delivery_stats_add_time(struct figures *f, int64_t ms)
{
    int64_t *grown;

    if (f->n_times == f->room) {
        f->room = f->room ? f->room * 2 : 1024;
        grown = reallocarray(f->times, f->room, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        f->times = grown;
    }
    f->times[f->n_times++] = ms;
    return 0;
}

static void add_failure(struct figures *f, const struct delivery_record *d)
{
    const struct record_entry *a = delivery_last_attempt(d);

    if (json_array_size(f->recent) == RECENT_FAILURES)
        return;
    (void)json_array_append_new(f->recent,
                                json_pack("{s:s, s:o, s:o, s:o}", "id", d->id, "eventType",
                                          json_of_text(delivery_created(d)->type), "errorCode",
                                          json_of_text(a ? a->code : SPAN("")), "createdAt",
                                          json_of_time(delivery_created(d)->ms)));
}

static int h_delivery_stats_add(struct figures *f, const struct delivery_record *d, int64_t ms)
{
    const struct record_entry *a = delivery_last_attempt(d);
    struct span status = delivery_status(d);
    bool is_success = span_equal(status, SPAN("success"));

    h_delivery_stats_count(f->statuses, status);
    h_delivery_stats_count(f->types, delivery_created(d)->type);
    f->success += is_success;
    if (f->bucket_ms) {
        struct bucket *b = &f->buckets[(ms - f->from_ms) / f->bucket_ms];

        b->total++;
        b->success += is_success;
    }
    if (span_equal(status, SPAN("failed")) || span_equal(status, SPAN("timeout"))) {
        h_delivery_stats_count(f->codes, a ? a->code : SPAN(""));
        add_failure(f, d);
    }
    return a ? h_delivery_stats_add_time(f, a->duration_ms) : 0;
}

static int h_delivery_stats_each(void *arg, const struct listed_delivery *d)
{
    struct figures *f = arg;

    if (d->cursor.ms < f->from_ms)
        return LIST_ENOUGH;
    if (f->total == SCAN_MAX) {
        f->is_part = true;
        return LIST_ENOUGH;
    }
    f->total++;
    f->oldest_ms = d->cursor.ms;
    return h_delivery_stats_add(f, &d->record, d->cursor.ms);
}

static int gather(struct figures *f, struct store *s, struct span tenant)
{
    static const char *const statuses[] = {"success", "failed", "timeout", "pending", "cancelled"};
    struct delivery_cursor at = delivery_cursor_before(f->to_ms);

    f->statuses = json_object();
    f->types = json_object();
    f->codes = json_object();
    f->recent = json_array();
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        (void)json_object_set_new(f->statuses, statuses[i], json_integer(0));
    return store_delivery_records(s, tenant, &at, h_delivery_stats_each, f);
}

static void figures_fini(struct figures *f)
{
    json_decref(f->statuses);
    json_decref(f->types);
    json_decref(f->codes);
    json_decref(f->recent);
    free(f->times);
}

/* ---- what is shown ---- */

/* "95.8%" */
static json_t *rate_json(int64_t success, int64_t total)
{
    return json_sprintf("%.1f%%", total ? (double)success * 100 / (double)total : 0.0);
}

struct named {
    const char *name;
    json_int_t n;
};

static int more_first(const void *a, const void *b)
{
    const struct named *x = a, *y = b;

    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* [{@key: name, "count": n}], most first. */
static json_t *counts_json(json_t *by_name, const char *key, size_t max)
{
    size_t n = 0;
    struct named *all = calloc(json_object_size(by_name) + 1, sizeof(*all));
    json_t *list = json_array(), *value;
    const char *name;

    if (all) {
        json_object_foreach(by_name, name, value) all[n++] =
            (struct named){name, json_integer_value(value)};
        qsort(all, n, sizeof(*all), more_first);
    }
    for (size_t i = 0; i < MIN(n, max); i++)
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:I}", key, all[i].name, "count", all[i].n));
    free(all);
    return list;
}

static int less_first(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* The least value that @percent of all do not exceed; times are sorted. */
static json_t *percentile_json(const struct figures *f, size_t percent)
{
    if (!f->n_times)
        return json_null();
    return json_integer(f->times[(f->n_times * percent + 99) / 100 - 1]);
}

static json_t *times_json(struct figures *f)
{
    if (f->n_times)
        qsort(f->times, f->n_times, sizeof(*f->times), less_first);
    return json_pack("{s:o, s:o, s:o}", "p50", percentile_json(f, 50), "p95",
                     percentile_json(f, 95), "p99", percentile_json(f, 99));
}

static json_t *buckets_json(const struct figures *f)
{
    json_t *list = json_array();

    for (int64_t i = 0, at = f->from_ms; at <= f->to_ms && i < BUCKETS_MAX; i++) {
        const struct bucket *b = &f->buckets[i];

        (void)json_array_append_new(list, json_pack("{s:o, s:I, s:I}", "start", json_of_time(at),
                                                    "total", (json_int_t)b->total, "success",
                                                    (json_int_t)b->success));
        at += f->bucket_ms;
    }
    return list;
}

static void h_delivery_stats_answer(struct call *c, const struct figures *f, json_t *data)
{
    if (data && f->is_part)
        (void)json_object_set_new(data, "scanned", json_integer(f->total));
    call_json(c, 200, json_pack("{s:s, s:o}", "status", "success", "data", data));
}

static json_t *range_json(const struct figures *f)
{
    int64_t begin = f->from_ms ? f->from_ms : f->oldest_ms;

    return json_pack("{s:o, s:o}", "start", json_of_time(begin), "end", json_of_time(f->to_ms));
}

static json_t *summary_json(const struct figures *f)
{
    return json_pack("{s:{s:I, s:o, s:o}, s:O, s:o, s:O}", "summary", "totalDeliveries",
                     (json_int_t)f->total, "successRate", rate_json(f->success, f->total),
                     "dateRange", range_json(f), "statusBreakdown", f->statuses, "topEventTypes",
                     counts_json(f->types, "eventType", TOP_TYPES), "recentFailures", f->recent);
}

static json_t *stats_json(struct figures *f, const char *timeframe)
{
    return json_pack("{s:s, s:o, s:I, s:o, s:O, s:o, s:o, s:o, s:o}", "timeframe", timeframe,
                     "dateRange", range_json(f), "totalDeliveries", (json_int_t)f->total,
                     "successRate", rate_json(f->success, f->total), "statusBreakdown", f->statuses,
                     "responseTimeMs", times_json(f), "byEventType",
                     counts_json(f->types, "eventType", SIZE_MAX), "byErrorCode",
                     counts_json(f->codes, "errorCode", SIZE_MAX), "buckets", buckets_json(f));
}

/* ---- the calls ---- */

void h_webhook_delivery_summary(struct call *c, struct store *s)
{
    struct figures f = {0};
    int r;

    if (call_query_time(c, "from", &f.from_ms) || call_query_time(c, "to", &f.to_ms))
        return;
    r = f.to_ms ? 0 : store_now_ms(s, &f.to_ms);
    r = r ? r : gather(&f, s, span_of(c->tenant));
    if (r)
        call_store_failed(c, s, r);
    else
        h_delivery_stats_answer(c, &f, summary_json(&f));
    figures_fini(&f);
}

struct timeframe {
    const char *name;
    int64_t all_ms, bucket_ms; /* at most BUCKETS_MAX - 1 of them */
};

static const struct timeframe *find_timeframe(struct call *c)
{
    enum { MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
    static const struct timeframe all[] = {
        {"24h", DAY, HOUR},
        {"1h", HOUR, 5 * MINUTE},
        {"7d", INT64_C(7) * DAY, 6 * HOUR},
        {"30d", INT64_C(30) * DAY, DAY},
    };
    const char *name = call_query(c, "timeframe");

    if (!name)
        return &all[0];
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    call_problem(c, 400, "timeframe", "expected 1h, 24h, 7d or 30d");
    return NULL;
}

void h_webhook_delivery_stats(struct call *c, struct store *s)
{
    const struct timeframe *t = find_timeframe(c);
    struct figures f = {0};
    int r;

    if (!t)
        return;
    r = store_now_ms(s, &f.to_ms);
    f.from_ms = f.to_ms - t->all_ms + 1;
    f.bucket_ms = t->bucket_ms;
    r = r ? r : gather(&f, s, span_of(c->tenant));
    if (r)
        call_store_failed(c, s, r);
    else
        h_delivery_stats_answer(c, &f, stats_json(&f, t->name));
    figures_fini(&f);
}
