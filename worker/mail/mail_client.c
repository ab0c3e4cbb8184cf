/* SPDX-License-Identifier: Apache-2.0 */
/* mail_client.c: see mail_client.h.
 *
 *   start ──► curl connects and logs in ──► mail_session ──► done
 *     └── no memory, cancelled ──► ending ──► done, on the next turn */
#include "worker/mail/mail_client.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "worker/curl/curl_words.h"
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>

enum { READ_BYTES = 2048 };

struct mail_client {
    struct loop *loop;
    struct curl_bridge bridge;
    struct mail_client_options options;
    struct smtp smtp;
    struct list ending; /* struct mail_call: over, their callback due on the next turn */
    struct defer end, close;
    struct mail_client_stats stats;
    defer_fn *on_closed;
    void *on_closed_arg;
};

/* ---- the end of a call ---- */

/* Gives the call back to its owner. */
static void mail_client_finish(struct mail_call *call, const struct attempt_result *result)
{
    CURL *curl = TAKE(call->curl);
    struct curl_shard *shard = TAKE(call->shard);
    struct buf reply = call->reply; /* @result may borrow from it */

    call->client->stats.in_flight--;
    call->done(call, result); /* Careful: @call may be gone from here on. */
    buf_fini(&reply);
    curl_easy_cleanup(curl);
    if (shard)
        curl_shard_free(shard);
}

static void mail_client_end_later(struct mail_call *call)
{
    list_push_back(&call->client->ending, &call->link);
    loop_defer(call->client->loop, &call->client->end);
}

static void mail_client_on_end(void *arg)
{
    struct mail_client *c = arg;
    struct attempt_result result;
    struct list now;
    struct list *node;

    list_init(&now);
    list_move_all(&now, &c->ending);
    while ((node = list_pop(&now))) {
        struct mail_call *call = list_entry(node, struct mail_call, link);

        if (call->is_cancelled)
            curl_words_fail(&result, OUTCOME_NETWORK_ERROR, "cancelled");
        else
            curl_words_fail(&result, OUTCOME_UNKNOWN_ERROR, "out of memory");
        result.started_us = call->started_us;
        mail_client_finish(call, &result);
    }
}

/* ---- the session ---- */

static void mail_client_on_told(void *arg, const struct mail_told *told)
{
    struct mail_call *call = arg;
    struct attempt_result result;

    call->session = mail_session_free(call->session);
    curl_shard_remove(call->shard, call->curl); /* closes the connection */
    curl_words_fail(&result, told->error, told->words);
    result.status = told->status;
    result.body = buf_span(&call->reply);
    result.started_us = call->started_us;
    result.connect_us = call->connect_us;
    mail_client_finish(call, &result);
}

static int mail_client_tell(struct mail_call *call)
{
    int64_t past_ms = (clock_mono_us() - call->opened_us) / 1000;
    struct mail_session_options o = {
        .loop = call->client->loop,
        .curl = call->curl,
        .from = call->client->options.from,
        .to = call->to,
        .message = call->message,
        .timeout_ms = MAX(call->timeout_ms - past_ms, 1),
        .reply = &call->reply,
        .done = mail_client_on_told,
        .arg = call,
    };

    return mail_session_new(&call->session, &o);
}

/* ---- what curl tells ---- */

static curl_socket_t mail_client_on_open(void *arg, curlsocktype purpose,
                                         struct curl_sockaddr *address)
{
    struct mail_call *call = arg;
    curl_socket_t fd = curl_shard_open_socket(call->shard, address);

    (void)purpose;
    if (fd == CURL_SOCKET_BAD) {
        call->open_error = errno;
        return fd;
    }
    if (!call->opened_us)
        call->opened_us = clock_mono_us();
    call->client->stats.connects++;
    return fd;
}

/* Curl has logged in. */
static int mail_client_on_before_send(void *arg, char *ip, char *local_ip, int port, int local_port)
{
    struct mail_call *call = arg;

    (void)ip, (void)local_ip, (void)port, (void)local_port;
    if (call->may_send && !call->may_send(call)) {
        call->is_refused_by_owner = true;
        return CURL_PREREQFUNC_ABORT;
    }
    call->started_us = clock_mono_us();
    call->connect_us = MAX(call->started_us - call->opened_us, 1);
    return CURL_PREREQFUNC_OK;
}

static CURLcode mail_client_on_tls_context(CURL *curl, void *context, void *arg)
{
    const struct mail_call *call = arg;

    (void)curl;
    SSL_CTX_set1_cert_store(context, call->client->smtp.store);
    return CURLE_OK;
}

static void mail_client_fail_timeout(const struct mail_call *call, struct attempt_result *ret)
{
    char text[sizeof(ret->message)];

    (void)snprintf(text, sizeof(text), "no answer within %lld ms: %s",
                   (long long)MAX(call->timeout_ms, 1),
                   call->opened_us ? "the mail server did not greet us, or did not log us in"
                                   : "the host name was not resolved");
    ret->error = OUTCOME_TIMEOUT;
    curl_words_set(ret, text);
}

