/* SPDX-License-Identifier: Apache-2.0 */
/* handshake_ours.c: the worker's HTTP client. */
#include "bench/handshake.h"
#include "common/base/err.h"
#include "worker/http/http_client.h"
#include <stdio.h>

struct ours {
    struct loop loop;
    struct http_client *client;
    struct http_target *target;
    struct http_call call;
    bool is_over, is_closed;
    struct diag why; /* "": it was answered */
};

static void on_done(struct http_call *call, const struct attempt_result *result)
{
    struct ours *o = container_of(call, struct ours, call);

    o->is_over = true;
    o->why.text[0] = '\0';
    if (result->error != OUTCOME_OK || result->status != 200)
        (void)snprintf(o->why.text, sizeof(o->why.text), "status %d: %.150s", result->status,
                       result->message);
}

static void handshake_ours_on_closed(void *arg)
{
    ((struct ours *)arg)->is_closed = true;
}

static int handshake_ours_call_once(struct ours *o, struct diag *diag)
{
    o->call.target = o->target;
    o->call.timeout_ms = 10000;
    o->call.body = SPAN("{}");
    o->call.done = on_done;
    o->is_over = false;
    http_call_start(o->client, &o->call);
    while (!o->is_over)
        uv_run(&o->loop.uv, UV_RUN_ONCE);
    return o->why.text[0] ? diag_set(diag, "%.190s", o->why.text) : 0;
}

static int handshake_ours_measure(struct ours *o, struct handshake_result *ret, unsigned n,
                                  struct diag *diag)
{
    int r = handshake_ours_call_once(o, diag); /* what happens once only is not in the measure */
    uint64_t connects = http_client_stats(o->client).connects;
    int64_t start_us = handshake_cpu_us();

    for (unsigned i = 0; i < n && !r; i++)
        r = handshake_ours_call_once(o, diag);
    ret->cpu_us = handshake_cpu_us() - start_us;
    ret->n_connects = (unsigned)(http_client_stats(o->client).connects - connects);
    return r;
}

static int handshake_ours_run(struct ours *ours, const struct egress_policy *egress,
                              struct handshake_result *ret, const struct handshake_options *o,
                              struct diag *diag)
{
    struct http_client_options client = {.egress = egress,
                                         .response_bytes_kept = 1024,
                                         .response_bytes_max = 65536,
                                         .connections_max = 1024,
                                         .ca_file = o->ca_file};
    struct http_target_options target = {.url = o->url, .ca_pem = span_of(o->extra_ca)};
    int64_t start_us = handshake_cpu_us();
    int r = http_client_new(&ours->client, &ours->loop, &client, diag);

    if (r)
        return r;
    r = http_target_new(&ours->target, ours->client, &target, diag);
    ret->start_us = handshake_cpu_us() - start_us;
    r = r ? r : handshake_ours_measure(ours, ret, o->n, diag);
    http_target_unref(ours->target);
    http_client_close(ours->client, handshake_ours_on_closed, ours);
    while (!ours->is_closed)
        uv_run(&ours->loop.uv, UV_RUN_ONCE);
    return r;
}

int handshake_ours(struct handshake_result *ret, const struct handshake_options *o,
                   struct diag *diag)
{
    struct ours ours = {.client = NULL};
    struct egress_policy egress;
    int r = egress_policy_parse(&egress, "127.0.0.0/8", "443", diag);

    r = r ? r : loop_init(&ours.loop);
    if (r)
        return r;
    r = handshake_ours_run(&ours, &egress, ret, o, diag);
    loop_fini(&ours.loop);
    return r;
}
