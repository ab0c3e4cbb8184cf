/* SPDX-License-Identifier: Apache-2.0 */
/* http_client.h: HTTP POST by libcurl's multi interface on the libuv loop. Of curl the other files
 * see nothing, but for its URL parser (egress_url.c) and where its CA bundle is (tls_store.c).
 *
 * Measured choices: several multi handles, connections spread over them by endpoint; a socket's
 * uv_poll_t is kept and only changed when curl's wish changes; easy handles are reused; one X509
 * store for all TLS connections (but those of targets with something of their own: tls_trust.h); a
 * target's URL is parsed once; the connection cache is larger than the number of endpoints in use.
 */
#ifndef GRAPNEL_WORKER_HTTP_HTTP_CLIENT_H
#define GRAPNEL_WORKER_HTTP_HTTP_CLIENT_H

#include "common/base/base.h"
#include "common/base/buf.h"
#include "common/base/list.h"
#include "common/model/egress.h"
#include "common/runtime/loop.h"
#include "worker/attempt.h"

struct http_client;
struct http_target; /* a parsed URL, kept with an endpoint's cached configuration */
struct http_call;

struct http_client_options {
    const struct egress_policy *egress; /* borrowed for the client's life */
    size_t response_bytes_kept, response_bytes_max;
    unsigned connections_max; /* idle ones are kept up to this; well above the endpoints in use */
    const char *ca_file;      /* NULL or "": the system's store */
    /* NULL or "": none, whatever the environment says. Else all goes through it, by CONNECT or
     * SOCKS5, and it makes the connections: then the policy sees a target's URL only, the answers
     * of DNS are the proxy's to judge, and its own address is the operator's choice. */
    const char *proxy;
};

int http_client_new(struct http_client **ret, struct loop *l, const struct http_client_options *o,
                    struct diag *diag);
/* All callbacks must have come (this may be called from the last one). Closes, frees, then calls
 * @on_closed(@arg), on a later turn. */
void http_client_close(struct http_client *c, defer_fn *on_closed, void *arg);

/* All borrowed; what is empty is not there. */
struct http_target_options {
    const char *url;
    struct span ca_pem;                          /* trusted besides what all targets trust */
    struct span client_cert_pem, client_key_pem; /* both or none; limits in tls_pem.h */
};

/* Refuses what egress_check_url() refuses (but plain http), then what tls_pem.h refuses: -EINVAL
 * with words that begin with the field. Targets that do not trust the same and show the same never
 * share a connection or a TLS session. */
int http_target_new(struct http_target **ret, struct http_client *c,
                    const struct http_target_options *o, struct diag *diag);
struct http_target *http_target_ref(struct http_target *t); /* calls in flight hold one */
struct http_target *http_target_unref(struct http_target *t);

/* What comes back is OUTCOME_OK with an answer that is whole, or read up to response_bytes_max. */
typedef void http_done_fn(struct http_call *call, const struct attempt_result *result);

/* One POST. Embedded; alive until its callback. The callback comes exactly once, never before
 * http_call_start() returns, also when cancelled. */
struct http_call {
    /* filled by the owner; all borrowed until the callback */
    struct http_target *target;
    unsigned shard;     /* any number; calls with the same one share connections */
    int64_t timeout_ms; /* over the whole attempt: look-up, connect, TLS, send, answer */
    struct span body;
    /* "Name: value" lines without CR, LF or NUL, at most 64 and 64 KiB; what breaks that is not
     * sent (UNKNOWN_ERROR). Content-Type and User-Agent are the owner's too: without them none is
     * sent. */
    const struct span *headers;
    unsigned n_headers;
    /* Asked when the connection stands and the request is about to be sent (also on a reused
     * connection), once: a call never sends twice. False sends nothing, closes the connection, and
     * the result says is_refused_by_owner. From inside curl: must not start or cancel a call. May
     * be NULL. */
    bool (*may_send)(struct http_call *call);
    http_done_fn *done;
    /* the rest is the client's */
    struct list link;
    struct http_client *client;
    struct http_easy *easy;
    bool is_cancelled;
};

void http_call_start(struct http_client *c, struct http_call *call);
/* Ends it; the callback comes on a later turn with NETWORK_ERROR and message "cancelled". */
void http_call_cancel(struct http_call *call);

struct http_client_stats {
    uint64_t calls, connects;
    unsigned in_flight;
};
struct http_client_stats http_client_stats(const struct http_client *c);

#endif
