/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/http/http_easy.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "worker/http/http_target.h"
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <strings.h>

enum {
    /* Memory per call in flight is mostly this. Answers are small; a large one costs some more
       reads. */
    READ_BYTES = 2048,
    /* The least that curl takes. Newer ones (8.14) hold it until the answer is there. */
    SEND_BYTES = 16384,
    /* Many receivers close a connection that was idle for 5 s. A request that crosses that close on
     * its way fails, and must not be sent again under the same permit: so let go before them. */
    IDLE_S_MAX = 4,
    DNS_CACHE_S = 60,
    BODY_SIZE_RETAINED = 4096, /* by a pooled handle */
};

/* Ends each request's list: an empty value takes curl's own header away. */
static char accept_line[] = "Accept:", expect_line[] = "Expect:", type_line[] = "Content-Type:";
static struct curl_slist no_accept = {accept_line, NULL};
static struct curl_slist no_expect = {expect_line, &no_accept};
static struct curl_slist no_headers = {type_line,
                                       &no_expect}; /* the owner's stands before and wins */

/* ---- what curl tells ---- */

static void note_refused(struct http_easy *e, const struct curl_sockaddr *address)
{
    memset(&e->refused, 0, sizeof(e->refused));
    memcpy(&e->refused, &address->addr, MIN(address->addrlen, sizeof(e->refused)));
    e->refused.any.sa_family = (sa_family_t)address->family;
}

static bool has_proxy(const struct http_easy *e)
{
    return e->config->proxy.url[0] != '\0';
}

/* Here, and not at the look-up, as this is the address that a connection is really made to; or it
 * is the proxy's, which the operator has chosen. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_easy *e = arg;
    curl_socket_t fd;

    (void)purpose;
    if (e->started_us) { /* see on_before_send() */
        e->is_sent_again = true;
        return CURL_SOCKET_BAD;
    }
    e->has_met_proxy = false;
    if (!has_proxy(e) && egress_check_address(e->config->egress, &address->addr, NULL)) {
        note_refused(e, address);
        return CURL_SOCKET_BAD;
    }
    e->has_called = true;
    fd = curl_shard_open_socket(e->shard, address);
    if (fd == CURL_SOCKET_BAD) {
        e->open_error = errno;
        return fd;
    }
    e->opened = fd;
    if (!e->opened_us)
        e->opened_us = clock_mono_us();
    e->config->n_connects++;
    return fd;
}

/* The connection stands, fresh or reused.
 *
 * When a reused connection dies before any answer, curl would send the request again on another.
 * The receiver may have had it, though: one permit would count twice, and nobody would know of the
 * second. So a call is sent once; what comes next is the scheduler's to decide. */
static int on_before_send(void *arg, char *ip, char *local_ip, int port, int local_port)
{
    struct http_easy *e = arg;

    (void)ip, (void)local_ip, (void)port;
    if (e->started_us) {
        e->is_sent_again = true;
        return CURL_PREREQFUNC_ABORT;
    }
    if (e->call->may_send && !e->call->may_send(e->call)) {
        e->is_refused_by_owner = true;
        return CURL_PREREQFUNC_ABORT;
    }
    e->started_us = clock_mono_us();
    if (e->opened_us) {
        e->connect_us = MAX(e->started_us - e->opened_us, 1);
        curl_shard_keep_socket(e->shard, e->opened, local_port);
    }
    return CURL_PREREQFUNC_OK;
}

static void note_retry_after(struct http_easy *e, struct span value)
{
    while (value.len && strchr(" \t", value.data[0]))
        value.data++, value.len--;
    while (value.len && strchr(" \t\r\n", value.data[value.len - 1]))
        value.len--;
    buf_clear(&e->retry_after);
    if (value.len && value.len <= HTTP_RETRY_AFTER_BYTES_MAX)
        buf_add_span(&e->retry_after, value);
}

static size_t http_easy_on_header(char *line, size_t one, size_t len, void *arg)
{
    static const struct span wanted = {"retry-after:", 12};
    struct http_easy *e = arg;

    (void)one;
    e->answer_header_bytes += len;
    if (++e->answer_headers > HTTP_ANSWER_HEADERS_MAX ||
        e->answer_header_bytes > HTTP_ANSWER_HEADERS_BYTES_MAX) {
        e->has_long_headers = true;
        return 0;
    }
    if (len > wanted.len && (line[0] | 0x20) == 'r' &&
        strncasecmp(line, wanted.data, wanted.len) == 0)
        note_retry_after(e, (struct span){line + wanted.len, len - wanted.len});
    else if (len > 5 && memcmp(line, "HTTP/", 5) == 0)
        buf_clear(&e->retry_after); /* what a 1xx said is not the answer's */
    return len;
}

static size_t http_easy_on_body(char *data, size_t one, size_t len, void *arg)
{
    struct http_easy *e = arg;
    size_t room = e->config->response_bytes_kept - e->body.len;

    (void)one;
    if (MIN(len, room))
        buf_add(&e->body, data, MIN(len, room));
    e->body_bytes += len;
    if (e->body_bytes <= e->config->response_bytes_max)
        return len;
    e->has_long_body = true;
    return 0;
}

