/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c: see worker.h. Start and end are a member's (common/program/member.h); in between it claims.
 *
 * Drain: claim no more → requests in flight end, all is settled → leave → close.
 * When the drain's deadline passes, requests are cancelled and handed back; when Redis cannot be
 * reached even then, we go without a word, and others take over when our lease has run out. */
#include "worker/worker.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/moves/scripts.h"
#include "common/runtime/metrics.h"
#include "worker/target.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { TENANTS_CACHED_MAX = 100000, GIVE_UP_MS = 3000 };

static struct worker *worker_of(struct member *member)
{
    return container_of(member, struct worker, member);
}

/* ---- jobs ---- */

static unsigned free_slots(void *arg)
{
    const struct worker *w = arg;
    unsigned slots = (unsigned)w->member.service.settings.slots;

    return w->n_deliveries < slots ? slots - w->n_deliveries : 0;
}

static bool is_in_flight(const struct worker *w, unsigned partition, const redisReply *entry)
{
    struct span id;

    if (!redis_reply_span(redis_reply_at(entry, 0), &id))
        return true; /* it cannot be named, so it cannot be dealt with */
    list_for_each (node, &w->deliveries) {
        const struct delivery *d = list_entry(node, struct delivery, link);

        if (d->partition == partition && span_equal(span_of(d->entry), id))
            return true;
    }
    return false;
}

/* A job is ours: give it a slot. What cannot go on is settled at once. */
static void take_job(struct worker *w, unsigned partition, const redisReply *entry,
                     enum claimed claimed, struct list *ret_ready)
{
    struct delivery *d = NULL;
    int r = delivery_new(&d, &w->delivery, partition, entry);

    if (!d) {
        log_error("a job cannot be taken", LOG_ERR(r)); /* it stays pending; see is_history */
        return;
    }
    list_push_back(&w->deliveries, &d->link);
    w->n_deliveries++;
    if (r)
        delivery_refuse(d);
    else if (claimed == CLAIMED_BEFORE)
        delivery_lose(d);
    else if (w->member.is_stopping)
        delivery_hand_back(d);
    else if (!delivery_lapse(d)) /* before its event's body is asked for */
        list_push_back(ret_ready, &d->wait);
}

static void on_jobs(void *arg, unsigned partition, const redisReply *entries, enum claimed claimed)
{
    struct worker *w = arg;
    struct list ready;

    list_init(&ready);
    for (size_t i = 0; i < entries->elements; i++)
        if (claimed != CLAIMED_AGAIN || !is_in_flight(w, partition, entries->element[i]))
            take_job(w, partition, entries->element[i], claimed, &ready);
    if (!list_is_empty(&ready))
        load_start(&w->load, partition, &ready);
}

/* ---- close ---- */

static void on_give_up_closed(void *arg)
{
    struct worker *w = arg;

    member_part_closed(&w->member);
}

static void worker_close_parts(struct member *m)
{
    struct worker *w = worker_of(m);

    claim_close(&w->claim, member_part_closed, m);
    tally_close(&w->tally, member_part_closed, m);
    timer_close(&w->give_up, on_give_up_closed);
    for (unsigned p = 0; p < m->keys.partitions; p++)
        settler_close(&w->settlers[p], member_part_closed, m);
    w->config_cache =
        config_cache_free(w->config_cache); /* its targets belong to the destinations */
    destinations_close(&w->destinations, &m->service.loop, member_part_closed, m);
}

static unsigned worker_count_parts(const struct worker *w)
{
    return 4 + w->member.keys.partitions;
}

static void leave_when_done(struct worker *w)
{
    if (w->is_claim_stopped && w->n_deliveries == 0)
        member_leave(&w->member);
}

static void on_claim_stopped(void *arg)
{
    struct worker *w = arg;

    w->is_claim_stopped = true;
    leave_when_done(w);
}

static void worker_on_delivery_gone(void *arg)
{
    struct worker *w = arg;

    w->n_deliveries--;
    if (w->member.is_stopping)
        leave_when_done(w);
    else
        claim_wake(&w->claim);
}

static void worker_drain(struct member *m)
{
    struct worker *w = worker_of(m);

    log_info("draining", LOG_INT("in_flight", w->n_deliveries));
    claim_stop(&w->claim);
}

static void give_up(void *arg)
{
    struct worker *w = arg;

    log_warn("going without settling: Redis cannot be reached",
             LOG_INT("in_flight", w->n_deliveries));
    _exit(1); /* what is left is pending in Redis; nothing of ours needs an orderly end */
}

static void worker_abandon(struct member *m)
{
    struct worker *w = worker_of(m);

    timer_start(&w->give_up, GIVE_UP_MS);
    list_for_each_safe (node, &w->deliveries)
        delivery_give_up(list_entry(node, struct delivery, link));
}

/* ---- start ---- */

static void worker_on_ready(struct member *m)
{
    struct worker *w = worker_of(m);

    log_info("worker ready", LOG_TEXT("name", w->member.service.name),
             LOG_INT("slots", w->member.service.settings.slots));
    tally_start(&w->tally);
    claim_wake(&w->claim);
}

/* Each attempt's record says of a fault too; here it is for those who run the worker. */
static void worker_note_fault(const struct endpoint *e, const struct target *target)
{
    static struct log_limit limit;
    uint64_t held;

    if (!target->why.text[0] || (target->fault && target->fault != OUTCOME_UNKNOWN_ERROR))
        return;
    if (log_limit_pass(&limit, 60000, &held))
        log_error(target->fault ? "an endpoint cannot be called" : "an older secret does not sign",
                  LOG_TEXT("tenant", e->tenant), LOG_TEXT("endpoint", e->id),
                  LOG_TEXT("reason", target->why.text), LOG_INT("held", held));
}

