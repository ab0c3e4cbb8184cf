/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/http/http_client.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "worker/curl/curl_words.h"
#include "worker/curl/tls_store.h"
#include "worker/http/http_easy.h"
#include "worker/http/http_target.h"
#include <errno.h>

/* Idle handles kept per shard; a burst may use more, which are freed after it. */
enum { POOL_MAX = 64 };

struct pool {
    CURLSH *share;    /* TLS sessions */
    struct list idle; /* struct http_easy */
    unsigned n_idle;
};

struct http_client {
    struct loop *loop;
    struct curl_bridge bridge;
    struct http_easy_config config;
    struct pool pools[CURL_SHARDS];
    struct list ending; /* struct http_call: over, their callback due on the next turn */
    struct defer end;
    struct defer close;
    struct http_client_stats stats;
    defer_fn *on_closed;
    void *on_closed_arg;
};

int http_target_new(struct http_target **ret, struct http_client *c,
                    const struct http_target_options *o, struct diag *diag)
{
    return http_target_make(ret, c->config.egress, c->config.store, o, diag);
}

/* ---- the pool ---- */

static unsigned shard_of(const struct http_call *call)
{
    return call->shard % CURL_SHARDS;
}

static struct http_easy *easy_take(struct http_client *c, unsigned shard)
{
    struct pool *p = &c->pools[shard];
    struct list *node = list_pop(&p->idle);
    struct http_easy *e;

    if (node) {
        p->n_idle--;
        return list_entry(node, struct http_easy, link);
    }
    if (http_easy_new(&e, &c->config, &c->bridge.shards[shard], p->share))
        return NULL;
    return e;
}

static void easy_put(struct http_client *c, unsigned shard, struct http_easy *e)
{
    struct pool *p = &c->pools[shard];

    if (!e)
        return;
    if (p->n_idle == POOL_MAX) {
        http_easy_free(e);
        return;
    }
    http_easy_clear(e);
    list_push_front(&p->idle, &e->link); /* the warmest first */
    p->n_idle++;
}

/* ---- calls ---- */

/* Gives the call back to its owner. */
static void http_client_finish(struct http_client *c, struct http_call *call,
                               const struct attempt_result *result)
{
    struct http_target *target = call->target;
    struct http_easy *e = call->easy;
    unsigned shard = shard_of(call);

    call->easy = NULL;
    c->stats.in_flight--;
    call->done(call, result); /* Careful: @call may be gone from here on. */
    easy_put(c, shard, e);
    http_target_unref(target);
}

static void on_ended(void *arg, CURL *curl, CURLcode code)
{
    struct attempt_result result;
    struct http_easy *e;
    char *private = NULL;

    (void)curl_easy_getinfo(curl, CURLINFO_PRIVATE, &private);
    e = (void *)private;
    curl_shard_remove(e->shard, curl);
    http_easy_result(e, code, &result);
    http_client_finish(arg, e->call, &result);
}

static void http_client_end_later(struct http_client *c, struct http_call *call)
{
    list_push_back(&c->ending, &call->link);
    loop_defer(c->loop, &c->end);
}

static void on_end(void *arg)
{
    struct http_client *c = arg;
    struct attempt_result result;
    struct list now;
    struct list *node;

    list_init(&now);
    list_move_all(&now, &c->ending);
    while ((node = list_pop(&now))) {
        struct http_call *call = list_entry(node, struct http_call, link);

        if (call->is_cancelled)
            curl_words_fail(&result, OUTCOME_NETWORK_ERROR, "cancelled");
        else
            curl_words_fail(&result, OUTCOME_UNKNOWN_ERROR,
                            call->easy ? call->easy->error : "out of memory");
        result.started_us = call->easy ? call->easy->started_us : 0;
        http_client_finish(c, call, &result);
    }
}

void http_call_start(struct http_client *c, struct http_call *call)
{
    struct http_easy *e;

    c->stats.calls++;
    c->stats.in_flight++;
    list_init(&call->link);
    call->client = c;
    call->is_cancelled = false;
    http_target_ref(call->target);
    call->easy = e = easy_take(c, shard_of(call));
    if (!e || http_easy_load(e, call) || curl_shard_add(e->shard, e->curl))
        http_client_end_later(c, call);
}