/* Curl did not come as far as to be logged in. */
static void mail_client_result(struct mail_call *call, CURLcode code, struct attempt_result *ret)
{
    const char *words;

    if (code == CURLE_COULDNT_CONNECT)
        curl_words_connect(call->error, call->curl, call->open_error);
    words = call->error[0] ? call->error : curl_easy_strerror(code);
    curl_words_fail(ret, curl_words_code(code), words);
    if (call->is_refused_by_owner)
        curl_words_fail(ret, OUTCOME_UNKNOWN_ERROR, "not sent: refused by its owner");
    else if (code == CURLE_OPERATION_TIMEDOUT)
        mail_client_fail_timeout(call, ret);
    else if (ret->error == OUTCOME_SSL_ERROR)
        curl_words_fail_tls(ret, words, curl_words_tls_meaning(words));
    ret->is_refused_by_owner = call->is_refused_by_owner;
    ret->started_us = call->started_us;
    ret->connect_us = call->connect_us;
}

static void mail_client_on_ended(void *arg, CURL *curl, CURLcode code)
{
    struct attempt_result result;
    struct mail_call *call;
    char *private = NULL;

    (void)arg;
    (void)curl_easy_getinfo(curl, CURLINFO_PRIVATE, &private);
    call = (void *)private;
    if (code == CURLE_OK && mail_client_tell(call) == 0)
        return;
    curl_shard_remove(call->shard, curl);
    mail_client_result(call, code ? code : CURLE_OUT_OF_MEMORY, &result);
    mail_client_finish(call, &result);
}

/* ---- calls ---- */

#define SET(option, value) (curl_easy_setopt(call->curl, (option), (value)) != CURLE_OK)

static bool mail_client_set(struct mail_call *call)
{
    struct mail_client *c = call->client;

    return !smtp_set(&c->smtp, call->curl) || SET(CURLOPT_PRIVATE, call) ||
           SET(CURLOPT_ERRORBUFFER, call->error) || SET(CURLOPT_CONNECT_ONLY, 1L) ||
           SET(CURLOPT_OPENSOCKETFUNCTION, mail_client_on_open) ||
           SET(CURLOPT_OPENSOCKETDATA, call) ||
           SET(CURLOPT_CLOSESOCKETFUNCTION, curl_bridge_close_socket) ||
           SET(CURLOPT_CLOSESOCKETDATA, &c->bridge) ||
           SET(CURLOPT_PREREQFUNCTION, mail_client_on_before_send) ||
           SET(CURLOPT_PREREQDATA, call) || SET(CURLOPT_BUFFERSIZE, (long)READ_BYTES) ||
           SET(CURLOPT_TIMEOUT_MS, (long)MAX(call->timeout_ms, 1)) ||
           SET(CURLOPT_SSL_VERIFYPEER, 1L) || SET(CURLOPT_SSL_VERIFYHOST, 2L) ||
           SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) || SET(CURLOPT_CAINFO, NULL) ||
           SET(CURLOPT_CAPATH, NULL) || SET(CURLOPT_SSL_CTX_FUNCTION, mail_client_on_tls_context) ||
           SET(CURLOPT_SSL_CTX_DATA, call);
}

void mail_call_start(struct mail_client *c, struct mail_call *call)
{
    call->client = c;
    c->stats.in_flight++;
    list_init(&call->link);
    buf_init(&call->reply, c->options.reply_bytes_kept);
    call->curl = curl_easy_init();
    if (!call->curl || curl_shard_new(&call->shard, &c->bridge) || mail_client_set(call) ||
        curl_shard_add(call->shard, call->curl))
        mail_client_end_later(call);
}

void mail_call_cancel(struct mail_call *call)
{
    if (call->is_cancelled)
        return;
    call->is_cancelled = true;
    if (!list_is_empty(&call->link)) /* over already; its callback is due */
        return;
    call->session = mail_session_free(call->session);
    curl_shard_remove(call->shard, call->curl);
    mail_client_end_later(call);
}

struct mail_client_stats mail_client_stats(const struct mail_client *c)
{
    return c->stats;
}

/* ---- life ---- */

static void mail_client_free(struct mail_client *c)
{
    smtp_fini(&c->smtp);
    free(c);
    curl_global_cleanup();
}

static void mail_client_on_bridge_closed(void *arg)
{
    struct mail_client *c = arg;
    defer_fn *on_closed = c->on_closed;
    void *on_closed_arg = c->on_closed_arg;

    mail_client_free(c);
    on_closed(on_closed_arg);
}

static void mail_client_on_close(void *arg)
{
    struct mail_client *c = arg;

    curl_bridge_close(&c->bridge, mail_client_on_bridge_closed, c);
}

void mail_client_close(struct mail_client *c, defer_fn *on_closed, void *arg)
{
    c->on_closed = on_closed;
    c->on_closed_arg = arg;
    /* On the next turn: this may be the last call's callback, and curl's handle still in use. */
    loop_defer(c->loop, &c->close);
}

int mail_client_new(struct mail_client **ret, struct loop *l, const struct mail_client_options *o,
                    struct diag *diag)
{
    struct mail_client *c;
    int r;

    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return err_origin(-ENOMEM);
    c = calloc(1, sizeof(*c));
    if (!c) {
        curl_global_cleanup();
        return err_origin(-ENOMEM);
    }
    c->loop = l;
    c->options = *o;
    list_init(&c->ending);
    defer_init(&c->end, mail_client_on_end, c);
    defer_init(&c->close, mail_client_on_close, c);
    r = smtp_init(&c->smtp, &o->smtp, diag);
    r = r ? r : curl_bridge_init(&c->bridge, l, 1, 1, mail_client_on_ended, c);
    if (r) {
        mail_client_free(c);
        return err_trace(r);
    }
    *ret = c;
    return 0;
}
