/* scheduler.c: see scheduler.h.
 *
 * Start: connect → check the installation → heartbeat in all partitions → read.
 * Drain: stop reading, deal with what is in hand → leave → close all parts → close both
 * connections. */
#include "scheduler/scheduler.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/moves/scripts.h"
#include "common/runtime/metrics.h"
#include <errno.h>
#include <stdio.h>

enum { TENANTS_CACHED_MAX = 100000 };

static struct scheduler *scheduler_of(struct service *service)
{
    return container_of(service, struct scheduler, service);
}

static void scheduler_handle(void *arg, enum intake_stream stream, const struct batch *batch)
{
    struct scheduler *s = arg;
    struct scheduler_part *part = &s->parts[batch->partition];

    switch (stream) {
    case INTAKE_EVENTS:
        fanout_start(&part->fanout, batch);
        return;
    case INTAKE_FAILED:
        verdicts_start(&part->verdicts, batch);
        return;
    case INTAKE_WAKE:
        wakes_start(&part->wakes, batch);
        return;
    case INTAKE_STREAMS:
        break;
    }
    unreachable();
}

static void on_handled(void *arg, int result)
{
    struct scheduler *s = arg;

    intake_handled(&s->intake, result);
}

static void on_taken_over(void *arg)
{
    struct scheduler *s = arg;

    intake_reread(&s->intake);
}

static void scheduler_check(struct scheduler *s);

static void scheduler_on_beat(void *arg, const struct beat *beat)
{
    struct scheduler *s = arg;
    struct scheduler_part *part = &s->parts[beat->partition];

    /* Answers come in the order of the commands, so this one is not older than what the cache knows. */
    if (beat->version < directory_version(s->directory, beat->partition)) {
        log_warn("the configuration in Redis went back: was it emptied?",
                 LOG_INT("partition", beat->partition));
        directory_forget(s->directory, beat->partition);
    }
    part->verdicts.seen_version = beat->version;
    rekeyer_note_version(&s->rekeyer, beat->partition, beat->version);
    promoter_at(&part->promoter, beat->delayed_ms);
    promoter_at(&part->promoter, beat->throttled_ms);
    if (beat->partition == 0) /* written again if Redis was emptied, as producers need it */
        scheduler_check(s);
}

/* Only then: a verdict must know whether to tell of it. */
static void on_operator_known(void *arg)
{
    struct scheduler *s = arg;

    if (!s->is_stopping)
        intake_start(&s->intake);
}

static void scheduler_on_ready(void *arg)
{
    struct scheduler *s = arg;

    if (s->is_stopping)
        return;
    log_info("scheduler ready", LOG_TEXT("name", s->service.name),
             LOG_INT("partitions", s->keys.partitions));
    if (s->notifier.is_known)
        intake_start(&s->intake);
    notifier_start(&s->notifier);
    alerts_start(&s->alerts);
    janitor_start(&s->janitor);
    rekeyer_start(&s->rekeyer);
    if (s->health)
        depths_start(&s->depths);
}

/* ---- close: each part tells when it is closed, the last one closes the connections ---- */

static void scheduler_on_redis_closed(void *arg)
{
    struct scheduler *s = arg;

    if (--s->n_closing == 0)
        service_close(&s->service);
}

static void scheduler_on_part_closed(void *arg)
{
    struct scheduler *s = arg;

    if (--s->n_closing > 0)
        return;
    s->n_closing = 2;
    redis_client_close(s->redis, scheduler_on_redis_closed, s);
    redis_client_close(s->reader, scheduler_on_redis_closed, s);
}

static void scheduler_close_parts(struct scheduler *s)
{
    s->n_closing = 6 + s->keys.partitions + s->is_checked + (s->health != NULL);
    if (s->health)
        health_close(s->health, scheduler_on_part_closed, s);
    depths_close(&s->depths, scheduler_on_part_closed, s);
    if (s->is_checked) /* else there is no heartbeat yet */
        heartbeat_close(&s->heartbeat, scheduler_on_part_closed, s);
    janitor_close(&s->janitor, scheduler_on_part_closed, s);
    rekeyer_close(&s->rekeyer, scheduler_on_part_closed, s);
    notifier_close(&s->notifier, scheduler_on_part_closed, s);
    alerts_close(&s->alerts, scheduler_on_part_closed, s);
    intake_close(&s->intake, scheduler_on_part_closed, s);
    for (unsigned p = 0; p < s->keys.partitions; p++)
        promoter_close(&s->parts[p].promoter, scheduler_on_part_closed, s);
}

static void scheduler_on_left(struct redis_request *request, int result, redisReply *reply)
{
    struct scheduler *s = request->arg;

    (void)result; /* if it failed, the lease runs out instead */
    (void)reply;
    if (--s->n_closing == 0)
        scheduler_close_parts(s);
}

