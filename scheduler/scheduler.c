/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler.c: see scheduler.h. Start and end are a member's (common/program/member.h); in between it reads, and when
 * it drains it stops reading and deals with what is in hand. */
#include "scheduler/scheduler.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/moves/scripts.h"
#include "common/runtime/metrics.h"
#include <errno.h>
#include <stdio.h>

enum { TENANTS_CACHED_MAX = 100000 };

static struct scheduler *scheduler_of(struct member *member)
{
    return container_of(member, struct scheduler, member);
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

static void scheduler_on_beat(struct member *m, const struct beat *beat)
{
    struct scheduler *s = scheduler_of(m);
    struct scheduler_part *part = &s->parts[beat->partition];

    /* Answers come in the order of the commands, so this one is not older than what the cache knows. */
    if (beat->version < config_cache_version(s->config_cache, beat->partition)) {
        log_warn("the configuration in Redis went back: was it emptied?",
                 LOG_INT("partition", beat->partition));
        config_cache_forget(s->config_cache, beat->partition);
    }
    part->verdicts.seen_version = beat->version;
    rekeyer_note_version(&s->rekeyer, beat->partition, beat->version);
    promoter_at(&part->promoter, beat->delayed_ms);
    promoter_at(&part->promoter, beat->throttled_ms);
}

/* Only then: a verdict must know whether to tell of it. */
static void on_operator_known(void *arg)
{
    struct scheduler *s = arg;

    if (!s->member.is_stopping)
        intake_start(&s->intake);
}

static void scheduler_on_ready(struct member *m)
{
    struct scheduler *s = scheduler_of(m);

    log_info("scheduler ready", LOG_TEXT("name", s->member.service.name),
             LOG_INT("partitions", s->member.keys.partitions));
    if (s->notifier.is_known)
        intake_start(&s->intake);
    notifier_start(&s->notifier);
    alerts_start(&s->alerts);
    janitor_start(&s->janitor);
    rekeyer_start(&s->rekeyer);
    if (m->health)
        queue_depths_start(&s->depths);
}

/* ---- drain and close ---- */

static void scheduler_close_parts(struct member *m)
{
    struct scheduler *s = scheduler_of(m);

    queue_depths_close(&s->depths, member_part_closed, m);
    janitor_close(&s->janitor, member_part_closed, m);
    rekeyer_close(&s->rekeyer, member_part_closed, m);
    notifier_close(&s->notifier, member_part_closed, m);
    alerts_close(&s->alerts, member_part_closed, m);
    intake_close(&s->intake, member_part_closed, m);
    for (unsigned p = 0; p < m->keys.partitions; p++)
        promoter_close(&s->parts[p].promoter, member_part_closed, m);
}

static unsigned count_parts(const struct scheduler *s)
{
    return 6 + s->member.keys.partitions;
}

static void on_intake_stopped(void *arg)
{
    struct scheduler *s = arg;

    member_leave(&s->member);
}

static void scheduler_drain(struct member *m)
{
    intake_stop(&scheduler_of(m)->intake);
}

/* ---- parts ---- */

static int init_part(struct scheduler *s, unsigned p)
{
    struct scheduler_part *part = &s->parts[p];
    struct fanout_options o = {
        .loop = &s->member.service.loop,
        .redis = s->member.redis,
        .config_cache = s->config_cache,
        .keys = &s->member.keys,
        .limits = &s->limits,
        .clock = &s->member.heartbeat.clock,
        .promoter = &part->promoter,
        .notifier = &s->notifier,
        .done = on_handled,
        .arg = s,
    };
    int r = promoter_init(&part->promoter, &s->member.service.loop, s->member.redis,
                          &s->member.heartbeat.clock, &s->limits, keys_head(&s->member.keys, p));

    r = r ? r : fanout_init(&part->fanout, p, &o);
    r = r ? r : verdicts_init(&part->verdicts, p, &o);
    wakes_init(&part->wakes, p, &o);
    return r;
}

static int init_rounds(struct scheduler *s)
{
    struct janitor_options janitor = {
        .loop = &s->member.service.loop,
        .redis = s->member.redis,
        .keys = &s->member.keys,
        .limits = &s->limits,
        .name = s->member.service.name,
        .every_ms = s->member.service.settings.heartbeat,
        .on_taken_over = on_taken_over,
        .arg = s,
    };
    struct intake_options intake = {
        .loop = &s->member.service.loop,
        .redis = s->member.reader,
        .other = s->member.redis,
        .keys = &s->member.keys,
        .name = s->member.service.name,
        .batch = s->limits.fanout_batch,
        .handle = scheduler_handle,
        .on_stopped = on_intake_stopped,
        .arg = s,
    };
    struct rekeyer_options rekeyer = {
        .loop = &s->member.service.loop,
        .redis = s->member.redis,
        .keys = &s->member.keys,
        .key = &s->member.master_key,
        .every_ms = s->member.service.settings.heartbeat,
        .grace_ms = s->member.service.settings.lease,
    };
    struct notifier_options notifier = {
        .loop = &s->member.service.loop,
        .redis = s->member.redis,
        .keys = &s->member.keys,
        .tenant = s->member.service.settings.operational_tenant,
        .every_ms = s->member.service.settings.heartbeat,
        .on_known = on_operator_known,
        .arg = s,
    };
    int r = janitor_init(&s->janitor, &janitor);

    r = r ? r : rekeyer_init(&s->rekeyer, &rekeyer);
    r = r ? r : notifier_init(&s->notifier, &notifier);
    r = r ? r
          : alerts_init(&s->alerts, &s->member.service.loop, s->member.redis, &s->member.keys,
                        &s->member.service.settings, &s->notifier);
    r = r ? r
          : queue_depths_init(&s->depths, &s->member.service.loop, s->member.redis,
                              &s->member.keys);
    return r ? r : intake_init(&s->intake, &intake);
}

static int scheduler_init(struct scheduler *s)
{
    struct config_cache_options config_cache = {
        .redis = s->member.redis, .keys = &s->member.keys, .tenants_max = TENANTS_CACHED_MAX};
    unsigned partitions = s->member.keys.partitions;
    int r = config_cache_new(&s->config_cache, &config_cache);

    s->limits = limits_of(&s->member.service.settings);
    s->parts = calloc(partitions, sizeof(*s->parts));
    if (r || !s->parts)
        return err_origin(-ENOMEM);
    for (unsigned p = 0; p < partitions && !r; p++)
        r = init_part(s, p);
    return r ? r : init_rounds(s);
}

int scheduler_start(struct scheduler *s, int argc, char **argv)
{
    static const struct member_ops ops = {
        .program = "grapnel-scheduler",
        .about = "Fans events out into deliveries, holds the limits, schedules retries.",
        .scope = SCOPE_SCHEDULER,
        .kind = "scheduler",
        .taking = "reading",
        .group = GROUP_SCHEDULER,
        .streams = {KEY_EVENTS, KEY_FAILED, KEY_WAKE},
        .on_ready = scheduler_on_ready,
        .on_beat = scheduler_on_beat,
        .drain = scheduler_drain,
        .close_parts = scheduler_close_parts,
    };
    struct diag diag = {""};
    int status = member_init(&s->member, &ops, argc, argv), r;

    if (status)
        return status;
    r = scheduler_init(s);
    r = r ? r : member_open(&s->member, count_parts(s), &diag);
    return r ? member_refuse(r, &diag) : 0;
}

int scheduler_end(struct scheduler *s)
{
    for (unsigned p = 0; p < s->member.keys.partitions; p++) {
        fanout_fini(&s->parts[p].fanout);
        verdicts_fini(&s->parts[p].verdicts);
        wakes_fini(&s->parts[p].wakes);
    }
    config_cache_free(s->config_cache);
    free(s->parts);
    return member_end(&s->member);
}

int scheduler_main(int argc, char **argv)
{
    static struct scheduler s;
    int status = scheduler_start(&s, argc, argv);

    if (status)
        return status;
    status = service_run(&s.member.service) ? 1 : 0;
    return scheduler_end(&s) || status ? 1 : 0;
}
