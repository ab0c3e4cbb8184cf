/* SPDX-License-Identifier: Apache-2.0 */
/* attempt.h: one attempt to deliver, as the delivery and its destination see it (destination.h). */
#ifndef GRAPNEL_WORKER_ATTEMPT_H
#define GRAPNEL_WORKER_ATTEMPT_H

#include "common/model/event.h"
#include "common/model/format/dialect.h"
#include "common/model/format/outcome.h"

struct target; /* target.h */

/* What came back; valid until the callback returns. */
struct attempt_result {
    enum outcome_code error; /* OUTCOME_OK: there was an answer, whatever its status */
    char message[200];       /* for a person; "" when there is nothing to say */
    int status;              /* in the destination's own numbers (destination.def) */
    struct span body;        /* the start of the answer, as much as is kept */
    struct span retry_after; /* as HTTP's header has it, or empty */
    int64_t started_us;      /* mono time when the request began to be sent; 0: it never was */
    int64_t ended_us;
    int64_t connect_us;       /* how long connecting took; 0: an existing connection was used */
    bool is_refused_by_owner; /* may_send said no: nothing was sent */
};

/* What is to be sent; borrowed while the attempt is started, not longer. */
struct attempt_input {
    const struct event *event;
    struct envelope_input envelope;
    int64_t now_ms;      /* Redis's clock */
    int64_t now_wall_ms; /* this machine's */
};

/* Embedded; alive until its callback. */
struct attempt {
    /* filled by the owner; all borrowed until the callback */
    const struct endpoint *endpoint;
    const struct target *target; /* of @endpoint, without a fault */
    /* Asked when all is ready and the request is about to be sent, once: an attempt never sends
     * twice. False sends nothing, and the result says is_refused_by_owner. Must not start or cancel
     * an attempt. */
    bool (*may_send)(struct attempt *a);
    /* Exactly once, never before the start returns, also when cancelled. */
    void (*done)(struct attempt *a, const struct attempt_result *result);
    /* the destination's, while it is under way */
    void *call;
};

#endif
