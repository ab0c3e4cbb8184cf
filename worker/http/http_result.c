/* SPDX-License-Identifier: Apache-2.0 */
/* http_result.c: from what curl says of a call to what the owner is told. */
#include "common/base/clock.h"
#include "common/base/err.h"
#include "worker/curl/curl_words.h"
#include "worker/http/http_easy.h"
#include <errno.h>
#include <stdio.h>

/* Is what went wrong the egress proxy's? Until it has let us through to the endpoint, it is. For
 * plain http there is no sign of that before the request itself. */
static bool is_at_proxy(const struct http_easy *e)
{
    return e->config->proxy.url[0] && !e->has_connected && !e->started_us;
}

static const char *proxy_phase_words(const struct http_easy *e)
{
    if (!e->opened_us)
        return "the egress proxy's name was not resolved";
    if (e->config->proxy.is_tls && !e->has_met_proxy)
        return "no connection was made to the egress proxy";
    return "the egress proxy did not let us through";
}

static const char *phase_words(struct http_easy *e)
{
    curl_off_t sent = 0;

    if (is_at_proxy(e))
        return proxy_phase_words(e);

    (void)curl_easy_getinfo(e->curl, CURLINFO_SIZE_UPLOAD_T, &sent);
    if (e->answer_headers)
        return "the answer began but did not end";
    if (e->started_us && (size_t)sent < e->call->body.len)
        return "the request was not taken in full";
    if (e->started_us)
        return "the request was sent, nothing came back";
    if (!e->opened_us)
        return "the host name was not resolved";
    return e->has_connected ? "the TLS handshake did not end" : "no connection was made";
}

static void fail_timeout(struct http_easy *e, struct attempt_result *ret)
{
    ret->error = OUTCOME_TIMEOUT;
    (void)snprintf(ret->message, sizeof(ret->message), "no answer within %lld ms: %s",
                   (long long)MAX(e->call->timeout_ms, 1), phase_words(e));
}

static void fail_egress(struct http_easy *e, struct attempt_result *ret)
{
    struct diag diag = {""};

    (void)egress_check_address(e->config->egress, &e->refused.any, &diag);
    ret->error = OUTCOME_INVALID_URL;
    curl_words_set(ret, diag.text);
}

/* Whatever it was: nothing reached the endpoint. */
static void fail_proxy(struct http_easy *e, CURLcode code, struct attempt_result *ret)
{
    char text[CURL_ERROR_SIZE + 64];
    long status = 0;

    (void)curl_easy_getinfo(e->curl, CURLINFO_HTTP_CONNECTCODE, &status);
    if (status >= 300)
        (void)snprintf(text, sizeof(text), "egress proxy: refused CONNECT with status %ld%s",
                       status, status == 407 ? ": it wants a user name and password" : "");
    else
        (void)snprintf(text, sizeof(text), "egress proxy: %s",
                       e->error[0] ? e->error : curl_easy_strerror(code));
    ret->error = OUTCOME_NETWORK_ERROR;
    curl_words_set(ret, text);
}

/* TLS within a proxy's TLS: curl (7.88 and 8.14) loses OpenSSL's reason when it sends the alert. */
static bool has_lost_reason(const struct http_easy *e)
{
    return e->config->proxy.is_tls && !e->started_us &&
           (strstr(e->error, "SSL_ERROR_SYSCALL") || strstr(e->error, "reason(0)"));
}

static void fail_tls(struct http_easy *e, CURLcode code, struct attempt_result *ret)
{
    const char *words = e->error[0] ? e->error : curl_easy_strerror(code);

    curl_words_fail_tls(ret, words,
                        has_lost_reason(e)
                            ? "the certificate was not trusted, or the connection was cut"
                            : curl_words_tls_meaning(words));
}

/* In TLS 1.3 a receiver judges our certificate when we have sent the request already. */
static bool is_late_alert(const struct http_easy *e, CURLcode code)
{
    return e->started_us && (code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR) &&
           strstr(e->error, "alert ") && curl_words_tls_meaning(e->error);
}

static void fail_other(struct http_easy *e, CURLcode code, struct attempt_result *ret)
{
    ret->error = curl_words_code(code);
    if (ret->error == OUTCOME_SSL_ERROR || is_late_alert(e, code)) {
        fail_tls(e, code, ret);
        return;
    }
    /* Once the request is out, it is the receiver that is at fault, whatever curl calls it. */
    if (e->started_us)
        ret->error = OUTCOME_NETWORK_ERROR;
    if (e->started_us && code == CURLE_OUT_OF_MEMORY) /* so curl 7.88 has it */
        curl_words_set(ret, "the answer has a header line over 100 KiB, or memory ran out");
    else
        curl_words_set(ret, e->error[0] ? e->error : curl_easy_strerror(code));
}

static void http_result_do_fail(struct attempt_result *ret, enum outcome_code code,
                                const char *words)
{
    ret->error = code;
    curl_words_set(ret, words);
}

static void http_result_answered(struct http_easy *e, struct attempt_result *ret)
{
    long status = 0;

    (void)curl_easy_getinfo(e->curl, CURLINFO_RESPONSE_CODE, &status);
    ret->status = (int)status;
    ret->body = buf_span(&e->body);
    ret->retry_after = buf_span(&e->retry_after);
}

void http_easy_result(struct http_easy *e, CURLcode code, struct attempt_result *ret)
{
    ret->error = OUTCOME_OK;
    ret->message[0] = '\0';
    ret->status = 0;
    ret->body = ret->retry_after = (struct span){NULL, 0};
    ret->started_us = e->started_us;
    ret->ended_us = clock_mono_us();
    ret->connect_us = e->connect_us;
    ret->is_refused_by_owner = e->is_refused_by_owner;
    if (code == CURLE_COULDNT_CONNECT)
        curl_words_connect(e->error, e->curl, e->open_error);

    if (code == CURLE_OK || e->has_long_body)
        http_result_answered(e, ret);
    else if (e->is_refused_by_owner)
        http_result_do_fail(ret, OUTCOME_UNKNOWN_ERROR, "not sent: refused by its owner");
    else if (e->is_sent_again)
        http_result_do_fail(ret, OUTCOME_NETWORK_ERROR,
                            "the connection was closed before an answer came");
    else if (e->has_long_headers)
        http_result_do_fail(ret, OUTCOME_NETWORK_ERROR,
                            "the answer's headers exceed 256 lines or 64 KiB");
    else if (code == CURLE_OPERATION_TIMEDOUT)
        fail_timeout(e, ret);
    else if (e->refused.any.sa_family != AF_UNSPEC && !e->has_called)
        fail_egress(e, ret);
    else if (is_at_proxy(e))
        fail_proxy(e, code, ret);
    else
        fail_other(e, code, ret);
}
