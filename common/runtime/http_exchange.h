/* SPDX-License-Identifier: Apache-2.0 */
/* http_exchange.h: a request and its answer, between http_server.c, which moves it along, and those who answer
 * it, who see http_server.h only. */
#ifndef GRAPNEL_COMMON_RUNTIME_HTTP_EXCHANGE_H
#define GRAPNEL_COMMON_RUNTIME_HTTP_EXCHANGE_H

#include "common/base/buf.h"
#include "common/base/list.h"
#include "common/runtime/http_server.h"
#include <microhttpd.h>

struct http_exchange {
    struct list link;           /* of the server's `pending`, while it is held */
    struct http_server *server; /* NULL: closed while it was held */
    struct MHD_Connection *mhd; /* NULL: the client has its answer, or is gone */
    struct MHD_Response *response;
    unsigned status;
    const char *method, *peer;
    struct buf body;
    size_t dropped; /* bytes of a body that is too large */
    bool has_head;  /* and with it method, and how large the body may be */
    bool is_too_large, is_malformed, is_ambiguous; /* the latter: where its body ends */
    bool is_held;                                  /* handed over and not answered */
    bool is_answered, is_suspended;
    char path[];
};

/* @uri as it stands in the request line; copied. NULL: no memory. */
struct http_exchange *http_exchange_new(struct http_server *s, const char *uri);
void http_exchange_free(struct http_exchange *x);

/* The head is there; then @body_max, judged by it, is known. */
void http_exchange_take_head(struct http_exchange *x, struct MHD_Connection *mhd,
                             const char *method, const char *peer);
void http_exchange_expect_body(struct http_exchange *x, size_t body_max);

/* False when so much was dropped that the connection is to be cut. */
bool http_exchange_add_body(struct http_exchange *x, const char *data, size_t len);

/* Is there no sense in waiting for the body? Its sender waits for leave to send it, or it has no end. */
bool http_exchange_is_hopeless(const struct http_exchange *x);

/* Makes the response, which stays NULL when there is no memory. @is_last: of its connection. */
void http_exchange_fill(struct http_exchange *x, const struct http_answer *a, bool is_last);
void http_exchange_fill_refusal(struct http_exchange *x); /* for what is too large or malformed */

/* The connection has done with it: nothing that was lent by libmicrohttpd may be used any more. */
void http_exchange_part(struct http_exchange *x);

#endif
