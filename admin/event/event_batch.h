/* SPDX-License-Identifier: Apache-2.0 */
/* event_batch.h: a call's body → events: one JSON object, a JSON array of them, or one a line (NDJSON).
 *
 * Objects are as event_line.h has them. Each event stands on its own: what is wrong with one is noted, and the others
 * are taken. Pure but for the memory.
 *
 * Life: event_batch_parse → (publish its events) → event_batch_fini, in any case. */
#ifndef GRAPNEL_ADMIN_EVENT_EVENT_BATCH_H
#define GRAPNEL_ADMIN_EVENT_EVENT_BATCH_H

#include "common/model/event_check.h"
#include <grapnel.h>

enum { EVENT_BATCH_KEY_MAX = 120 }; /* bytes of a key for many events: an index comes behind it */

/* What counts where an event says nothing itself; all borrowed, until the batch's end. */
struct event_defaults {
    const char *tenant; /* NULL: each event has to name its own */
    bool is_bound;      /* an event of another tenant is refused */
    const char *
        key; /* idempotency key; of several, event number 3 gets "<key>#3". Checked by the caller */
    const char *traceparent, *tracestate; /* checked by the caller */
};

struct event_refusal {
    size_t index; /* in the body, from 0 */
    struct diag why;
};

struct event_batch {
    bool is_one;                  /* the body is an object, and no array of one */
    size_t n;                     /* events in the body: those below, and the refused ones */
    struct grapnel_event *events; /* in their order; they point into what follows */
    size_t n_events;
    struct event_refusal *refused; /* by index */
    size_t n_refused;
    struct grapnel_receipt *receipts; /* room for those of the events */
    /* its own */
    char *text;
    char (*keys)[EVENT_KEY_MAX + 1];
    size_t room;
};

struct event_batch_options {
    struct event_defaults defaults;
    bool is_lines;     /* NDJSON; empty lines do not count */
    size_t events_max; /* 1 or more */
};

/* Borrows @body for the call. -EINVAL with words: the body as a whole is no JSON, or neither object nor array, or
 * empty; -E2BIG with words: too many events; -ENOMEM. */
int event_batch_parse(struct event_batch *ret, struct span body,
                      const struct event_batch_options *o, struct diag *diag);
void event_batch_fini(struct event_batch *b);

#endif