static void attach(struct endpoint *e, const struct tenant *t, void *arg)
{
    struct worker *w = arg;
    struct target *target = target_new(&w->destinations, &w->member.master_key, &w->egress, e, t);

    if (target)
        worker_note_fault(e, target);
    e->attached = target;
}

static void detach(struct endpoint *e)
{
    e->attached = target_free(e->attached);
}

/* ---- health and metrics ---- */

static void worker_collect(struct member *m)
{
    const struct worker *w = worker_of(m);
    struct destination_stats stats = destinations_stats(&w->destinations);

    metric_set(METRIC_requests_in_flight, 0, stats.in_flight);
    metric_set(METRIC_endpoint_connections_total, 0, (int64_t)stats.connects);
    metric_set(METRIC_slots, 0, w->member.service.settings.slots);
    metric_set(METRIC_slots_taken, 0, w->n_deliveries);
}

/* ---- parts ---- */

static int init_claim(struct worker *w)
{
    struct claim_options o = {
        .loop = &w->member.service.loop,
        .redis = w->member.reader,
        .other = w->member.redis,
        .keys = &w->member.keys,
        .name = w->member.service.name,
        .batch = w->member.service.settings.claim_batch,
        .slots = (unsigned)w->member.service.settings.slots,
        .free_slots = free_slots,
        .on_jobs = on_jobs,
        .on_stopped = on_claim_stopped,
        .arg = w,
    };

    return claim_init(&w->claim, &o);
}

static int worker_open_destinations(struct worker *w, struct diag *diag)
{
    const struct destination_setup setup = {.loop = &w->member.service.loop,
                                            .settings = &w->member.service.settings,
                                            .egress = &w->egress,
                                            .master_key = &w->member.master_key};

    return destinations_open(&w->destinations, &setup, diag);
}

/* What deliveries and their loads are lent. */
static void worker_init_setups(struct worker *w)
{
    const struct settings *s = &w->member.service.settings;

    w->delivery = (struct delivery_setup){
        .config_cache = w->config_cache,
        .settlers = w->settlers,
        .tally = &w->tally,
        .clock = &w->member.heartbeat.clock,
        .worker = w->member.service.name,
        .source_service = s->source_service,
        .source_environment = s->source_environment,
        .permit_ms = w->limits.permit_ms,
        .gone = worker_on_delivery_gone,
        .arg = w,
    };
    w->load = (struct load_setup){
        .loop = &w->member.service.loop,
        .redis = w->member.redis,
        .command = &w->command,
        .keys = &w->member.keys,
        .config_cache = w->config_cache,
    };
}

static int init_parts(struct worker *w)
{
    struct config_cache_options config_cache = {
        .redis = w->member.redis,
        .keys = &w->member.keys,
        .tenants_max = TENANTS_CACHED_MAX,
        .attach = attach,
        .detach = detach,
        .arg = w,
    };
    int r = config_cache_new(&w->config_cache, &config_cache);

    w->settlers = calloc(w->member.keys.partitions, sizeof(*w->settlers));
    if (r || !w->settlers)
        return err_origin(-ENOMEM);
    worker_init_setups(w);
    for (unsigned p = 0; p < w->member.keys.partitions && !r; p++)
        r = settler_init(&w->settlers[p], &w->member.service.loop, w->member.redis,
                         keys_head(&w->member.keys, p), &w->limits,
                         w->member.service.settings.settle_delay);
    r = r ? r : timer_init(&w->give_up, &w->member.service.loop, give_up, w);
    r = r ? r
          : tally_init(&w->tally, &w->member.service.loop, w->member.redis, &w->member.keys,
                       w->member.service.settings.alert_period);
    return r ? r : init_claim(w);
}

static int worker_read_settings(struct member *m, struct diag *diag)
{
    const struct settings *s = &m->service.settings;
    struct worker *w = worker_of(m);

    w->limits = (struct settle_limits){.tenant_limit = s->tenant_limit,
                                       .permit_ms = s->permit,
                                       .endpoint_slots = s->endpoint_slots,
                                       .retention_count = s->retention_count};
    return egress_policy_parse(&w->egress, s->egress_allow, s->egress_ports, diag);
}

int worker_start(struct worker *w, int argc, char **argv)
{
    static const struct member_ops ops = {
        .program = "grapnel-worker",
        .about =
            "Claims jobs, signs them, POSTs them to their endpoints, writes the outcomes back.",
        .scope = SCOPE_WORKER,
        .kind = "worker",
        .taking = "claiming",
        .group = GROUP_WORKERS,
        .streams = {KEY_JOBS},
        .needs_master_key = true,
        .read_settings = worker_read_settings,
        .on_ready = worker_on_ready,
        .drain = worker_drain,
        .abandon = worker_abandon,
        .close_parts = worker_close_parts,
        .collect = worker_collect,
    };
    struct diag diag = {""};
    int status = member_init(&w->member, &ops, argc, argv), r;

    if (status)
        return status;
    list_init(&w->deliveries);
    redis_command_init(&w->command);
    r = worker_open_destinations(w, &diag);
    r = r ? r : init_parts(w);
    r = r ? r : member_open(&w->member, worker_count_parts(w), &diag);
    return r ? member_refuse(r, &diag) : 0;
}

int worker_end(struct worker *w)
{
    redis_command_fini(&w->command);
    free(w->settlers);
    return member_end(&w->member);
}

int worker_main(int argc, char **argv)
{
    static struct worker w;
    int status = worker_start(&w, argc, argv);

    if (status)
        return status;
    status = service_run(&w.member.service) ? 1 : 0;
    return worker_end(&w) || status ? 1 : 0;
}
