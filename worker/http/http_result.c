/* http_result.c: from what curl says of a call to what the owner is told. */
#include "common/base/clock.h"
#include "common/base/err.h"
#include "worker/http/http_easy.h"
#include <errno.h>
#include <stdio.h>

/* For a person and a log line: what a receiver may have put into curl's words stays printable. */
static void set_message(struct http_result *ret, const char *text)
{
    size_t len = strnlen(text, sizeof(ret->message) - 1);

    for (size_t i = 0; i < len; i++)
        ret->message[i] = text[i] >= ' ' && text[i] != 0x7f ? text[i] : '?';
    ret->message[len] = '\0';
}

void http_result_fail(struct http_result *ret, enum outcome_code code, const char *message)
{
    *ret = (struct http_result){.error = code, .ended_us = clock_mono_us()};
    set_message(ret, message);
}

/* Is what went wrong the egress proxy's? Until it has let us through to the endpoint, it is. For
 * plain http there is no sign of that before the request itself. */
static bool is_at_proxy(const struct http_easy *e)
{
    return !e->is_mail && e->config->proxy.url[0] && !e->has_connected && !e->started_us;
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

    if (e->is_mail && e->opened_us)
        return "the mail server did not greet us, or did not log us in";
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

static void fail_timeout(struct http_easy *e, struct http_result *ret)
{
    ret->error = OUTCOME_TIMEOUT;
    (void)snprintf(ret->message, sizeof(ret->message), "no answer within %lld ms: %s",
                   (long long)MAX(e->call->timeout_ms, 1), phase_words(e));
}

static void fail_egress(struct http_easy *e, struct http_result *ret)
{
    struct diag diag = {""};

    (void)egress_check_address(e->config->egress, &e->refused.any, &diag);
    ret->error = OUTCOME_INVALID_URL;
    set_message(ret, diag.text);
}

/* Whatever it was: nothing reached the endpoint. */
static void fail_proxy(struct http_easy *e, CURLcode code, struct http_result *ret)
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
    set_message(ret, text);
}

/* curl's last words are "Couldn't connect to server"; the reason is the system's. */
static void connect_words(struct http_easy *e)
{
    char text[CURL_ERROR_SIZE];
    const char *end = strrchr(e->error, ':');
    long error = e->open_error;

    if (!error)
        (void)curl_easy_getinfo(e->curl, CURLINFO_OS_ERRNO, &error);
    if (error && end)
        (void)snprintf(text, sizeof(text), "%.*s: %s", (int)(end - e->error), e->error,
                       err_text(-(int)error));
    else
        (void)snprintf(text, sizeof(text), "%s", e->error[0] ? e->error : "could not connect");
    memcpy(e->error, text, sizeof(text));
}

/* OpenSSL's words for what a user may have to mend. */
static const struct {
    const char *text, *meaning;
} tls_meanings[] = {
    {"alert protocol version", "the receiver speaks no TLS 1.2 or later"},
    {"unsupported protocol", "the receiver speaks no TLS 1.2 or later"},
    {"wrong version number", "the receiver does not speak TLS on this port"},
    {"alert certificate required", "the receiver wants a client certificate"},
    {"alert certificate expired", "the receiver says that the client certificate has expired"},
    {"alert bad certificate", "the receiver refused the client certificate"},
    {"alert unknown ca", "the receiver does not trust the client certificate"},
    {"alert certificate unknown", "the receiver refused the client certificate"},
    {"alert unsupported certificate", "the receiver refused the client certificate"},
    {"alert handshake failure", "the receiver ended the TLS handshake; it may want a client "
                                "certificate, or other ciphers"},
};

/* TLS within a proxy's TLS: curl (7.88 and 8.14) loses OpenSSL's reason when it sends the alert. */
static bool has_lost_reason(const struct http_easy *e)
{
    return e->config->proxy.is_tls && !e->started_us &&
           (strstr(e->error, "SSL_ERROR_SYSCALL") || strstr(e->error, "reason(0)"));
}

static const char *tls_meaning(const char *words)
{
    for (size_t i = 0; i < ARRAY_LEN(tls_meanings); i++)
        if (strstr(words, tls_meanings[i].text))
            return tls_meanings[i].meaning;
    return NULL;
}

static void fail_tls(struct http_easy *e, CURLcode code, struct http_result *ret)
{
    const char *words = e->error[0] ? e->error : curl_easy_strerror(code);
    const char *meaning = tls_meaning(words);
    char text[CURL_ERROR_SIZE + 128];

    if (has_lost_reason(e))
        meaning = "the certificate was not trusted, or the connection was cut";
    (void)snprintf(text, sizeof(text), "%s%s%s%s", meaning ? meaning : "", meaning ? " (" : "",
                   words, meaning ? ")" : "");
    ret->error = OUTCOME_SSL_ERROR;
    set_message(ret, text);
}

/* In TLS 1.3 a receiver judges our certificate when we have sent the request already. */
static bool is_late_alert(const struct http_easy *e, CURLcode code)
{
    return e->started_us && (code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR) &&
           strstr(e->error, "alert ") && tls_meaning(e->error);
}

static enum outcome_code outcome_of_code(CURLcode code)
{
    switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return OUTCOME_INVALID_URL;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_CLIENTCERT:
        return OUTCOME_SSL_ERROR;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR:
    case CURLE_PROXY:
        return OUTCOME_NETWORK_ERROR;
    default:
        return OUTCOME_UNKNOWN_ERROR;
    }
}

static void fail_other(struct http_easy *e, CURLcode code, struct http_result *ret)
{
    ret->error = outcome_of_code(code);
    if (ret->error == OUTCOME_SSL_ERROR || is_late_alert(e, code)) {
        fail_tls(e, code, ret);
        return;
    }
    /* Once the request is out, it is the receiver that is at fault, whatever curl calls it. */
    if (e->started_us)
        ret->error = OUTCOME_NETWORK_ERROR;
    if (e->started_us && code == CURLE_OUT_OF_MEMORY) /* so curl 7.88 has it */
        set_message(ret, "the answer has a header line over 100 KiB, or memory ran out");
    else
        set_message(ret, e->error[0] ? e->error : curl_easy_strerror(code));
}

static void http_result_do_fail(struct http_result *ret, enum outcome_code code, const char *words)
{
    ret->error = code;
    set_message(ret, words);
}

static void http_result_answered(struct http_easy *e, struct http_result *ret)
{
    long status = 0;

    (void)curl_easy_getinfo(e->curl, CURLINFO_RESPONSE_CODE, &status);
    ret->status = (int)status;
    ret->body = buf_span(&e->body);
    ret->retry_after = buf_span(&e->retry_after);
}

void http_easy_mail_result(struct http_easy *e, const struct mail_told *told,
                           struct http_result *ret)
{
    http_result_fail(ret, told->error, told->words);
    ret->status = told->status;
    ret->body = buf_span(&e->body);
    ret->started_us = e->started_us;
    ret->connect_us = e->connect_us;
}

void http_easy_result(struct http_easy *e, CURLcode code, struct http_result *ret)
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
        connect_words(e);

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
