/* SPDX-License-Identifier: Apache-2.0 */
/* request.h: one HTTP/1.1 request out of received bytes; pure. Knows what our clients send: a
 * Content-Length or no body. */
#ifndef GRAPNEL_BENCH_REQUEST_H
#define GRAPNEL_BENCH_REQUEST_H

#include "common/base/base.h"

enum {
    REQUEST_HEAD_MAX = 16384,
    REQUEST_BODY_MAX = 8 << 20,
};

/* All spans lie in the bytes that were parsed. */
struct request {
    struct span method, path, body;
    struct span delivery_id; /* webhook-id or <prefix>-Delivery; empty: none came */
    uint32_t attempt;        /* <prefix>-Attempt; 1 when none came */
    bool closes;             /* the client wants the connection closed after the answer */
    size_t bytes;            /* head and body */
};

enum {
    REQUEST_PARTIAL = 1, /* more bytes are needed */
};

/* 0 or REQUEST_PARTIAL; -EINVAL: not a request we understand; -EMSGSIZE: larger than the caps. */
int request_parse(struct span bytes, struct request *ret);

/* The publish time within a body: the number after {"t": in CLOCK_MONOTONIC µs. 0: none. */
int64_t request_publish_us(struct span body);

#endif
