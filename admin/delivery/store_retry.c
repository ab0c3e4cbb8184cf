/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/delivery/store_retry.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/moves/retries.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { LOOKED_PER_STEP = 512 };

static const char *const states[] = {
    [RETRY_RUNNING] = "running", [RETRY_DONE] = "done", [RETRY_STOPPED] = "stopped"};

const char *retry_state_name(enum retry_state state)
{
    return states[state];
}

bool retry_job_wants(const struct retry_job *job, struct span status)
{
    for (const char *at = job->statuses; *at; at += strspn(at, ",")) {
        size_t len = strcspn(at, ",");

        if (span_equal((struct span){at, len}, status))
            return true;
        at += len;
    }
    return false;
}

/* ---- a job's hash ---- */

/* Which field goes where; texts into room that is enough for what was ever written. */
static void store_retry_take_text(char *ret, size_t size, struct span value)
{
    (void)snprintf(ret, size, "%.*s", (int)MIN(value.len, size - 1), value.data);
}

static void store_retry_take_state(struct retry_job *job, struct span value)
{
    for (unsigned i = 0; i < ARRAY_LEN(states); i++)
        if (span_equal(value, span_of(states[i])))
            job->state = (enum retry_state)i;
}

static void store_retry_take_field(struct retry_job *job, struct span name, struct span value)
{
    const struct {
        const char *name;
        int64_t *number;
        char *text;
        size_t size;
    } fields[] = {
        {"made", &job->made_ms, NULL, 0},
        {"at", &job->at_ms, NULL, 0},
        {"ended", &job->ended_ms, NULL, 0},
        {"from", &job->from_ms, NULL, 0},
        {"to", &job->to_ms, NULL, 0},
        {"total", &job->total, NULL, 0},
        {"looked", &job->looked, NULL, 0},
        {"retried", &job->retried, NULL, 0},
        {"skipped", &job->skipped, NULL, 0},
        {"removed", &job->removed, NULL, 0},
        {"disabled", &job->disabled, NULL, 0},
        {"tenant", NULL, job->tenant, sizeof(job->tenant)},
        {"statuses", NULL, job->statuses, sizeof(job->statuses)},
        {"type", NULL, job->type, sizeof(job->type)},
        {"endpoint", NULL, job->endpoint, sizeof(job->endpoint)},
        {"event", NULL, job->event, sizeof(job->event)},
        {"place", NULL, job->place, sizeof(job->place)},
    };

    if (span_equal(name, SPAN("state")))
        store_retry_take_state(job, value);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (!span_equal(name, span_of(fields[i].name)))
            continue;
        if (fields[i].text)
            store_retry_take_text(fields[i].text, fields[i].size, value);
        else
            (void)parse_i64(value, fields[i].number);
    }
}

/* STORE_MISSING: there is no such hash. */
static int read_job(const redisReply *fields, struct span id, struct retry_job *ret)
{
    struct span name, value;

    *ret = (struct retry_job){0};
    store_retry_take_text(ret->id, sizeof(ret->id), id);
    for (size_t i = 0; redis_reply_span(redis_reply_at(fields, i), &name) &&
                       redis_reply_span(redis_reply_at(fields, i + 1), &value);
         i += 2)
        store_retry_take_field(ret, name, value);
    return *ret->tenant ? 0 : STORE_MISSING;
}

/* Frees @cmd. */
static int store_retry_run(struct store *s, struct redis_command *cmd, redisReply **ret)
{
    int r = store_call(s, cmd, &script_retries, ret);

    redis_command_fini(cmd);
    return r;
}

/* What a parser answered, with words when it could not read the reply. */
static int store_retry_result(struct store *s, const redisReply *reply, int r)
{
    return r < 0 ? store_unexpected(s, reply) : r;
}

/* ---- made, shown, stopped ---- */

