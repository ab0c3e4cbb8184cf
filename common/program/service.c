/* SPDX-License-Identifier: Apache-2.0 */
#include "common/program/service.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/rng.h"
#include "common/base/text.h"
#include "common/program/metric_labels.h"
#include "common/runtime/metrics.h"
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void service_abandon(struct service *s, const char *why)
{
    if (s->is_abandoned)
        return;
    s->is_abandoned = true;
    log_warn("giving up what is left", LOG_TEXT("reason", why));
    timer_stop(&s->drain_timer);
    /* From here on the next signal does what it does to any program. */
    (void)uv_signal_stop(&s->sigterm);
    (void)uv_signal_stop(&s->sigint);
    s->ops->abandon(s);
}

static void on_drain_timer(void *arg)
{
    service_abandon(arg, "drain deadline");
}

static void service_drain(struct service *s, const char *why)
{
    if (s->is_draining)
        return;
    s->is_draining = true;
    log_info("draining", LOG_TEXT("reason", why), LOG_INT("deadline_ms", s->settings.drain));
    timer_start(&s->drain_timer, s->settings.drain);
    s->ops->drain(s);
}

static void on_stop(void *arg)
{
    service_drain(arg, "asked from inside");
}

static void service_on_signal(uv_signal_t *handle, int number)
{
    struct service *s = handle->data;

    if (s->is_draining)
        service_abandon(s, "second signal");
    else
        service_drain(s, number == SIGTERM ? "SIGTERM" : "SIGINT");
}

/* Every slot is a connection; the usual soft limit of 1024 descriptors is there for select() only.
 */
static void service_raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int make_name(struct service *s)
{
    char host[64] = "";
    uint32_t unique;

    if (*s->settings.name) {
        if (!text_is_name(span_of(s->settings.name), sizeof(s->name) - 1)) {
            log_error("bad setting", LOG_TEXT("setting", "name"),
                      LOG_TEXT("expected", "1 to 127 of A-Z a-z 0-9 _ - . :"));
            return err_origin(-EINVAL);
        }
        (void)snprintf(s->name, sizeof(s->name), "%s", s->settings.name);
        return 0;
    }
    if (gethostname(host, sizeof(host) - 1) || !text_is_name(span_of(host), sizeof(host)))
        (void)snprintf(host, sizeof(host), "host");
    rng_bytes(&unique, sizeof(unique));
    (void)snprintf(s->name, sizeof(s->name), "%s-%ld-%08x", host, (long)getpid(), unique);
    return 0;
}

/* An empty setting is none. */
static int service_copy_path(char **ret, const char *path)
{
    if (!*path)
        return 0;
    *ret = strdup(path);
    return *ret ? 0 : err_origin(-ENOMEM);
}

static int find_redis(struct service *s)
{
    const struct settings *set = &s->settings;
    struct diag diag = {""};
    int r = redis_address_parse(&s->redis, set->redis_url, &diag);

    if (r) {
        log_error("bad setting", LOG_TEXT("setting", "redis_url"), LOG_TEXT("reason", diag.text));
        return r;
    }
    r = service_copy_path(&s->redis.tls_ca_file, set->redis_ca_file);
    if (r == 0)
        r = service_copy_path(&s->redis.tls_cert_file, set->redis_cert_file);
    if (r == 0)
        r = service_copy_path(&s->redis.tls_key_file, set->redis_key_file);
    return r;
}

static int watch_signal(struct service *s, uv_signal_t *handle, int number)
{
    int r = uv_signal_init(&s->loop.uv, handle);

    if (r)
        return err_origin(r);
    handle->data = s; /* tells service_close() that it is there */
    r = uv_signal_start(handle, service_on_signal, number);
    return r ? err_origin(r) : 0;
}

static int start_loop(struct service *s)
{
    int r = loop_init(&s->loop);

    if (r)
        return err_trace(r);
    defer_init(&s->stop, on_stop, s);
    r = timer_init(&s->drain_timer, &s->loop, on_drain_timer, s);
    if (r) {
        loop_fini(&s->loop);
        return err_trace(r);
    }
    r = watch_signal(s, &s->sigterm, SIGTERM);
    if (r == 0)
        r = watch_signal(s, &s->sigint, SIGINT);
    if (r) {
        service_close(s);
        loop_fini(&s->loop);
    }
    return r;
}

int service_init(struct service *s, const struct service_ops *ops, int argc, char **argv)
{
    int r;

    *s = (struct service){.ops = ops};
    r = settings_parse_argv(&s->settings, ops->scope, argc, argv, ops->about);
    if (r)
        return r;
    log_setup(ops->program, (enum log_level)s->settings.log_level,
              (enum log_format)s->settings.log_format);
    (void)signal(SIGPIPE, SIG_IGN);
    service_raise_descriptor_limit();

    r = make_name(s);
    if (r == 0)
        r = metrics_init(ops->scope, metric_labels);
    if (r == 0)
        r = find_redis(s);
    if (r == 0) {
        r = start_loop(s);
        if (r)
            log_error("cannot start", LOG_ERR(r));
    }
    if (r) {
        metrics_fini();
        redis_address_fini(&s->redis);
        settings_fini(&s->settings);
    }
    return r;
}

int service_run(struct service *s)
{
    return loop_run(&s->loop);
}

void service_stop(struct service *s)
{
    loop_defer(&s->loop, &s->stop);
}

void service_close(struct service *s)
{
    defer_cancel(&s->stop);
    timer_close(&s->drain_timer, NULL);
    if (s->sigterm.data)
        uv_close((uv_handle_t *)&s->sigterm, NULL);
    if (s->sigint.data)
        uv_close((uv_handle_t *)&s->sigint, NULL);
}

void service_fini(struct service *s)
{
    loop_fini(&s->loop);
    metrics_fini();
    redis_address_fini(&s->redis);
    settings_fini(&s->settings);
}
