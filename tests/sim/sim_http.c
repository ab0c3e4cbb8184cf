/* SPDX-License-Identifier: Apache-2.0 */
/* sim_http.c: http_client.h without curl: a call connects, asks whether it may send, is seen by the receiver (receiver.h),
 * and is answered, each at a time that is drawn. */
#include "receiver.h"
#include "sim.h"
#include "worker/http/http_client.h"
#include <assert.h>
#include <stdio.h>

struct http_client {
    struct process *process;
    unsigned n_in_flight;
    uint64_t n_calls;
};

struct http_target {
    unsigned n_refs;
    char url[300];
};

enum phase { CONNECTING, ANSWERING, REFUSED };

struct http_easy { /* a call on its way */
    enum phase phase;
    int64_t begun_us, next_us, started_us;
    struct receiver_answer answer;
};

int http_client_new(struct http_client **ret, struct loop *l, const struct http_client_options *o,
                    struct diag *diag)
{
    (void)o, (void)diag;
    *ret = calloc(1, sizeof(**ret));
    assert(*ret);
    (*ret)->process = l->uv.data;
    return 0;
}

void http_client_close(struct http_client *c, defer_fn *on_closed, void *arg)
{
    assert(c->n_in_flight == 0);
    sim_later(c->process, on_closed, arg);
    free(c);
}

struct http_client_stats http_client_stats(const struct http_client *c)
{
    return (struct http_client_stats){.calls = c->n_calls, .in_flight = c->n_in_flight};
}

int http_target_new(struct http_target **ret, struct http_client *c,
                    const struct http_target_options *o, struct diag *diag)
{
    (void)c, (void)diag;
    *ret = calloc(1, sizeof(**ret));
    assert(*ret);
    (*ret)->n_refs = 1;
    (void)snprintf((*ret)->url, sizeof((*ret)->url), "%s", o->url);
    return 0;
}

struct http_target *http_target_ref(struct http_target *t)
{
    t->n_refs++;
    return t;
}

struct http_target *http_target_unref(struct http_target *t)
{
    if (t && --t->n_refs == 0)
        free(t);
    return NULL;
}

void http_call_start(struct http_client *c, struct http_call *call)
{
    call->client = c;
    call->is_cancelled = false;
    call->easy = calloc(1, sizeof(*call->easy));
    assert(call->easy);
    http_target_ref(call->target);
    call->easy->begun_us = sim.now_us;
    call->easy->next_us = sim.now_us + receiver_connect_us();
    list_push_back(&c->process->calls, &call->link);
    c->n_in_flight++;
    c->n_calls++;
}

void http_call_cancel(struct http_call *call)
{
    call->is_cancelled = true;
    call->easy->next_us = sim.now_us;
}

static void finish(struct http_call *call, const struct attempt_result *result)
{
    struct http_easy *easy = TAKE(call->easy);

    list_remove(&call->link);
    call->client->n_in_flight--;
    http_target_unref(call->target);
    call->done(call, result); /* it borrows from @easy */
    free(easy);
}

static void send_it(struct http_call *call)
{
    struct http_easy *e = call->easy;

    if (call->may_send && !call->may_send(call)) {
        e->phase = REFUSED;
        return;
    }
    sim.n_ops++;
    e->phase = ANSWERING;
    e->started_us = sim.now_us;
    receiver_take(&e->answer, call->headers, call->n_headers, call->client->process);
    e->next_us = sim.now_us + MIN(e->answer.after_us, call->timeout_ms * 1000);
    if (e->answer.after_us > call->timeout_ms * 1000) {
        e->answer.error = OUTCOME_TIMEOUT;
        receiver.seen[receiver.n_seen - 1].status = 0;
    }
}

static void end_it(struct http_call *call)
{
    const struct http_easy *e = call->easy;
    struct attempt_result result = {.error = e->answer.error,
                                    .status = e->answer.error ? 0 : e->answer.status,
                                    .retry_after = span_of(e->answer.retry_after),
                                    .started_us = e->started_us,
                                    .ended_us = sim.now_us,
                                    .connect_us = e->started_us ? e->started_us - e->begun_us : 0};

    if (call->is_cancelled)
        result = (struct attempt_result){.error = OUTCOME_NETWORK_ERROR,
                                         .message = "cancelled",
                                         .started_us = e->started_us,
                                         .ended_us = sim.now_us};
    else if (e->phase == REFUSED)
        result.is_refused_by_owner = true;
    finish(call, &result);
}

static struct http_call *find(const struct process *p, unsigned index, unsigned *ret_n)
{
    *ret_n = 0;
    list_for_each (node, &p->calls) {
        struct http_call *call = list_entry(node, struct http_call, link);

        if (call->easy->next_us <= sim.now_us && (*ret_n)++ == index)
            return call;
    }
    return NULL;
}

unsigned sim_http_choices(const struct process *p)
{
    unsigned n;

    (void)find(p, UINT32_MAX, &n);
    return n;
}

void sim_http_do(struct process *p, unsigned index)
{
    unsigned n;
    struct http_call *call = find(p, index, &n);

    if (call->easy->phase == CONNECTING && !call->is_cancelled)
        send_it(call);
    else
        end_it(call);
}

int64_t sim_http_next_us(const struct process *p)
{
    int64_t next_us = INT64_MAX;

    list_for_each (node, &p->calls)
        next_us = MIN(next_us, list_entry(node, struct http_call, link)->easy->next_us);
    return next_us;
}

void sim_http_forget(struct process *p)
{
    while (list_pop(&p->calls))
        ;
}
