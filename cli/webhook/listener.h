/* SPDX-License-Identifier: Apache-2.0 */
/* listener.h: a small HTTP server for development: judges, shows and answers each request.
 *
 * libmicrohttpd serves in a thread of its own; the caller's thread waits for signals, wakes delayed
 * answers and ends it all. Life: listener_start → listener_wait → listener_stop. */
#ifndef GRAPNEL_CLI_WEBHOOK_LISTENER_H
#define GRAPNEL_CLI_WEBHOOK_LISTENER_H

#include "cli/webhook/webhook.h"

enum { LISTENER_STATUSES_MAX = 64 };

struct listener_options {
    const struct scheme *scheme;              /* borrowed, prepared */
    int64_t tolerance_ms;                     /* see webhook_verify() */
    const char *address;                      /* to bind to, IPv4 or IPv6 */
    uint16_t port;                            /* 0: one that is free */
    unsigned statuses[LISTENER_STATUSES_MAX]; /* answered in turn */
    size_t n_statuses;
    int64_t delay_ms; /* before the answer */
    uint64_t count;   /* ends after so many answers; 0: never */
    size_t body_max;  /* larger ones are answered with 413 */
    bool is_json, has_colour;
};

struct listener;

/* SIGINT and SIGTERM are blocked from here on, for listener_wait(). Negative with words. */
int listener_start(struct listener **ret, const struct listener_options *options,
                   struct diag *diag);
uint16_t listener_port(const struct listener *l);
/* Until a signal, the count, or a failure to write (-EPIPE). */
int listener_wait(struct listener *l);
void listener_stop(struct listener *l); /* frees; NULL is fine */

#endif
