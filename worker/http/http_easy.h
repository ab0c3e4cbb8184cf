/* SPDX-License-Identifier: Apache-2.0 */
/* http_easy.h: one curl easy handle: its options, what curl tells while it carries a call, and what
 * came of the call. Only the HTTP client uses it.
 *
 * Life: new → (load → in flight → result → clear) … → free. The options that never change are set
 * once, at new; the handles are pooled. */
#ifndef GRAPNEL_WORKER_HTTP_HTTP_EASY_H
#define GRAPNEL_WORKER_HTTP_HTTP_EASY_H

#include "worker/curl/curl_bridge.h"
#include "worker/http/http_client.h"
#include "worker/http/http_proxy.h"
#include <netinet/in.h>
#include <openssl/x509_vfy.h>

enum {
    HTTP_HEADERS_MAX = 64, /* of a request */
    HTTP_HEADERS_BYTES_MAX = 65536,
    HTTP_ANSWER_HEADERS_MAX = 256, /* lines, of all the answers to one request (1xx too) */
    HTTP_ANSWER_HEADERS_BYTES_MAX = 65536,
    HTTP_RETRY_AFTER_BYTES_MAX = 256,
};

/* What all handles of a client share. */
struct http_easy_config {
    const struct egress_policy *egress;
    size_t response_bytes_kept, response_bytes_max;
    X509_STORE *store; /* what all targets trust */
    struct http_proxy proxy;
    uint64_t n_connects;
};

struct http_easy {
    CURL *curl;
    struct http_easy_config *config;
    struct curl_shard *shard;
    struct list link; /* in the pool while it carries nothing */
    struct http_call *call;
    void *headers; /* the curl_slist nodes of the request, and behind them their text */
    size_t headers_size;
    struct buf body, retry_after;

    /* what is known of the call in flight */
    size_t body_bytes; /* read, kept or not */
    size_t answer_header_bytes;
    unsigned answer_headers;
    int64_t opened_us;  /* first socket; 0: an idle connection was used, or none yet */
    int64_t started_us; /* 0: the request has not begun to be sent */
    int64_t connect_us;
    bool is_refused_by_owner, is_sent_again, has_long_body, has_long_headers;
    bool has_called;      /* some address was fit to be called */
    bool has_connected;   /* https: the TLS handshake with the endpoint has begun */
    bool has_met_proxy;   /* https://proxy: the TLS handshake with it has begun, on this socket */
    bool has_label;       /* curl borrows the target's (tls_trust.h) */
    curl_socket_t opened; /* the last socket, where opened_us says that there was one */
    union {
        struct sockaddr any; /* AF_UNSPEC: none was refused */
        struct sockaddr_in in4;
        struct sockaddr_in6 in6;
    } refused;      /* an address that may not be called */
    int open_error; /* errno of a socket that could not be had */
    char error[CURL_ERROR_SIZE];
};

int http_easy_new(struct http_easy **ret, struct http_easy_config *config, struct curl_shard *shard,
                  CURLSH *share);
struct http_easy *http_easy_free(struct http_easy *e);

/* Makes ready to carry @call, which it borrows. On failure e->error says why. -EINVAL, -ENOMEM. */
int http_easy_load(struct http_easy *e, struct http_call *call);
/* Forgets the call; keeps the memory that is likely to be used again. */
void http_easy_clear(struct http_easy *e);

/* What came of it, given curl's @code; borrows from @e until http_easy_clear(). (http_result.c) */
void http_easy_result(struct http_easy *e, CURLcode code, struct attempt_result *ret);

#endif