void http_call_cancel(struct http_call *call)
{
    if (call->is_cancelled)
        return;
    call->is_cancelled = true;
    if (!list_is_empty(&call->link)) /* over already; its callback is due */
        return;
    curl_shard_remove(call->easy->shard, call->easy->curl);
    http_client_end_later(call->client, call);
}

struct http_client_stats http_client_stats(const struct http_client *c)
{
    struct http_client_stats stats = c->stats;

    stats.connects = c->config.n_connects;
    return stats;
}

/* ---- life ---- */

static void client_free(struct http_client *c)
{
    for (unsigned i = 0; i < CURL_SHARDS; i++)
        if (c->pools[i].share)
            (void)curl_share_cleanup(c->pools[i].share);
    X509_STORE_free(c->config.store);
    http_proxy_fini(&c->config.proxy);
    free(c);
    curl_global_cleanup();
}

static void on_bridge_closed(void *arg)
{
    struct http_client *c = arg;
    defer_fn *on_closed = c->on_closed;
    void *on_closed_arg = c->on_closed_arg;

    client_free(c);
    on_closed(on_closed_arg);
}

static void on_close(void *arg)
{
    struct http_client *c = arg;
    struct list *node;

    for (unsigned i = 0; i < CURL_SHARDS; i++)
        while ((node = list_pop(&c->pools[i].idle)))
            http_easy_free(list_entry(node, struct http_easy, link));
    curl_bridge_close(&c->bridge, on_bridge_closed, c);
}

void http_client_close(struct http_client *c, defer_fn *on_closed, void *arg)
{
    c->on_closed = on_closed;
    c->on_closed_arg = arg;
    /* On the next turn: this may be the last call's callback, and curl's handle still in use. */
    loop_defer(c->loop, &c->close);
}

static int pools_init(struct http_client *c)
{
    for (unsigned i = 0; i < CURL_SHARDS; i++)
        list_init(&c->pools[i].idle);
    for (unsigned i = 0; i < CURL_SHARDS; i++) {
        CURLSH *share = c->pools[i].share = curl_share_init();

        if (!share || curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION))
            return err_origin(-ENOMEM);
    }
    return 0;
}

/* The certificate store can only be handed to a curl that stands on the same OpenSSL. */
static int check_curl(struct diag *diag)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    const char *tls = info->ssl_version ? info->ssl_version : "no TLS";

    if (strncmp(tls, "OpenSSL", 7) != 0)
        return diag_set(diag, "libcurl %s is built with %.60s; expected OpenSSL", info->version,
                        tls);
    return 0;
}

static int client_init(struct http_client *c, const struct http_client_options *o,
                       struct diag *diag)
{
    int r;

    r = pools_init(c);
    if (r)
        return err_trace(r);
    r = check_curl(diag);
    if (r)
        return err_trace(r);
    r = http_proxy_parse(&c->config.proxy, o->proxy, diag);
    if (r)
        return err_trace(r);
    r = tls_store_new(&c->config.store, o->ca_file, diag);
    if (r)
        return err_trace(r);
    return curl_bridge_init(&c->bridge, c->loop, CURL_SHARDS, o->connections_max, on_ended, c);
}

int http_client_new(struct http_client **ret, struct loop *l, const struct http_client_options *o,
                    struct diag *diag)
{
    struct http_client *c;
    int r;

    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return err_origin(-ENOMEM);
    c = calloc(1, sizeof(*c));
    if (!c) {
        curl_global_cleanup();
        return err_origin(-ENOMEM);
    }
    c->loop = l;
    c->config = (struct http_easy_config){
        .egress = o->egress,
        .response_bytes_kept = MIN(o->response_bytes_kept, o->response_bytes_max),
        .response_bytes_max = o->response_bytes_max,
    };
    list_init(&c->ending);
    defer_init(&c->end, on_end, c);
    defer_init(&c->close, on_close, c);
    r = client_init(c, o, diag);
    if (r) {
        client_free(c);
        return err_trace(r);
    }
    *ret = c;
    return 0;
}
