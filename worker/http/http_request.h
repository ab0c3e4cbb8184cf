/* SPDX-License-Identifier: Apache-2.0 */
/* http_request.h: what one attempt says over HTTP: body and header lines, by the endpoint's dialect, signed. Pure. */
#ifndef GRAPNEL_WORKER_HTTP_HTTP_REQUEST_H
#define GRAPNEL_WORKER_HTTP_HTTP_REQUEST_H

#include "common/model/format/extra_headers.h"
#include "worker/attempt.h"

/* Besides: content type, user agent, signature, two of the trace. */
enum { HTTP_REQUEST_HEADERS_MAX = DIALECT_HEADERS_MAX + EXTRA_HEADERS_MAX + 6 };

struct http_request {
    struct buf body, headers;
    struct span lines[HTTP_REQUEST_HEADERS_MAX]; /* of headers; valid once built */
    unsigned n_lines;
};

void http_request_init(struct http_request *q);
/* buf errors, and those of signing. */
int http_request_build(struct http_request *q, const struct attempt *a,
                       const struct attempt_input *in);
void http_request_fini(struct http_request *q);

#endif
