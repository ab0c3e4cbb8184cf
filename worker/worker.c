/* worker.c: see worker.h.
 *
 * Start: connect → check the installation → heartbeat in all partitions → claim.
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

static struct worker *worker_of(struct service *service)
{
    return container_of(service, struct worker, service);
}

/* ---- jobs ---- */

static unsigned free_slots(void *arg)
{
    const struct worker *w = arg;
    unsigned slots = (unsigned)w->service.settings.slots;

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
    else if (w->is_stopping)
        delivery_hand_back(d);
    else
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

static void worker_on_redis_closed(void *arg)
{
    struct worker *w = arg;

    if (--w->n_closing == 0)
        service_close(&w->service);
}

static void worker_on_part_closed(void *arg)
{
    struct worker *w = arg;

    if (--w->n_closing > 0)
        return;
    w->n_closing = 2;
    redis_client_close(w->redis, worker_on_redis_closed, w);
    redis_client_close(w->reader, worker_on_redis_closed, w);
}

static void worker_close_parts(struct worker *w)
{
    w->n_closing = 4 + w->keys.partitions + w->is_checked + (w->health != NULL);
    if (w->health)
        health_close(w->health, worker_on_part_closed, w);
    if (w->is_checked) /* else there is no heartbeat yet */
        heartbeat_close(&w->heartbeat, worker_on_part_closed, w);
    claim_close(&w->claim, worker_on_part_closed, w);
    tally_close(&w->tally, worker_on_part_closed, w);
    timer_close(&w->give_up, worker_on_part_closed);
    for (unsigned p = 0; p < w->keys.partitions; p++)
        settler_close(&w->settlers[p], worker_on_part_closed, w);
    w->directory = directory_free(w->directory); /* its targets belong to the destinations */
    destinations_close(&w->destinations, &w->service.loop, worker_on_part_closed, w);
}

static void worker_on_left(struct redis_request *request, int result, redisReply *reply)
{
    struct worker *w = request->arg;

    (void)result; /* if it failed, the lease runs out instead */
    (void)reply;
    if (--w->n_closing == 0)
        worker_close_parts(w);
}

static void worker_leave(struct worker *w, unsigned partition)
{
    redis_script_begin(&w->command, &script_leave, 1);
    redis_arg_text(&w->command, keys_head(&w->keys, partition));
    redis_arg_text(&w->command, w->heartbeat.member);
    redis_arg_text(&w->command, w->service.name);
    redis_arg_text(&w->command, GROUP_WORKERS);
    redis_arg_text(&w->command, KEY_JOBS);
    redis_run(w->redis, &w->leaves[partition], &script_leave, &w->command, 0, worker_on_left, w);
}

static void leave_when_done(struct worker *w)
{
    if (!w->is_claim_stopped || w->n_deliveries > 0)
        return;
    w->n_closing = w->keys.partitions;
    for (unsigned p = 0; p < w->keys.partitions; p++)
        worker_leave(w, p);
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
    if (w->is_stopping)
        leave_when_done(w);
    else
        claim_wake(&w->claim);
}

static void worker_drain(struct service *service)
{
    struct worker *w = worker_of(service);

    log_info("draining", LOG_INT("in_flight", w->n_deliveries));
    w->is_stopping = true;
    if (w->is_checked)
        claim_stop(&w->claim);
    else
        worker_close_parts(w);
}

static void give_up(void *arg)
{
    struct worker *w = arg;

    log_warn("going without settling: Redis cannot be reached",
             LOG_INT("in_flight", w->n_deliveries));
    _exit(1); /* what is left is pending in Redis; nothing of ours needs an orderly end */
}

static void worker_abandon(struct service *service)
{
    struct worker *w = worker_of(service);

    timer_start(&w->give_up, GIVE_UP_MS);
    list_for_each_safe (node, &w->deliveries)
        delivery_give_up(list_entry(node, struct delivery, link));
}

/* ---- start ---- */

static void worker_on_ready(void *arg)
{
    struct worker *w = arg;

    if (w->is_stopping)
        return;
    log_info("worker ready", LOG_TEXT("name", w->service.name),
             LOG_INT("slots", w->service.settings.slots));
    tally_start(&w->tally);
    claim_wake(&w->claim);
}

static void worker_check(struct worker *w);

static void worker_on_beat(void *arg, const struct beat *beat)
{
    if (beat->partition == 0) /* written again if Redis was emptied, as others need it */
        worker_check(arg);
}

static void worker_start_parts(struct worker *w)
{
    struct heartbeat_options o = {
        .redis = w->redis,
        .keys = &w->keys,
        .kind = "worker",
        .name = w->service.name,
        .slots = (unsigned)w->service.settings.slots,
        .every_ms = w->service.settings.heartbeat,
        .lease_ms = w->service.settings.lease,
        .on_beat = worker_on_beat,
        .on_ready = worker_on_ready,
        .arg = w,
    };
    int r = heartbeat_start(&w->heartbeat, &w->service.loop, &o);

    if (r) {
        log_error("cannot start", LOG_ERR(r));
        w->failed = true;
        service_stop(&w->service);
        return;
    }
    w->is_checked = true;
}

static void worker_on_checked(struct installation_check *check, int result, const struct diag *diag)
{
    struct worker *w = container_of(check, struct worker, check);

    w->is_checking = false;
    if (w->is_stopping)
        return;
    if (result == -EINVAL) {
        log_error("this program is configured otherwise than the installation",
                  LOG_TEXT("reason", diag->text));
        w->failed = true;
        service_stop(&w->service);
    } else if (w->is_checked) {
        return; /* we only looked again */
    } else if (result) {
        redis_client_reset(w->redis); /* connects anew after a while, and we check again */
    } else {
        worker_start_parts(w);
    }
}

static void worker_check(struct worker *w)
{
    if (w->is_checking || w->is_stopping)
        return;
    w->is_checking = true;
    installation_check_start(&w->check, w->redis, &w->keys, &w->master_key, worker_on_checked, w);
}

static void worker_on_redis(void *arg, bool is_connected)
{
    if (is_connected)
        worker_check(arg);
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
    struct target *target = target_new(&w->destinations, &w->master_key, &w->egress, e, t);

    if (target)
        worker_note_fault(e, target);
    e->attached = target;
}

static void detach(struct endpoint *e)
{
    e->attached = target_free(e->attached);
}

/* ---- health and metrics ---- */

static unsigned worker_checks(void *arg, struct health_check ret[HEALTH_CHECKS_MAX])
{
    const struct worker *w = arg;

    ret[0] = (struct health_check){"redis", redis_client_is_connected(w->redis) &&
                                                redis_client_is_connected(w->reader)};
    ret[1] = (struct health_check){"installation", w->is_checked};
    ret[2] = (struct health_check){"claiming", w->is_checked && !w->is_stopping};
    return 3;
}

static void worker_collect(void *arg)
{
    const struct worker *w = arg;
    struct destination_stats stats = destinations_stats(&w->destinations);

    metric_set(METRIC_requests_in_flight, 0, stats.in_flight);
    metric_set(METRIC_endpoint_connections_total, 0, (int64_t)stats.connects);
    metric_set(METRIC_slots, 0, w->service.settings.slots);
    metric_set(METRIC_slots_taken, 0, w->n_deliveries);
    metric_set(METRIC_redis_connected, 0, redis_client_is_connected(w->redis));
}

static int worker_init_health(struct worker *w, struct diag *diag)
{
    const struct health_options o = {.checks = worker_checks, .collect = worker_collect, .arg = w};

    return health_new(&w->health, &w->service.loop, w->service.settings.listen, &o, diag);
}

/* ---- parts ---- */

static int worker_start_clients(struct worker *w)
{
    struct redis_client_options o = {
        .address = &w->service.redis,
        .connect_ms = w->service.settings.redis_timeout,
        .deadline_ms = w->service.settings.redis_timeout,
        .name = "grapnel-worker",
    };
    int r = redis_client_new(&w->reader, &w->service.loop, &o);

    if (r)
        return r;
    o.on_state = worker_on_redis;
    o.arg = w;
    return redis_client_new(&w->redis, &w->service.loop, &o);
}

static int init_claim(struct worker *w)
{
    struct claim_options o = {
        .loop = &w->service.loop,
        .redis = w->reader,
        .other = w->redis,
        .keys = &w->keys,
        .name = w->service.name,
        .batch = w->service.settings.claim_batch,
        .slots = (unsigned)w->service.settings.slots,
        .free_slots = free_slots,
        .on_jobs = on_jobs,
        .on_stopped = on_claim_stopped,
        .arg = w,
    };

    return claim_init(&w->claim, &o);
}

static int worker_open_destinations(struct worker *w, struct diag *diag)
{
    const struct destination_setup setup = {.loop = &w->service.loop,
                                            .settings = &w->service.settings,
                                            .egress = &w->egress,
                                            .master_key = &w->master_key};

    return destinations_open(&w->destinations, &setup, diag);
}

/* What deliveries and their loads are lent. */
static void worker_init_setups(struct worker *w)
{
    const struct settings *s = &w->service.settings;

    w->delivery = (struct delivery_setup){
        .directory = w->directory,
        .settlers = w->settlers,
        .tally = &w->tally,
        .clock = &w->heartbeat.clock,
        .worker = w->service.name,
        .source_service = s->source_service,
        .source_environment = s->source_environment,
        .permit_ms = w->limits.permit_ms,
        .gone = worker_on_delivery_gone,
        .arg = w,
    };
    w->load = (struct load_setup){
        .loop = &w->service.loop,
        .redis = w->redis,
        .command = &w->command,
        .keys = &w->keys,
        .directory = w->directory,
    };
}

static int init_parts(struct worker *w)
{
    struct directory_options directory = {
        .redis = w->redis,
        .keys = &w->keys,
        .tenants_max = TENANTS_CACHED_MAX,
        .attach = attach,
        .detach = detach,
        .arg = w,
    };
    int r = directory_new(&w->directory, &directory);

    w->settlers = calloc(w->keys.partitions, sizeof(*w->settlers));
    w->leaves = calloc(w->keys.partitions, sizeof(*w->leaves));
    if (r || !w->settlers || !w->leaves)
        return err_origin(-ENOMEM);
    worker_init_setups(w);
    for (unsigned p = 0; p < w->keys.partitions && !r; p++)
        r = settler_init(&w->settlers[p], &w->service.loop, w->redis, keys_head(&w->keys, p),
                         &w->limits, w->service.settings.settle_delay);
    r = r ? r : timer_init(&w->give_up, &w->service.loop, give_up, w);
    r = r ? r
          : tally_init(&w->tally, &w->service.loop, w->redis, &w->keys,
                       w->service.settings.alert_period);
    return r ? r : init_claim(w);
}

static int worker_read_settings(struct worker *w, struct diag *diag)
{
    const struct settings *s = &w->service.settings;
    int r = keys_init(&w->keys, s->key_prefix, (unsigned)s->partitions, diag);

    w->limits = (struct settle_limits){.tenant_limit = s->tenant_limit,
                                       .permit_ms = s->permit,
                                       .endpoint_slots = s->endpoint_slots,
                                       .retention_count = s->retention_count};
    r = r ? r : egress_policy_parse(&w->egress, s->egress_allow, s->egress_ports, diag);
    r = r ? r : master_key_load(&w->master_key, s->master_key, s->master_key_file, diag);
    if (r == -ENOENT)
        return diag_set(diag, "master_key: a worker needs the key that the endpoints' secrets are "
                              "encrypted with; set master_key or master_key_file");
    return r;
}

static void worker_fini(struct worker *w)
{
    redis_command_fini(&w->command);
    master_key_wipe(&w->master_key);
    free(w->settlers);
    free(w->leaves);
    keys_fini(&w->keys);
}

static int worker_init(struct worker *w, struct diag *diag)
{
    int r;

    list_init(&w->deliveries);
    redis_command_init(&w->command);
    r = worker_start_clients(w);
    r = r ? r : worker_open_destinations(w, diag);
    r = r ? r : init_parts(w);
    return r ? r : worker_init_health(w, diag);
}

int worker_start(struct worker *w, int argc, char **argv)
{
    static const struct service_ops ops = {
        .program = "grapnel-worker",
        .about =
            "Claims jobs, signs them, POSTs them to their endpoints, writes the outcomes back.",
        .scope = SCOPE_WORKER,
        .drain = worker_drain,
        .abandon = worker_abandon,
    };
    struct diag diag = {""};
    int r = service_init(&w->service, &ops, argc, argv);

    if (r)
        return 2;
    scripts_init();
    r = worker_read_settings(w, &diag);
    if (r) {
        log_error("bad setting", LOG_TEXT("reason", diag.text));
        return 2;
    }
    r = worker_init(w, &diag);
    if (r) {
        log_error("cannot start", LOG_ERR(r), LOG_TEXT("reason", diag.text));
        return 1;
    }
    return 0;
}

int worker_end(struct worker *w)
{
    worker_fini(w);
    service_fini(&w->service);
    return w->failed ? 1 : 0;
}

int worker_main(int argc, char **argv)
{
    static struct worker w;
    int status = worker_start(&w, argc, argv);

    if (status)
        return status;
    status = service_run(&w.service) ? 1 : 0;
    return worker_end(&w) || status ? 1 : 0;
}
