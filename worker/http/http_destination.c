/* SPDX-License-Identifier: Apache-2.0 */
/* http_destination.c: HTTP as a destination (destination.h): each attempt is one POST. */
#include "common/base/err.h"
#include "common/crypto/secret.h"
#include "common/model/endpoint_tls.h"
#include "worker/destination.h"
#include "worker/http/http_client.h"
#include "worker/http/http_request.h"
#include "worker/target.h"
#include <errno.h>

enum { CONNECTIONS_MIN = 4096 };

struct http_destination {
    struct http_client *client;
    const struct master_key *master_key;
};

/* One attempt. */
struct http_attempt {
    struct attempt *attempt;
    struct http_request request;
    struct http_call call;
};

static struct http_attempt *http_attempt_free(struct http_attempt *h)
{
    http_request_fini(&h->request);
    free(h);
    return NULL;
}

/* Asked by curl when the connection stands: however long we were held up, nothing goes out late. */
static bool http_destination_may_send(struct http_call *call)
{
    struct attempt *a = container_of(call, struct http_attempt, call)->attempt;

    return a->may_send(a);
}

static void http_destination_on_done(struct http_call *call, const struct attempt_result *result)
{
    struct http_attempt *h = container_of(call, struct http_attempt, call);

    h->attempt->done(h->attempt, result); /* Careful: it may be gone from here on. */
    http_attempt_free(h);
}

static void http_destination_post(struct http_destination *d, struct http_attempt *h)
{
    const struct attempt *a = h->attempt;

    h->call.target = a->target->prepared;
    h->call.shard = a->target->shard;
    h->call.timeout_ms = a->endpoint->policy.row.timeout_ms;
    h->call.body = buf_span(&h->request.body);
    h->call.headers = h->request.lines;
    h->call.n_headers = h->request.n_lines;
    h->call.may_send = http_destination_may_send;
    h->call.done = http_destination_on_done;
    http_call_start(d->client, &h->call);
}

static int http_destination_start(void *self, struct attempt *a, const struct attempt_input *in,
                                  struct diag *why)
{
    struct http_attempt *h = calloc(1, sizeof(*h));
    int r;

    (void)why;
    if (!h)
        return err_origin(-ENOMEM);
    h->attempt = a;
    http_request_init(&h->request);
    r = http_request_build(&h->request, a, in);
    if (r) {
        http_attempt_free(h);
        return r;
    }
    a->call = h;
    http_destination_post(self, h);
    return 0;
}

static void http_destination_cancel(struct attempt *a)
{
    http_call_cancel(&((struct http_attempt *)a->call)->call);
}

/* What was configured was checked then: a certificate that cannot be used now is not the URL's fault. */
static enum outcome_code http_destination_prepare(void **ret, void *self, const struct endpoint *e,
                                                  struct diag *why)
{
    struct http_destination *d = self;
    struct http_target_options o = {
        .url = e->url, .ca_pem = span_of(e->ca), .client_cert_pem = span_of(e->client_cert)};
    struct http_target *target = NULL;
    struct buf pem;
    int r;

    buf_init(&pem, SECRET_PLAIN_MAX);
    r = endpoint_open_client_key(&pem, e, d->master_key);
    o.client_key_pem = buf_span(&pem);
    if (r)
        (void)diag_set(why, "the endpoint's client_key cannot be used: %s", err_text(r));
    else
        r = http_target_new(&target, d->client, &o, why);
    buf_wipe(&pem);
    *ret = target;
    if (!r)
        return OUTCOME_OK;
    return e->ca[0] || e->client_key.len ? OUTCOME_SSL_ERROR : OUTCOME_INVALID_URL;
}

static void http_destination_release(void *prepared)
{
    http_target_unref(prepared);
}

static struct destination_stats http_destination_stats(const void *self)
{
    const struct http_destination *d = self;
    struct http_client_stats stats = http_client_stats(d->client);

    return (struct destination_stats){.connects = stats.connects, .in_flight = stats.in_flight};
}

static void http_destination_close(void *self, defer_fn *on_closed, void *arg)
{
    struct http_destination *d = self;

    http_client_close(d->client, on_closed, arg);
    free(d);
}

static int http_destination_open(void **ret, const struct destination_setup *setup,
                                 struct diag *diag)
{
    const struct settings *s = setup->settings;
    const struct http_client_options o = {
        .egress = setup->egress,
        .response_bytes_kept = (size_t)s->response_bytes_kept,
        .response_bytes_max = (size_t)s->response_bytes_max,
        .connections_max = MAX((unsigned)s->slots * 2, CONNECTIONS_MIN),
        .ca_file = s->tls_ca_file,
        .proxy = s->egress_proxy,
    };
    struct http_destination *d = calloc(1, sizeof(*d));
    int r;

    if (!d)
        return err_origin(-ENOMEM);
    d->master_key = setup->master_key;
    r = http_client_new(&d->client, setup->loop, &o, diag);
    if (r) {
        free(d);
        return r;
    }
    *ret = d;
    return 0;
}

const struct destination destination_http = {
    .open = http_destination_open,
    .close = http_destination_close,
    .prepare = http_destination_prepare,
    .release = http_destination_release,
    .start = http_destination_start,
    .cancel = http_destination_cancel,
    .stats = http_destination_stats,
};