static void scheduler_leave(struct scheduler *s, unsigned partition)
{
    struct redis_command cmd;

    redis_command_init(&cmd);
    redis_script_begin(&cmd, &script_leave, 1);
    redis_arg_text(&cmd, keys_head(&s->keys, partition));
    redis_arg_text(&cmd, s->heartbeat.member);
    redis_arg_text(&cmd, s->service.name);
    redis_arg_text(&cmd, GROUP_SCHEDULER);
    redis_arg_text(&cmd, KEY_EVENTS);
    redis_arg_text(&cmd, KEY_FAILED);
    redis_arg_text(&cmd, KEY_WAKE);
    redis_run(s->redis, &s->leaves[partition], &script_leave, &cmd, 0, scheduler_on_left, s);
    redis_command_fini(&cmd);
}

static void on_intake_stopped(void *arg)
{
    struct scheduler *s = arg;

    s->n_closing = s->keys.partitions;
    for (unsigned p = 0; p < s->keys.partitions; p++)
        scheduler_leave(s, p);
}

static void scheduler_drain(struct service *service)
{
    struct scheduler *s = scheduler_of(service);

    s->is_stopping = true;
    if (s->is_checked)
        intake_stop(&s->intake);
    else
        scheduler_close_parts(s);
}

/* Every step is short and has a deadline, so there is nothing to give up early. */
static void scheduler_abandon(struct service *service)
{
    (void)service;
}

/* ---- start ---- */

static void scheduler_start_parts(struct scheduler *s)
{
    struct heartbeat_options o = {
        .redis = s->redis,
        .keys = &s->keys,
        .kind = "scheduler",
        .name = s->service.name,
        .every_ms = s->service.settings.heartbeat,
        .lease_ms = s->service.settings.lease,
        .on_beat = scheduler_on_beat,
        .on_ready = scheduler_on_ready,
        .arg = s,
    };
    int r = heartbeat_start(&s->heartbeat, &s->service.loop, &o);

    if (r) {
        log_error("cannot start", LOG_ERR(r));
        s->failed = true;
        service_stop(&s->service);
        return;
    }
    s->is_checked = true;
}

static void scheduler_on_checked(struct installation_check *check, int result,
                                 const struct diag *diag)
{
    struct scheduler *s = container_of(check, struct scheduler, check);

    s->is_checking = false;
    if (s->is_stopping)
        return;
    if (result == -EINVAL) {
        log_error("this program is configured otherwise than the installation",
                  LOG_TEXT("reason", diag->text));
        s->failed = true;
        service_stop(&s->service);
    } else if (s->is_checked) {
        return; /* we only looked again */
    } else if (result) {
        redis_client_reset(s->redis); /* connects anew after a while, and we check again */
    } else {
        scheduler_start_parts(s);
    }
}

static void scheduler_check(struct scheduler *s)
{
    if (s->is_checking || s->is_stopping)
        return;
    s->is_checking = true;
    installation_check_start(&s->check, s->redis, &s->keys, &s->master_key, scheduler_on_checked,
                             s);
}

static void scheduler_on_redis(void *arg, bool is_connected)
{
    if (is_connected)
        scheduler_check(arg);
}

/* ---- health and metrics ---- */

static unsigned scheduler_checks(void *arg, struct health_check ret[HEALTH_CHECKS_MAX])
{
    const struct scheduler *s = arg;

    ret[0] = (struct health_check){"redis", redis_client_is_connected(s->redis) &&
                                                redis_client_is_connected(s->reader)};
    ret[1] = (struct health_check){"installation", s->is_checked};
    ret[2] = (struct health_check){"reading", s->is_checked && !s->is_stopping};
    return 3;
}

static void scheduler_collect(void *arg)
{
    const struct scheduler *s = arg;

    metric_set(METRIC_redis_connected, 0, redis_client_is_connected(s->redis));
}

static int scheduler_init_health(struct scheduler *s, struct diag *diag)
{
    const struct health_options o = {
        .checks = scheduler_checks, .collect = scheduler_collect, .arg = s};

    return health_new(&s->health, &s->service.loop, s->service.settings.listen, &o, diag);
}

/* ---- parts ---- */

static int scheduler_start_clients(struct scheduler *s)
{
    struct redis_client_options o = {
        .address = &s->service.redis,
        .connect_ms = s->service.settings.redis_timeout,
        .deadline_ms = s->service.settings.redis_timeout,
        .name = "grapnel-scheduler",
    };
    int r = redis_client_new(&s->reader, &s->service.loop, &o);

    if (r)
        return r;
    o.on_state = scheduler_on_redis;
    o.arg = s;
    return redis_client_new(&s->redis, &s->service.loop, &o);
}

static int init_part(struct scheduler *s, unsigned p)
{
    struct scheduler_part *part = &s->parts[p];
    struct fanout_options o = {
        .loop = &s->service.loop,
        .redis = s->redis,
        .directory = s->directory,
        .keys = &s->keys,
        .limits = &s->limits,
        .clock = &s->heartbeat.clock,
        .promoter = &part->promoter,
        .notifier = &s->notifier,
        .done = on_handled,
        .arg = s,
    };
    int r = promoter_init(&part->promoter, &s->service.loop, s->redis, &s->heartbeat.clock,
                          &s->limits, keys_head(&s->keys, p));

    r = r ? r : fanout_init(&part->fanout, p, &o);
    r = r ? r : verdicts_init(&part->verdicts, p, &o);
    wakes_init(&part->wakes, p, &o);
    return r;
}

