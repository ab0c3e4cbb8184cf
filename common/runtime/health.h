/* SPDX-License-Identifier: Apache-2.0 */
/* health.h: what a program tells of itself over HTTP (setting `listen`):
 *
 *   GET /healthz   200 "ok" as long as its loop turns
 *   GET /readyz    200 when all its checks are good, else 503; JSON with each check
 *   GET /metrics   see metrics.h
 *
 * Anything else is 404; another method 405. It asks nobody and so always answers at once. */
#ifndef GRAPNEL_COMMON_RUNTIME_HEALTH_H
#define GRAPNEL_COMMON_RUNTIME_HEALTH_H

#include "common/runtime/http_server.h"
#include "common/runtime/loop.h"

struct health;

struct health_check {
    const char *name; /* "redis": a JSON member */
    bool is_good;
};
enum { HEALTH_CHECKS_MAX = 8 };

struct health_options {
    unsigned (*checks)(void *arg, struct health_check ret[HEALTH_CHECKS_MAX]); /* how many */
    void (*collect)(void *arg); /* a scrape has come: set the gauges; may be NULL */
    void *arg;
};

/* For servers that serve more than this: false when @x is not for one of the three paths. */
bool health_answer(const struct health_options *o, struct http_exchange *x);

/* A server of its own. An empty @listen: *ret is NULL. -EINVAL with words. */
int health_new(struct health **ret, struct loop *l, const char *listen,
               const struct health_options *o, struct diag *diag);
void health_close(struct health *h, defer_fn *on_closed, void *arg); /* on a later turn */

#endif
