/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"
#include "admin/store/store.h"
#include "admin/tenant/endpoint_spec.h"
#include "admin/tenant/store_endpoint.h"
#include "admin/tenant/store_tenant.h"
#include "common/model/event.h"
#include "common/model/record.h"
#include "common/moves/scripts.h"
#include "receiver.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum {
    EVENTS_MAX = 12,
    LIMIT = 6, /* of the tenant that has one */
    LIMIT_WINDOW_US = 60000000,
    LEASE_MS = 30000,
    SPREAD_US = 30000000, /* in which events are published */
};

static const char *const tenants[] = {"limited", "free"};
static const struct endpoint_spec endpoints[] = {
    {.tenant = "limited",
     .url = "http://127.0.0.1:9/limited",
     .has_slots = true,
     .slots = 2,
     .parts = {[POLICY_schedule] = "5s,20s,60s", [POLICY_retries] = "3", [POLICY_timeout] = "30s"}},
    {.tenant = "free",
     .url = "http://127.0.0.1:9/one",
     .has_slots = true,
     .slots = 1,
     .parts = {[POLICY_schedule] = "2s,10s", [POLICY_retries] = "2", [POLICY_timeout] = "20s"}},
    {.tenant = "free", .url = "http://127.0.0.1:9/two", .parts = {[POLICY_retries] = "0"}},
};

struct published {
    int64_t at_us;
    const char *tenant;
    char id[80]; /* in the stream; "": not accepted yet */
};

static struct {
    struct settings settings;
    struct store store;
    bool is_open;
    struct published events[EVENTS_MAX];
    unsigned n_events;
    unsigned n_wrong, n_deliveries;
    int64_t swept_us;
} world;

/* ---- words ---- */