static int store_retry_do_make(struct store *s, const struct retry_job *job, unsigned partition,
                               redisReply **ret)
{
    struct redis_command cmd;

    redis_command_init(&cmd);
    move_retries_make(&cmd, keys_head(&s->keys, partition),
                      &(struct retries_make){.id = job->id,
                                             .tenant = job->tenant,
                                             .running_max = RETRIES_RUNNING_MAX,
                                             .kept_max = RETRIES_KEPT_MAX,
                                             .statuses = job->statuses,
                                             .type = job->type,
                                             .endpoint = job->endpoint,
                                             .event = job->event,
                                             .from_ms = job->from_ms,
                                             .to_ms = job->to_ms,
                                             .total = job->total});
    return store_retry_run(s, &cmd, ret);
}

static int store_retry_made(struct store *s, const redisReply *reply, struct retry_job *job)
{
    int r = move_retries_parse_made(&job->made_ms, reply);

    if (!r)
        job->at_ms = job->made_ms;
    return store_retry_result(s, reply, r);
}

int store_retry_make(struct store *s, struct retry_job *job)
{
    struct span tenant = span_of(job->tenant);
    unsigned partition = store_partition(s, tenant);
    redisReply *reply = NULL;
    int r = store_delivery_count(s, tenant, job->from_ms, job->to_ms, &job->total);

    id_make(job->id, "rty_", partition);
    r = r ? r : store_retry_do_make(s, job, partition, &reply);
    r = r ? r : store_retry_made(s, reply, job);
    freeReplyObject(reply);
    return r;
}

int store_retry_get(struct store *s, struct span tenant, struct span id, struct retry_job *ret)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    unsigned partition;
    int r = store_partition_of_id(s, id, "rty_", &partition);

    if (r)
        return r;
    redis_command_init(&cmd);
    redis_arg_text(&cmd, "HGETALL");
    redis_arg_key(&cmd, &s->keys, partition, KEY_RETRY_JOB, id);
    r = store_call(s, &cmd, NULL, &reply);
    redis_command_fini(&cmd);
    r = r ? r : read_job(reply, id, ret);
    freeReplyObject(reply);
    return r ? r : span_equal(span_of(ret->tenant), tenant) ? 0 : STORE_MISSING;
}

int store_retry_stop(struct store *s, struct span tenant, struct span id)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    unsigned partition;
    int r = store_partition_of_id(s, id, "rty_", &partition);

    if (r)
        return r;
    redis_command_init(&cmd);
    move_retries_stop(&cmd, keys_head(&s->keys, partition), id, tenant);
    r = store_retry_run(s, &cmd, &reply);
    r = r ? r : store_retry_result(s, reply, move_retries_parse_stopped(reply));
    freeReplyObject(reply);
    return r;
}

static int ask_ids(struct store *s, struct span tenant, redisReply **ret)
{
    struct redis_command cmd;
    int r;

    redis_command_init(&cmd);
    redis_arg_text(&cmd, "ZREVRANGE");
    redis_arg_key(&cmd, &s->keys, store_partition(s, tenant), KEY_RETRY_JOBS, tenant);
    redis_arg_i64(&cmd, 0);
    redis_arg_i64(&cmd, RETRIES_KEPT_MAX - 1);
    r = store_call(s, &cmd, NULL, ret);
    redis_command_fini(&cmd);
    return r;
}

int store_retries(struct store *s, struct span tenant, store_retry_fn *each, void *arg)
{
    redisReply *reply = NULL;
    struct retry_job job;
    struct span id;
    int r = ask_ids(s, tenant, &reply);

    for (size_t i = 0; !r && redis_reply_span(redis_reply_at(reply, i), &id); i++) {
        r = store_retry_get(s, tenant, id, &job);
        if (!r)
            each(arg, &job);
        r = r == STORE_MISSING ? 0 : r; /* it made room for another meanwhile */
    }
    freeReplyObject(reply);
    return r;
}

/* ---- a step ---- */

int store_retries_running(struct store *s, unsigned first, unsigned n, int64_t *ret)
{
    struct store_item items[RETRY_PARTITIONS_MAX];
    int r;

    store_items_init(items, n);
    for (unsigned i = 0; i < n; i++) {
        redis_arg_text(&items[i].command, "ZCARD");
        redis_arg_key(&items[i].command, &s->keys, first + i, KEY_RETRIES, SPAN(""));
    }
    r = store_call_all(s, items, n);
    for (unsigned i = 0; i < n && !r; i++)
        if (!redis_reply_i64(items[i].reply, &ret[i]))
            r = store_unexpected(s, items[i].reply);
    store_items_fini(items, n);
    return r;
}