/* With an https:// proxy curl asks twice on each connection and does not say for whom: the first
 * is the proxy, which must neither be trusted by an endpoint's CA nor be shown its certificate. */
static CURLcode on_tls_context(CURL *curl, void *context, void *arg)
{
    struct http_easy *e = arg;
    const struct tls_trust *trust = e->call->target->trust;

    (void)curl;
    if (e->config->proxy.is_tls && !e->has_met_proxy) {
        e->has_met_proxy = true;
        trust = NULL;
    } else {
        e->has_connected = true;
    }
    if (trust)
        return tls_trust_apply(trust, context) ? CURLE_SSL_CERTPROBLEM : CURLE_OK;
    SSL_CTX_set1_cert_store(context, e->config->store);
    return CURLE_OK;
}

/* ---- the options that never change ---- */

#define SET(option, value) (curl_easy_setopt(e->curl, (option), (value)) != CURLE_OK)

static bool set_callbacks(struct http_easy *e)
{
    return SET(CURLOPT_PRIVATE, e) || SET(CURLOPT_ERRORBUFFER, e->error) ||
           SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket) || SET(CURLOPT_OPENSOCKETDATA, e) ||
           SET(CURLOPT_CLOSESOCKETFUNCTION, curl_bridge_close_socket) ||
           /* outlives the handle: the connection's, not the call's */
           SET(CURLOPT_CLOSESOCKETDATA, e->shard->bridge) ||
           SET(CURLOPT_PREREQFUNCTION, on_before_send) || SET(CURLOPT_PREREQDATA, e) ||
           SET(CURLOPT_HEADERFUNCTION, http_easy_on_header) || SET(CURLOPT_HEADERDATA, e) ||
           SET(CURLOPT_WRITEFUNCTION, http_easy_on_body) || SET(CURLOPT_WRITEDATA, e);
}

static bool set_http(struct http_easy *e)
{
    return SET(CURLOPT_PROTOCOLS_STR, "http,https") || SET(CURLOPT_POST, 1L) ||
           SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ||
           SET(CURLOPT_FOLLOWLOCATION, 0L) || SET(CURLOPT_NOSIGNAL, 1L) ||
           SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) ||
           SET(CURLOPT_BUFFERSIZE, (long)READ_BYTES) ||
           SET(CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_BYTES) || SET(CURLOPT_TCP_NODELAY, 1L) ||
           SET(CURLOPT_MAXAGE_CONN, (long)IDLE_S_MAX) ||
           SET(CURLOPT_DNS_CACHE_TIMEOUT, (long)DNS_CACHE_S) ||
           /* A look-up that outlives its call is left to its thread; else the loop would wait for
              it. */
           SET(CURLOPT_QUICK_EXIT, 1L);
}

/* All is said, so that nothing comes from the environment: without our setting, a proxy from there
 * would be the only address that egress gets to see. */
static bool set_proxy(struct http_easy *e)
{
    return SET(CURLOPT_PROXY, e->config->proxy.url) ||
           SET(CURLOPT_NOPROXY, has_proxy(e) ? "" : "*") || SET(CURLOPT_HTTPPROXYTUNNEL, 1L) ||
           /* What it answers to CONNECT is not the endpoint's answer. */
           SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) ||
           SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE) ||
           SET(CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC) ||
           SET(CURLOPT_SOCKS5_AUTH, (long)CURLAUTH_BASIC) ||
           SET(CURLOPT_PROXY_SSL_VERIFYPEER, 1L) || SET(CURLOPT_PROXY_SSL_VERIFYHOST, 2L) ||
           SET(CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ||
           SET(CURLOPT_PROXY_CAINFO, NULL) || SET(CURLOPT_PROXY_CAPATH, NULL);
}

static bool http_easy_set_tls(struct http_easy *e, CURLSH *share)
{
    return SET(CURLOPT_SSL_VERIFYPEER, 1L) || SET(CURLOPT_SSL_VERIFYHOST, 2L) ||
           SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) || SET(CURLOPT_CAINFO, NULL) ||
           SET(CURLOPT_CAPATH, NULL) || SET(CURLOPT_SSL_CTX_FUNCTION, on_tls_context) ||
           SET(CURLOPT_SSL_CTX_DATA, e) || SET(CURLOPT_SHARE, share);
}

int http_easy_new(struct http_easy **ret, struct http_easy_config *config, struct curl_shard *shard,
                  CURLSH *share)
{
    struct http_easy *e = calloc(1, sizeof(*e));

    if (!e)
        return err_origin(-ENOMEM);
    e->config = config;
    e->shard = shard;
    list_init(&e->link);
    buf_init(&e->body, config->response_bytes_kept);
    buf_init(&e->retry_after, HTTP_RETRY_AFTER_BYTES_MAX);
    e->curl = curl_easy_init();
    if (!e->curl || set_callbacks(e) || set_http(e) || set_proxy(e) ||
        http_easy_set_tls(e, share)) {
        http_easy_free(e);
        return err_origin(-ENOMEM);
    }
    *ret = e;
    return 0;
}

