/* SPDX-License-Identifier: Apache-2.0 */
/* http_server.h: an HTTP/1.1 server on our loop, by libmicrohttpd: for the API, and for health and metrics of
 * every program. TLS is an ingress's or a proxy's affair.
 *
 * A request is handed over when it is there as a whole, and answered once, at once or on any later turn.
 * Everything that a client may do is bounded: connections, how long a head, a body or the taking of an answer
 * may last, their bytes (a head: about 16 KiB). When all connections are taken, the one that has waited longest
 * for a request goes; if none waits, the one whose body has been coming for longest. Whoever holds exchanges
 * bounds their number by that of the connections: each has one.
 *
 * Life: new → (stop) → close. All functions may be called from a handler too. */
#ifndef GRAPNEL_COMMON_RUNTIME_HTTP_SERVER_H
#define GRAPNEL_COMMON_RUNTIME_HTTP_SERVER_H

#include "common/base/base.h"
#include "common/runtime/loop.h"

struct http_server;
struct http_exchange; /* a request and its answer */

typedef void http_handle_fn(void *arg, struct http_exchange *x);
/* Bytes of body that the request may have, judged by its head; what is larger is answered with 413. */
typedef size_t http_body_max_fn(void *arg, const struct http_exchange *x);

struct http_server_options {
    const char *listen; /* "127.0.0.1:8080", "[::]:8080"; port 0: any that is free */
    unsigned connections_max;
    /* How long a connection may wait for a request, or take for its head; the same again for its body, and
     * for its answer to be taken. Looked at twice a second. */
    int64_t receive_ms;
    http_handle_fn *handle;
    http_body_max_fn *body_max;
    void *arg;
};

/* -EINVAL with words: the address cannot be read or used. -ENOMEM. */
int http_server_new(struct http_server **ret, struct loop *l, const struct http_server_options *o,
                    struct diag *diag);
unsigned http_server_port(const struct http_server *s);
/* Accepts nobody any more; those who are connected may finish. */
void http_server_stop(struct http_server *s);
/* Requests that were handed over and not answered. */
unsigned http_server_pending(const struct http_server *s);
/* Answers 503 to those, closes all connections, frees, then calls @on_closed(@arg), all on later turns. No
 * request is handed over any more. Exchanges that are still held are to be answered even so: it gives them
 * back and has no other effect. */
void http_server_close(struct http_server *s, defer_fn *on_closed, void *arg);

/* All lent until the answer, or until the server is closed: then they are empty. Header names in any case; NULL
 * when it is not there. Query values are decoded; one that is there without a value is "", and of several with
 * one name the first counts. */
const char *http_method(const struct http_exchange *x);
const char *
http_path(const struct http_exchange *x); /* as it came, not decoded, without the query */
const char *http_header(const struct http_exchange *x, const char *name);
const char *http_query(const struct http_exchange *x, const char *name);
/* Calls @fn for each, in their order. */
typedef void http_query_fn(void *arg, const char *name, const char *value);
void http_each_query(const struct http_exchange *x, http_query_fn *fn, void *arg);
/* The same for headers, their names as they came. */
void http_each_header(const struct http_exchange *x, http_query_fn *fn, void *arg);
struct span http_body(const struct http_exchange *x);
const char *http_peer(const struct http_exchange *x); /* "127.0.0.1" */

struct http_field {
    const char *name, *value;
};
struct http_answer {
    unsigned status;
    struct span body; /* copied */
    const char *type; /* Content-Type; NULL: there is no body */
    struct http_field fields[8];
    unsigned n_fields;
};
/* Gives @x back. */
void http_exchange_answer(struct http_exchange *x, const struct http_answer *a);

#endif