int store_retry_take(struct store *s, unsigned partition, int64_t lease_ms, struct retry_job *ret)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    const redisReply *fields = NULL;
    struct span id;
    int r;

    redis_command_init(&cmd);
    move_retries_take(&cmd, keys_head(&s->keys, partition), lease_ms);
    r = store_retry_run(s, &cmd, &reply);
    r = r ? r : store_retry_result(s, reply, move_retries_parse_taken(&id, &fields, reply));
    r = r ? r : read_job(fields, id, ret);
    freeReplyObject(reply);
    return r;
}

struct step {
    const struct retry_job *job;
    struct delivery_filter filter;
    char (*ids)[ID_SIZE]; /* room for @most */
    unsigned n, most, looked;
    struct delivery_cursor last;
    bool has_more;
};

/* What ended after the job was made is not its business: the script says so, too. */
static bool is_wanted(const struct step *step, const struct delivery_record *d)
{
    return delivery_filter_fits(&step->filter, d) &&
           retry_job_wants(step->job, delivery_status(d)) && delivery_is_final(d) &&
           delivery_last(d)->ms < step->job->made_ms;
}

static int store_retry_look(void *arg, const struct listed_delivery *d)
{
    struct step *step = arg;

    if (d->cursor.ms < step->job->from_ms)
        return LIST_ENOUGH;
    if (step->n == step->most || step->looked == LOOKED_PER_STEP) {
        step->has_more = true;
        return LIST_ENOUGH;
    }
    step->looked++;
    step->last = d->cursor;
    if (is_wanted(step, &d->record))
        memcpy(step->ids[step->n++], d->record.id, ID_SIZE);
    return 0;
}

static struct delivery_cursor place_of(const struct retry_job *job)
{
    struct delivery_cursor at;
    int64_t to_ms = job->to_ms && job->to_ms < job->made_ms ? job->to_ms : job->made_ms;

    return *job->place && !delivery_cursor_parse(&at, job->place) ? at
                                                                  : delivery_cursor_before(to_ms);
}

static int save(struct store *s, const struct step *step, int64_t pause_ms, int64_t *ret_took_ms)
{
    const struct retry_job *job = step->job;
    int64_t begun_ms = clock_mono_ms();
    redisReply *reply = NULL;
    struct redis_command cmd;
    char place[sizeof(job->place)];
    int r;

    (void)snprintf(place, sizeof(place), "%" PRId64 ".%s", step->last.ms, step->last.id);
    redis_command_init(&cmd);
    move_retries_step(&cmd, store_head(s, span_of(job->tenant)),
                      &(struct retries_step){.id = job->id,
                                             .from = job->place,
                                             .to = step->looked ? place : job->place,
                                             .is_last = !step->has_more,
                                             .looked = step->looked,
                                             .delay_ms = DELIVERY_RETRY_DELAY_MS,
                                             .pause_ms = pause_ms});
    for (unsigned i = 0; i < step->n; i++)
        redis_arg_text(&cmd, step->ids[i]);
    r = store_retry_run(s, &cmd, &reply);
    freeReplyObject(reply);
    *ret_took_ms = clock_mono_ms() - begun_ms;
    return r;
}

int store_retry_step(struct store *s, const struct retry_job *job, unsigned most, int64_t pause_ms,
                     int64_t *ret_took_ms)
{
    char ids[RETRY_STEP_MAX][ID_SIZE];
    struct step step = {.job = job,
                        .filter = {.endpoint = span_of(job->endpoint),
                                   .type = span_of(job->type),
                                   .event = span_of(job->event)},
                        .ids = ids,
                        .most = MIN(most, (unsigned)RETRY_STEP_MAX)};
    struct delivery_cursor at = place_of(job);
    int r = store_delivery_records(s, span_of(job->tenant), &at, store_retry_look, &step);

    return r ? r : save(s, &step, pause_ms, ret_took_ms);
}
