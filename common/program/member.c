/* SPDX-License-Identifier: Apache-2.0 */
#include "common/program/member.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/moves/heartbeat.h"
#include "common/runtime/metrics.h"
#include <errno.h>

static struct member *member_of(struct service *service)
{
    return container_of(service, struct member, service);
}

/* ---- close: each part tells when it is closed, the last one closes the connections ---- */

static void member_on_redis_closed(void *arg)
{
    struct member *m = arg;

    if (--m->n_closing == 0)
        service_close(&m->service);
}

void member_part_closed(void *member)
{
    struct member *m = member;

    if (--m->n_closing > 0)
        return;
    m->n_closing = 2;
    redis_client_close(m->redis, member_on_redis_closed, m);
    redis_client_close(m->reader, member_on_redis_closed, m);
}

static void member_close_parts(struct member *m)
{
    m->n_closing = m->n_parts + m->is_beating + (m->health != NULL);
    if (m->health)
        health_close(m->health, member_part_closed, m);
    if (m->is_beating)
        heartbeat_close(&m->heartbeat, member_part_closed, m);
    m->ops->close_parts(m);
}

static void member_on_left(struct redis_request *request, int result, redisReply *reply)
{
    struct member *m = request->arg;

    (void)result; /* if it failed, the lease runs out instead */
    (void)reply;
    if (--m->n_closing == 0)
        member_close_parts(m);
}

static void member_leave_partition(struct member *m, unsigned partition)
{
    struct redis_command cmd;

    redis_command_init(&cmd);
    move_leave_begin(&cmd, keys_head(&m->keys, partition), m->heartbeat.member, m->service.name,
                     m->ops->group, m->ops->streams);
    redis_run(m->redis, &m->leaves[partition], &script_leave, &cmd, 0, member_on_left, m);
    redis_command_fini(&cmd);
}

void member_leave(struct member *m)
{
    m->n_closing = m->keys.partitions;
    for (unsigned p = 0; p < m->keys.partitions; p++)
        member_leave_partition(m, p);
}

static void member_drain(struct service *service)
{
    struct member *m = member_of(service);

    m->is_stopping = true;
    if (m->is_beating)
        m->ops->drain(m);
    else
        member_close_parts(m);
}

static void member_abandon(struct service *service)
{
    struct member *m = member_of(service);

    if (m->ops->abandon)
        m->ops->abandon(m);
}

/* ---- check and heartbeat ---- */

static void member_stop_failed(struct member *m)
{
    m->has_failed = true;
    service_stop(&m->service);
}

static void member_check(struct member *m);

static void member_on_beat(void *arg, const struct beat *beat)
{
    struct member *m = arg;

    if (m->ops->on_beat)
        m->ops->on_beat(m, beat);
    if (beat->partition == 0) /* written again if Redis was emptied, as producers need it */
        member_check(m);
}

static void member_on_ready(void *arg)
{
    struct member *m = arg;

    if (!m->is_stopping)
        m->ops->on_ready(m);
}

static void member_start_beating(struct member *m)
{
    const struct settings *s = &m->service.settings;
    struct heartbeat_options o = {
        .redis = m->redis,
        .keys = &m->keys,
        .kind = m->ops->kind,
        .name = m->service.name,
        .slots = m->ops->scope == SCOPE_WORKER ? (unsigned)s->slots : 0,
        .every_ms = s->heartbeat,
        .lease_ms = s->lease,
        .on_beat = member_on_beat,
        .on_ready = member_on_ready,
        .arg = m,
    };
    int r = heartbeat_start(&m->heartbeat, &m->service.loop, &o);

    if (r) {
        log_error("cannot start", LOG_ERR(r));
        member_stop_failed(m);
        return;
    }
    m->is_beating = true;
}

static void member_on_checked(struct installation_check *check, int result, const struct diag *diag)
{
    struct member *m = container_of(check, struct member, check);

    m->is_checking = false;
    if (m->is_stopping)
        return;
    if (result == -EINVAL) {
        log_error("this program is configured otherwise than the installation",
                  LOG_TEXT("reason", diag->text));
        member_stop_failed(m);
    } else if (m->is_beating) {
        return; /* we only looked again */
    } else if (result) {
        redis_client_reset(m->redis); /* connects again after a while, and we check again */
    } else {
        member_start_beating(m);
    }
}