static int init_rounds(struct scheduler *s)
{
    struct janitor_options janitor = {
        .loop = &s->service.loop,
        .redis = s->redis,
        .keys = &s->keys,
        .limits = &s->limits,
        .name = s->service.name,
        .every_ms = s->service.settings.heartbeat,
        .on_taken_over = on_taken_over,
        .arg = s,
    };
    struct intake_options intake = {
        .loop = &s->service.loop,
        .redis = s->reader,
        .other = s->redis,
        .keys = &s->keys,
        .name = s->service.name,
        .batch = s->limits.fanout_batch,
        .handle = scheduler_handle,
        .on_stopped = on_intake_stopped,
        .arg = s,
    };
    struct rekeyer_options rekeyer = {
        .loop = &s->service.loop,
        .redis = s->redis,
        .keys = &s->keys,
        .key = &s->master_key,
        .every_ms = s->service.settings.heartbeat,
        .grace_ms = s->service.settings.lease,
    };
    struct notifier_options notifier = {
        .loop = &s->service.loop,
        .redis = s->redis,
        .keys = &s->keys,
        .tenant = s->service.settings.operational_tenant,
        .every_ms = s->service.settings.heartbeat,
        .on_known = on_operator_known,
        .arg = s,
    };
    int r = janitor_init(&s->janitor, &janitor);

    r = r ? r : rekeyer_init(&s->rekeyer, &rekeyer);
    r = r ? r : notifier_init(&s->notifier, &notifier);
    r = r ? r
          : alerts_init(&s->alerts, &s->service.loop, s->redis, &s->keys, &s->service.settings,
                        &s->notifier);
    r = r ? r : depths_init(&s->depths, &s->service.loop, s->redis, &s->keys);
    return r ? r : intake_init(&s->intake, &intake);
}

static int scheduler_init(struct scheduler *s, struct diag *diag)
{
    struct directory_options directory = {.keys = &s->keys, .tenants_max = TENANTS_CACHED_MAX};
    int r = scheduler_start_clients(s);

    if (r)
        return r;
    directory.redis = s->redis;
    r = directory_new(&s->directory, &directory);
    s->parts = calloc(s->keys.partitions, sizeof(*s->parts));
    s->leaves = calloc(s->keys.partitions, sizeof(*s->leaves));
    if (r || !s->parts || !s->leaves)
        return err_origin(-ENOMEM);
    for (unsigned p = 0; p < s->keys.partitions && !r; p++)
        r = init_part(s, p);
    r = r ? r : init_rounds(s);
    return r ? r : scheduler_init_health(s, diag);
}

static void scheduler_fini(struct scheduler *s)
{
    for (unsigned p = 0; p < s->keys.partitions; p++) {
        fanout_fini(&s->parts[p].fanout);
        verdicts_fini(&s->parts[p].verdicts);
        wakes_fini(&s->parts[p].wakes);
    }
    directory_free(s->directory);
    free(s->parts);
    free(s->leaves);
    master_key_wipe(&s->master_key);
    keys_fini(&s->keys);
}

/* Without a master key it does all but re-encrypt. */
static int scheduler_read_settings(struct scheduler *s, struct diag *diag)
{
    const struct settings *set = &s->service.settings;
    int r = keys_init(&s->keys, set->key_prefix, (unsigned)set->partitions, diag);

    s->limits = limits_of(set);
    r = r ? r : master_key_load(&s->master_key, set->master_key, set->master_key_file, diag);
    return r == -ENOENT ? 0 : r;
}

int scheduler_start(struct scheduler *s, int argc, char **argv)
{
    static const struct service_ops ops = {
        .program = "grapnel-scheduler",
        .about = "Fans events out into deliveries, holds the limits, schedules retries.",
        .scope = SCOPE_SCHEDULER,
        .drain = scheduler_drain,
        .abandon = scheduler_abandon,
    };
    struct diag diag = {""};
    int r = service_init(&s->service, &ops, argc, argv);

    if (r)
        return 2;
    scripts_init();
    r = scheduler_read_settings(s, &diag);
    if (r) {
        log_error("bad setting", LOG_TEXT("reason", diag.text));
        return 2;
    }
    r = scheduler_init(s, &diag);
    if (r) {
        log_error("cannot start", LOG_ERR(r), LOG_TEXT("reason", diag.text));
        return 1;
    }
    return 0;
}

int scheduler_end(struct scheduler *s)
{
    scheduler_fini(s);
    service_fini(&s->service);
    return s->failed ? 1 : 0;
}

int scheduler_main(int argc, char **argv)
{
    static struct scheduler s;
    int status = scheduler_start(&s, argc, argv);

    if (status)
        return status;
    status = service_run(&s.service) ? 1 : 0;
    return scheduler_end(&s) || status ? 1 : 0;
}
