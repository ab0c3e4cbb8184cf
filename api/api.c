/* SPDX-License-Identifier: Apache-2.0 */
/* api.c: see api.h.
 *
 *   request ──► route ──► pool: store, identity, handler ──► answer
 *
 * Drain: accept nobody, answer what is in hand, close. */
#include "api/api.h"

#include "admin/event/store_publish.h"
#include "api/audit.h"
#include "api/auth.h"
#include "api/call.h"
#include "api/event_post.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/runtime/health.h"
#include "common/runtime/metrics.h"
#include <errno.h>

enum { DRAIN_LOOK_MS = 20, UNKNOWN_BODY_MAX = 64 << 10 };

static struct api *api_of(struct service *service)
{
    return container_of(service, struct api, service);
}

/* ---- a call ---- */

static void api_answer(struct call *c)
{
    struct http_answer a = {.status = c->status, .body = buf_span(&c->body), .type = c->type};

    for (unsigned i = 0; i < c->n_fields; i++)
        a.fields[a.n_fields++] = (struct http_field){c->fields[i].name, c->fields[i].value};
    http_exchange_answer(c->exchange, &a);
    call_free(c);
}

static void api_handle(struct call *c, struct store *s)
{
    struct audit audit;

    if (!audit_begin(&audit, c, s))
        return;
    c->match.route->handle(c, s);
    audit_end(&audit, c, s);
}

/* Events published by several calls go to Redis together. */
static bool joins(const void *arg)
{
    return event_post_joins(arg);
}

_Static_assert((int)POOL_JOINED_MAX <= (int)EVENT_POSTS_MAX, "event_post_many() takes them all");

/* On one of the pool's threads. */
static void work(void **works, size_t n, struct store *s, int r)
{
    struct call *admitted[POOL_JOINED_MAX];
    size_t n_admitted = 0;

    for (size_t i = 0; i < n; i++) {
        struct call *c = works[i];

        if (r)
            call_store_failed(c, s, r);
        else if (auth_admit(c, s))
            admitted[n_admitted++] = c;
    }
    if (n_admitted == 1)
        api_handle(admitted[0], s);
    else
        event_post_many(admitted, n_admitted, s);
}

static void on_worked(void *arg)
{
    api_answer(arg);
}

static void refuse_unknown(struct call *c)
{
    char methods[128];

    if (!c->match.has_path) {
        call_missing(c, "path");
        return;
    }
    route_methods(methods, sizeof(methods), http_path(c->exchange));
    call_problem(c, 405, NULL, "this path takes %s", methods);
    call_field(c, "Allow", methods);
}

/* Whether it is of use is asked of Redis, by a call; the other two pages ask nobody. */
static bool is_health(const struct http_exchange *x)
{
    return strcmp(http_path(x), "/readyz") != 0;
}

static void api_on_request(void *arg, struct http_exchange *x)
{
    static const struct http_answer no_memory = {.status = 503};
    static const struct health_options health = {.checks = NULL};
    struct api *api = arg;
    struct call *c;

    if (is_health(x) && health_answer(&health, x))
        return;
    c = call_new(api, x);
    if (!c) {
        http_exchange_answer(x, &no_memory);
        return;
    }
    route_find(&c->match, http_method(x), http_path(x));
    if (!c->match.route) {
        refuse_unknown(c);
    } else if (pool_add(api->pool, c)) {
        return;
    } else {
        call_problem(c, 503, NULL, "too many calls wait already");
        call_field(c, "Retry-After", "1");
    }
    api_answer(c);
}

static size_t api_body_max(void *arg, const struct http_exchange *x)
{
    const struct api *api = arg;
    struct route_match match;

    route_find(&match, http_method(x), http_path(x));
    if (match.route && match.route->body_max == ROUTE_BODY_EVENTS)
        return (size_t)api->service.settings.api_events_bytes;
    return match.route ? match.route->body_max
                       : UNKNOWN_BODY_MAX; /* to be told that it is unknown */
}

/* ---- ending ---- */

static void api_on_part_closed(void *arg)
{
    struct api *api = arg;

    if (--api->n_closing == 0)
        service_close(&api->service);
}

static void close_all(struct api *api)
{
    api->n_closing = 3;
    timer_close(&api->drain, api_on_part_closed);
    pool_close(api->pool, api_on_part_closed, api);
    retry_runner_stop(TAKE(api->retries)); /* behind the calls, which wake it */
    http_server_close(api->server, api_on_part_closed, api);
}

static void look_for_end(void *arg)
{
    struct api *api = arg;

    if (http_server_pending(api->server))
        timer_start(&api->drain, DRAIN_LOOK_MS);
    else
        close_all(api);
}

static void api_drain(struct service *service)
{
    struct api *api = api_of(service);

    atomic_store(&api->is_draining, true);
    http_server_stop(api->server);
    look_for_end(api);
}

static void api_abandon(struct service *service)
{
    struct api *api = api_of(service);

    if (!api->n_closing)
        close_all(api);
}

/* ---- starting ---- */

static int api_start(struct api *api, struct diag *diag)
{
    const struct settings *set = &api->service.settings;
    struct pool_options pool = {.settings = set,
                                .threads = (unsigned)set->api_threads,
                                .waiting_max = (unsigned)set->api_waiting,
                                .work = work,
                                .joins = joins,
                                .done = on_worked};
    struct http_server_options server = {.listen = set->api_listen,
                                         .connections_max = (unsigned)set->api_connections,
                                         .receive_ms = set->api_receive,
                                         .handle = api_on_request,
                                         .body_max = api_body_max,
                                         .arg = api};
    int r = egress_policy_parse(&api->egress, set->egress_allow, set->egress_ports, diag);

    r = r ? r : publish_options_check(set, diag);
    r = r ? r : jwt_keyring_init(&api->jwt, set, diag);
    r = r ? r : timer_init(&api->drain, &api->service.loop, look_for_end, api);
    r = r ? r : http_server_new(&api->server, &api->service.loop, &server, diag);
    r = r ? r : pool_new(&api->pool, &api->service.loop, &pool);
    return r ? r : retry_runner_start(&api->retries, set);
}

int api_main(int argc, char **argv)
{
    static const struct service_ops ops = {
        .program = "grapnel-api",
        .about = "The management API over HTTP. --routes alone: prints its calls.",
        .scope = SCOPE_API,
        .drain = api_drain,
        .abandon = api_abandon,
    };
    static struct api api;
    struct diag diag = {""};
    int r;

    if (argc == 2 && strcmp(argv[1], "--routes") == 0) {
        route_print(stdout);
        return 0;
    }
    r = service_init(&api.service, &ops, argc, argv);
    if (r)
        return 2;
    r = api_start(&api, &diag);
    if (r) {
        log_error("cannot start", LOG_TEXT("reason", *diag.text ? diag.text : err_text(r)));
        return *diag.text ? 2 : 1;
    }
    log_info("api ready", LOG_TEXT("name", api.service.name),
             LOG_INT("port", http_server_port(api.server)));
    r = service_run(&api.service);
    jwt_keyring_fini(&api.jwt);
    service_fini(&api.service);
    return r ? 1 : 0;
}