static void member_check(struct member *m)
{
    if (m->is_checking || m->is_stopping)
        return;
    m->is_checking = true;
    installation_check_start(&m->check, m->redis, &m->keys, &m->master_key, member_on_checked, m);
}

static void member_on_redis(void *arg, bool is_connected)
{
    if (is_connected)
        member_check(arg);
}

/* ---- health and metrics ---- */

static unsigned member_checks(void *arg, struct health_check ret[HEALTH_CHECKS_MAX])
{
    const struct member *m = arg;

    ret[0] = (struct health_check){"redis", redis_client_is_connected(m->redis) &&
                                                redis_client_is_connected(m->reader)};
    ret[1] = (struct health_check){"installation", m->is_beating};
    ret[2] = (struct health_check){m->ops->taking, m->is_beating && !m->is_stopping};
    return 3;
}

static void member_collect(void *arg)
{
    struct member *m = arg;

    metric_set(METRIC_redis_connected, 0, redis_client_is_connected(m->redis));
    if (m->ops->collect)
        m->ops->collect(m);
}

/* ---- start and end ---- */

static int member_connect(struct member *m)
{
    struct redis_client_options o = {
        .address = &m->service.redis,
        .connect_ms = m->service.settings.redis_timeout,
        .deadline_ms = m->service.settings.redis_timeout,
        .name = m->ops->program,
    };
    int r = redis_client_new(&m->reader, &m->service.loop, &o);

    if (r)
        return r;
    o.on_state = member_on_redis;
    o.arg = m;
    return redis_client_new(&m->redis, &m->service.loop, &o);
}

static int member_read_settings(struct member *m, struct diag *diag)
{
    const struct settings *s = &m->service.settings;
    int r = keys_init(&m->keys, s->key_prefix, (unsigned)s->partitions, diag);

    if (!r && m->ops->read_settings)
        r = m->ops->read_settings(m, diag);
    r = r ? r : master_key_load(&m->master_key, s->master_key, s->master_key_file, diag);
    if (r != -ENOENT)
        return r;
    if (!m->ops->needs_master_key)
        return 0;
    return diag_set(diag,
                    "master_key: a %s needs the key that the endpoints' secrets are encrypted "
                    "with; set master_key or master_key_file",
                    m->ops->kind);
}

int member_refuse(int result, const struct diag *diag)
{
    log_error("cannot start", LOG_ERR(result), LOG_TEXT("reason", diag->text));
    return 1;
}

int member_init(struct member *m, const struct member_ops *ops, int argc, char **argv)
{
    struct diag diag = {""};
    int r;

    *m = (struct member){.ops = ops};
    m->service_ops = (struct service_ops){.program = ops->program,
                                          .about = ops->about,
                                          .scope = ops->scope,
                                          .drain = member_drain,
                                          .abandon = member_abandon};
    r = service_init(&m->service, &m->service_ops, argc, argv);
    if (r)
        return 2;
    scripts_init();
    r = member_read_settings(m, &diag);
    if (r) {
        log_error("bad setting", LOG_TEXT("reason", diag.text));
        return 2;
    }
    m->leaves = calloc(m->keys.partitions, sizeof(*m->leaves));
    r = m->leaves ? member_connect(m) : err_origin(-ENOMEM);
    return r ? member_refuse(r, &diag) : 0;
}

int member_open(struct member *m, unsigned n_parts, struct diag *diag)
{
    const struct health_options o = {.checks = member_checks, .collect = member_collect, .arg = m};

    m->n_parts = n_parts;
    return health_new(&m->health, &m->service.loop, m->service.settings.listen, &o, diag);
}

int member_end(struct member *m)
{
    free(m->leaves);
    master_key_wipe(&m->master_key);
    keys_fini(&m->keys);
    service_fini(&m->service);
    return m->has_failed ? 1 : 0;
}
