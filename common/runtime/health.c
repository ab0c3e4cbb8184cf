/* SPDX-License-Identifier: Apache-2.0 */
#include "common/runtime/health.h"
#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/runtime/metrics.h"
#include "common/runtime/process_stats.h"

enum { CONNECTIONS_MAX = 64, RECEIVE_MS = 10000, BODY_BYTES_MAX = 4096 };

struct health {
    struct http_server *server;
    struct health_options options;
    defer_fn *on_closed;
    void *closed_arg;
};

static void answer_text(struct http_exchange *x, unsigned status, const char *type,
                        struct span body)
{
    http_exchange_answer(x, &(struct http_answer){.status = status,
                                                  .type = type,
                                                  .body = body,
                                                  .fields = {{"Cache-Control", "no-store"}},
                                                  .n_fields = 1});
}

static void answer_alive(const struct health_options *o, struct http_exchange *x)
{
    (void)o;
    answer_text(x, 200, "text/plain; charset=utf-8", SPAN("ok\n"));
}

static void answer_ready(const struct health_options *o, struct http_exchange *x)
{
    struct health_check checks[HEALTH_CHECKS_MAX];
    unsigned n = o->checks(o->arg, checks);
    bool is_ready = true;
    struct buf b;

    for (unsigned i = 0; i < n; i++)
        is_ready = is_ready && checks[i].is_good;
    buf_init(&b, 1024);
    buf_printf(&b, "{\"ready\":%s,\"checks\":{", is_ready ? "true" : "false");
    for (unsigned i = 0; i < n; i++)
        buf_printf(&b, "%s\"%s\":%s", i ? "," : "", checks[i].name,
                   checks[i].is_good ? "true" : "false");
    buf_add_text(&b, "}}\n");
    answer_text(x, is_ready ? 200 : 503, "application/json", buf_span(&b));
    buf_fini(&b);
}

static void answer_metrics(const struct health_options *o, struct http_exchange *x)
{
    struct buf b;

    process_stats_read();
    metric_set(METRIC_build_info, 0, 1);
    if (o->collect)
        o->collect(o->arg);
    buf_init(&b, METRICS_BYTES_MAX);
    metrics_write(&b);
    if (buf_result(&b))
        answer_text(x, 503, "text/plain; charset=utf-8", SPAN("out of memory\n"));
    else
        answer_text(x, 200, "text/plain; version=0.0.4; charset=utf-8", buf_span(&b));
    buf_fini(&b);
}

static const struct {
    const char *path;
    void (*answer)(const struct health_options *o, struct http_exchange *x);
} pages[] = {
    {"/healthz", answer_alive},
    {"/readyz", answer_ready},
    {"/metrics", answer_metrics},
};

bool health_answer(const struct health_options *o, struct http_exchange *x)
{
    static const struct http_answer not_allowed = {.status = 405,
                                                   .type = "text/plain; charset=utf-8",
                                                   .body = {"GET or HEAD\n", 12},
                                                   .fields = {{"Allow", "GET, HEAD"}},
                                                   .n_fields = 1};

    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        if (strcmp(http_path(x), pages[i].path) != 0)
            continue;
        if (strcmp(http_method(x), "GET") == 0 || strcmp(http_method(x), "HEAD") == 0)
            pages[i].answer(o, x);
        else
            http_exchange_answer(x, &not_allowed);
        return true;
    }
    return false;
}

static void health_handle(void *arg, struct http_exchange *x)
{
    struct health *h = arg;

    if (!health_answer(&h->options, x))
        answer_text(x, 404, "text/plain; charset=utf-8",
                    SPAN("there are /healthz, /readyz and /metrics\n"));
}

static size_t health_body_max(void *arg, const struct http_exchange *x)
{
    (void)arg, (void)x;
    return BODY_BYTES_MAX; /* read and not looked at, so that the connection can go on */
}

int health_new(struct health **ret, struct loop *l, const char *listen,
               const struct health_options *o, struct diag *diag)
{
    struct http_server_options http = {.listen = listen,
                                       .connections_max = CONNECTIONS_MAX,
                                       .receive_ms = RECEIVE_MS,
                                       .handle = health_handle,
                                       .body_max = health_body_max};
    struct health *h;
    int r;

    process_stats_read(); /* notes when we started */
    *ret = NULL;
    if (!*listen)
        return 0;
    h = calloc(1, sizeof(*h));
    if (!h)
        return err_origin(-ENOMEM);
    h->options = *o;
    http.arg = h;
    r = http_server_new(&h->server, l, &http, diag);
    if (r) {
        free(h);
        return r;
    }
    log_info("health and metrics are served", LOG_TEXT("listen", listen),
             LOG_INT("port", http_server_port(h->server)));
    *ret = h;
    return 0;
}

static void on_server_closed(void *arg)
{
    struct health *h = arg;

    h->on_closed(h->closed_arg);
    free(h);
}

void health_close(struct health *h, defer_fn *on_closed, void *arg)
{
    h->on_closed = on_closed;
    h->closed_arg = arg;
    http_server_close(h->server, on_server_closed, h);
}