void world_demand(bool is_true, const char *format, ...)
{
    va_list args;

    if (is_true)
        return;
    world.n_wrong++;
    va_start(args, format);
    (void)fputs("wrong: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
}

unsigned world_n_wrong(void)
{
    return world.n_wrong;
}

unsigned world_n_deliveries(void)
{
    return world.n_deliveries;
}

/* ---- the installation ---- */

static char arguments[][300] = {
    "sim",
    "--redis-url=unix://",
    "--partitions=2",
    "--egress-allow=127.0.0.0/8",
    "--log-level=error",
    "--heartbeat=10s",
    "--lease=30s",
};
static char worker_arguments[][20] = {"--slots=4", "--drain=60s"};
enum { COMMON_ARGUMENTS = 5 }; /* those that all programs know */

int world_arguments(const struct process *p, char **ret, int max)
{
    int n = 0;

    assert(max >= (int)(ARRAY_LEN(arguments) + ARRAY_LEN(worker_arguments)));
    for (size_t i = 0; i < ARRAY_LEN(arguments); i++)
        ret[n++] = arguments[i];
    for (size_t i = 0; i < ARRAY_LEN(worker_arguments) && p->is_worker; i++)
        ret[n++] = worker_arguments[i];
    return n;
}

static void read_settings(void)
{
    char *argv[COMMON_ARGUMENTS + 1] = {NULL};

    (void)snprintf(arguments[1], sizeof(arguments[1]), "--redis-url=unix://%s",
                   getenv("SIM_REDIS"));
    for (int i = 0; i < COMMON_ARGUMENTS; i++)
        argv[i] = arguments[i];
    assert(!settings_parse_argv(&world.settings, SCOPE_CLI, COMMON_ARGUMENTS, argv, ""));
}

static void open_store(void)
{
    if (world.is_open)
        store_close(&world.store);
    else
        read_settings();
    world.is_open = true;
    if (store_open(&world.store, &world.settings, NULL)) {
        (void)fprintf(stderr, "%s\n", world.store.words.text);
        abort();
    }
}

static void add_tenant(const char *id)
{
    struct tenant *t = NULL;

    assert(!tenant_new(&t, span_of(id)));
    t->exists = true;
    t->name = strdup("");
    t->domain = strdup("");
    t->webhook = strdup("");
    t->limit = strcmp(id, "limited") == 0 ? LIMIT : 0;
    t->may_be_plain = true;
    assert(!store_tenant_put(&world.store, t, SPAN("")));
    tenant_unref(t);
}

static void add_endpoint(const struct endpoint_spec *wanted)
{
    struct endpoint_spec spec = *wanted;
    struct endpoint_rules rules;
    struct made_secret made;
    struct endpoint *e = NULL;
    struct tenant *t = NULL;
    struct diag diag = {""};
    int r = endpoint_rules_init(&rules, &world.store, &diag);

    spec.dialect = dialect_find(SPAN("standard"));
    spec.events = "*";
    r = r ? r : store_tenant_get(&world.store, span_of(spec.tenant), &t, NULL);
    r = r ? r
          : endpoint_spec_make(&e, &spec, t, world.store.keys.partitions, &rules,
                               sim_wall_us() / 1000, &made, &diag);
    r = r ? r : store_endpoint_put(&world.store, e, SPAN(""));
    if (r) {
        (void)fprintf(stderr, "%s %s\n", diag.text, world.store.words.text);
        abort();
    }
    (void)endpoint_free(e);
    tenant_unref(t);
}

static void draw_events(void)
{
    world.n_events = 3 + (unsigned)sim_below(EVENTS_MAX - 3);
    for (unsigned i = 0; i < world.n_events; i++)
        world.events[i] = (struct published){.at_us = sim.now_us + (int64_t)sim_below(SPREAD_US),
                                             .tenant = tenants[sim_below(ARRAY_LEN(tenants))]};
}

void world_begin(void)
{
    freeReplyObject(sim_redis_command("FLUSHALL"));
    freeReplyObject(sim_redis_command("PING")); /* the virtual clock is there */
    sim_scripts_init();
    open_store();
    for (unsigned i = 0; i < ARRAY_LEN(tenants); i++)
        add_tenant(tenants[i]);
    for (unsigned i = 0; i < ARRAY_LEN(endpoints); i++)
        add_endpoint(&endpoints[i]);
    receiver.n_seen = 0;
    receiver.fails_one_in = (unsigned)sim_below(4);
    world.n_wrong = world.n_deliveries = 0;
    world.swept_us = 0;
    draw_events();
    (void)sim_add("worker1", true);
    (void)sim_add("worker2", true);
    (void)sim_add("scheduler1", false);
    (void)sim_add("scheduler2", false);
    for (unsigned i = 0; i < sim.n_processes; i++)
        sim.processes[i].wakes_us = sim.now_us + (int64_t)sim_below(1000000);
}

/* ---- events ---- */

int64_t world_next_us(void)
{
    int64_t next_us = INT64_MAX;

    for (unsigned i = 0; i < world.n_events; i++)
        if (!world.events[i].id[0])
            next_us = MIN(next_us, world.events[i].at_us);
    return next_us;
}

static const char *head_of(const char *tenant)
{
    return keys_head(&world.store.keys, store_partition(&world.store, span_of(tenant)));
}

static void publish(struct published *p)
{
    redisReply *reply = sim_redis_command(
        "EVALSHA %s 1 %s key-%d 86400000 %s tenant %s type thing.done data {}", script_publish.sha1,
        head_of(p->tenant), (int)(p - world.events), p->tenant, p->tenant);

    if (redis_reply_is_error(reply, "NOSCRIPT")) {
        freeReplyObject(reply);
        freeReplyObject(sim_redis_command("SCRIPT LOAD %s", script_publish.source));
        publish(p);
        return;
    }
    assert(reply->elements >= 2);
    (void)snprintf(p->id, sizeof(p->id), "%s", reply->element[1]->str);
    sim_trace("%s accepted for %s", p->id, p->tenant);
    sim_redis_changed();
    freeReplyObject(reply);
}

/* Redis' own clock does not end what the virtual one would have ended. */
static void end_old_keys(void)
{
    if (sim.now_us - world.swept_us < 5000000)
        return;
    world.swept_us = sim.now_us;
    for (unsigned p = 0; p < world.store.keys.partitions; p++) {
        const char *head = keys_head(&world.store.keys, p);
        redisReply *from = sim_redis_command("GET %sjudge_from", head);

        if (from->type == REDIS_REPLY_STRING &&
            strtoll(from->str, NULL, 10) + LEASE_MS < sim_wall_us() / 1000)
            freeReplyObject(sim_redis_command("DEL %sjudge_from", head));
        freeReplyObject(from);
    }
}

void world_tick(void)
{
    for (unsigned i = 0; i < world.n_events; i++)
        if (!world.events[i].id[0] && world.events[i].at_us <= sim.now_us)
            publish(&world.events[i]);
    end_old_keys();
}

/* ---- at any moment ---- */

extern const char *const sim_texts[]; /* check.lua */

/* How many are on their way in a partition. */
static int64_t check_partition(unsigned partition)
{
    redisReply *reply =
        sim_redis_command("EVAL %s 1 %s", sim_texts[0], keys_head(&world.store.keys, partition));
    int64_t n;

    if (reply->type != REDIS_REPLY_ARRAY) {
        (void)fprintf(stderr, "check.lua: %s\n", reply->str);
        abort();
    }
    n = reply->element[0]->integer;
    for (size_t i = 1; i < reply->elements; i++)
        world_demand(false, "%s", reply->element[i]->str);
    freeReplyObject(reply);
    return n;
}

void world_check(void)
{
    for (unsigned p = 0; p < world.store.keys.partitions; p++)
        (void)check_partition(p);
}

static int64_t fanned_out(const char *head)
{
    redisReply *reply = sim_redis_command("HLEN %sevent_refs", head);
    int64_t n = reply->integer;

    freeReplyObject(reply);
    return n;
}

bool world_is_done(void)
{
    int64_t n_fanned_out = 0, n_on_way = 0;

    if (world_next_us() != INT64_MAX)
        return false;
    for (unsigned p = 0; p < world.store.keys.partitions; p++) {
        n_fanned_out += fanned_out(keys_head(&world.store.keys, p));
        n_on_way += check_partition(p);
    }
    return n_fanned_out == world.n_events && n_on_way == 0;
}

/* ---- in the end ---- */

/* What a record says of its delivery. */
struct told {
    const char *id;
    char event[80];
    unsigned n_finals, n_attempts, n_lost, n_succeeded;
    bool is_success;
    int64_t due_ms; /* of the last retry */
};

static void read_record(struct told *t, const redisReply *bytes)
{
    struct record_reader *reader;
    struct record_entry e;

    assert(!record_open(&reader, (struct span){bytes->str, bytes->len}));
    while (!record_next(reader, &e)) {
        if (e.kind == RECORD_CREATED)
            (void)snprintf(t->event, sizeof(t->event), "%.*s", (int)e.event.len, e.event.data);
        t->n_attempts += e.kind == RECORD_ATTEMPT;
        t->n_succeeded += e.kind == RECORD_ATTEMPT && e.status == 200;
        t->n_lost += e.kind == RECORD_LOST;
        t->n_finals += e.kind == RECORD_FINAL;
        if (e.kind == RECORD_FINAL)
            t->is_success = span_equal(e.final, SPAN("success"));
    }
    (void)record_close(reader);
}

/* Sent as often as the record says, and answered as it says. */
static void judge_delivery(const struct told *t)
{
    unsigned n_seen = 0, n_good = 0;

    for (unsigned i = 0; i < receiver.n_seen; i++) {
        const struct seen *seen = &receiver.seen[i];

        if (strcmp(seen->delivery, t->id) != 0)
            continue;
        n_seen++;
        n_good += seen->status == 200;
    }
    world_demand(t->n_finals == 1, "%s has ended %u times", t->id, t->n_finals);
    world_demand(n_seen >= t->n_attempts, "%s: %u attempts are recorded, %u were seen", t->id,
                 t->n_attempts, n_seen);
    world_demand(n_seen <= t->n_attempts + t->n_lost,
                 "%s: %u were seen, %u attempts and %u losses are recorded", t->id, n_seen,
                 t->n_attempts, t->n_lost);
    world_demand(t->n_succeeded == (t->is_success ? 1 : 0), "%s: %u attempts succeeded", t->id,
                 t->n_succeeded);
    world_demand(!t->is_success || n_good > 0, "%s: success is recorded and was never answered",
                 t->id);
}

static void count_event(const char *event, unsigned counts[EVENTS_MAX])
{
    for (unsigned i = 0; i < world.n_events; i++)
        if (strcmp(world.events[i].id, event) == 0) {
            counts[i]++;
            return;
        }
    world_demand(false, "a delivery of %s, which nobody published", event);
}

/* Each event once for each endpoint of its tenant. (Ids of a stream are of one partition, and the tenants' differ:
 * see world_begin().) */
static void judge_events(const unsigned counts[EVENTS_MAX])
{
    for (unsigned i = 0; i < world.n_events; i++) {
        unsigned wanted = strcmp(world.events[i].tenant, "limited") == 0 ? 1 : 2;

        world_demand(counts[i] == wanted, "%s of %s has %u deliveries", world.events[i].id,
                     world.events[i].tenant, counts[i]);
    }
}

/* No more requests than its limit in any 60 s. */
static void judge_limit(void)
{
    int64_t times[SEEN_MAX];
    redisReply *index = sim_redis_command("ZRANGE %sindex:limited 0 -1", head_of("limited"));
    unsigned n = 0;

    for (unsigned i = 0; i < receiver.n_seen; i++)
        for (size_t k = 0; k < index->elements; k++)
            if (strcmp(index->element[k]->str, receiver.seen[i].delivery) == 0)
                times[n++] = receiver.seen[i].at_us;
    for (unsigned i = LIMIT; i < n; i++)
        world_demand(times[i] - times[i - LIMIT] >= LIMIT_WINDOW_US, "%d requests in %lld us",
                     LIMIT + 1, (long long)(times[i] - times[i - LIMIT]));
    freeReplyObject(index);
}

void world_judge(void)
{
    unsigned counts[EVENTS_MAX] = {0};

    for (unsigned i = 0; i < ARRAY_LEN(tenants); i++) {
        redisReply *index =
            sim_redis_command("ZRANGE %sindex:%s 0 -1", head_of(tenants[i]), tenants[i]);

        for (size_t k = 0; k < index->elements; k++) {
            struct told t = {.id = index->element[k]->str};
            redisReply *bytes = sim_redis_command("GET %sdelivery:%s", head_of(tenants[i]), t.id);

            read_record(&t, bytes);
            judge_delivery(&t);
            count_event(t.event, counts);
            world.n_deliveries++;
            freeReplyObject(bytes);
        }
        freeReplyObject(index);
    }
    judge_events(counts);
    judge_limit();
}

static void demand_empty(const char *head, const char *name, const char *command)
{
    redisReply *reply = sim_redis_command("%s %s%s", command, head, name);

    world_demand(reply->type == REDIS_REPLY_INTEGER && reply->integer == 0, "%s%s holds %lld", head,
                 name, (long long)reply->integer);
    freeReplyObject(reply);
}

void world_judge_end(void)
{
    for (unsigned p = 0; p < world.store.keys.partitions; p++) {
        const char *head = keys_head(&world.store.keys, p);

        demand_empty(head, "jobs", "XLEN");
        demand_empty(head, "failed", "XLEN");
        demand_empty(head, "delayed", "ZCARD");
        demand_empty(head, "capped", "SCARD");
        demand_empty(head, "rejected", "XLEN");
    }
}