struct http_easy *http_easy_free(struct http_easy *e)
{
    if (!e)
        return NULL;
    curl_easy_cleanup(e->curl);
    buf_fini(&e->body);
    buf_fini(&e->retry_after);
    free(e->headers);
    free(e);
    return NULL;
}

/* ---- one call ---- */

static int http_easy_refuse(struct http_easy *e, int r, const char *words)
{
    (void)snprintf(e->error, sizeof(e->error), "%s", words);
    return err_origin(r);
}

static int reserve(struct http_easy *e, size_t size)
{
    void *headers;

    if (size <= e->headers_size)
        return 0;
    headers = realloc(e->headers, size);
    if (!headers)
        return http_easy_refuse(e, -ENOMEM, "out of memory");
    e->headers = headers;
    e->headers_size = size;
    return 0;
}

/* curl takes "Name:" as "leave this header out", and "Name;" as "send it empty". */
static void http_easy_end_line(char *line, size_t len)
{
    size_t end = len;

    line[len] = '\0';
    while (end && line[end - 1] == ' ')
        end--;
    if (end && memchr(line, ':', end) == line + end - 1) { /* the name's: there is no value */
        line[end - 1] = ';';
        line[end] = '\0';
    }
}

static bool is_clean(const char *text, size_t len)
{
    return !memchr(text, '\r', len) && !memchr(text, '\n', len) && !memchr(text, '\0', len);
}

/* Copies the lines, as curl wants each NUL-terminated, into nodes that no call allocates anew. */
static int load_headers(struct http_easy *e, const struct span *lines, unsigned n)
{
    size_t bytes = 0, at = 0;
    struct curl_slist *nodes;
    char *text;
    int r;

    if (n == 0)
        return 0;
    if (n > HTTP_HEADERS_MAX)
        return http_easy_refuse(e, -EINVAL, "too many request headers; expected at most 64");
    for (unsigned i = 0; i < n; i++)
        bytes += lines[i].len + 1;
    if (bytes > HTTP_HEADERS_BYTES_MAX)
        return http_easy_refuse(e, -EINVAL, "request headers too large; expected at most 64 KiB");
    r = reserve(e, n * sizeof(*nodes) + bytes);
    if (r)
        return r;
    nodes = e->headers;
    text = (char *)(nodes + n);
    for (unsigned i = 0; i < n; i++) {
        if (lines[i].len)
            memcpy(text + at, lines[i].data, lines[i].len);
        nodes[i] = (struct curl_slist){text + at, i + 1 < n ? &nodes[i + 1] : &no_headers};
        at += lines[i].len;
        text[at++] = ' ';
    }
    if (!is_clean(text, bytes)) /* one request must not become two */
        return http_easy_refuse(e, -EINVAL, "a request header holds CR, LF or NUL; expected none");
    for (unsigned i = 0; i < n; i++)
        http_easy_end_line(nodes[i].data, lines[i].len);
    return 0;
}

/* See tls_trust.h. Most targets have none, as had the one before. */
static bool set_label(struct http_easy *e, struct tls_trust *trust)
{
    struct curl_blob blob = {.flags = CURL_BLOB_NOCOPY};

    if (trust)
        blob.data = tls_trust_label(trust, &blob.len);
    if (!trust && !e->has_label)
        return false;
    e->has_label = trust != NULL;
    return SET(CURLOPT_CAINFO_BLOB, trust ? &blob : NULL);
}

int http_easy_load(struct http_easy *e, struct http_call *call)
{
    int r;

    e->call = call;
    e->error[0] = '\0';
    r = load_headers(e, call->headers, call->n_headers);
    if (r)
        return r;
    if (SET(CURLOPT_CURLU, call->target->url) || set_label(e, call->target->trust) ||
        SET(CURLOPT_HTTPHEADER, call->n_headers ? e->headers : &no_headers) ||
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len) ||
        SET(CURLOPT_POSTFIELDS, call->body.len ? call->body.data : "") ||
        SET(CURLOPT_TIMEOUT_MS, (long)MAX(call->timeout_ms, 1)))
        return http_easy_refuse(e, -ENOMEM, "out of memory");
    return 0;
}

void http_easy_clear(struct http_easy *e)
{
    e->call = NULL;
    e->body_bytes = e->answer_header_bytes = 0;
    e->answer_headers = 0;
    e->opened_us = e->started_us = e->connect_us = 0;
    e->is_refused_by_owner = e->is_sent_again = e->has_long_body = e->has_long_headers = false;
    e->has_called = e->has_connected = e->has_met_proxy = false;
    (void)set_label(e, NULL); /* the target may go before the handle is used again */
    e->refused.any.sa_family = AF_UNSPEC;
    e->open_error = 0;
    buf_clear(&e->retry_after);
    if (e->body.size > BODY_SIZE_RETAINED)
        buf_fini(&e->body);
    buf_clear(&e->body);
}
