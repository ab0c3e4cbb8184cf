/* SPDX-License-Identifier: Apache-2.0 */
/* record.h: what is kept of a delivery: an append-only log of msgpack arrays in `delivery:<id>`.
 *
 *     ["created", ms, tenant, endpoint, event (stream id), type]
 *     ["attempt", ms, attempt, duration_ms, status, code, message, response, destination]
 *                                        the last only where it is not HTTP (destination.def's name)
 *     ["retry", ms, attempt, due_ms]     the scheduler's verdict: attempt number @attempt comes then
 *     ["lost", ms, attempt, worker]      the worker died; the attempt may or may not have been made
 *     ["again", ms, attempt, due_ms]     a person asked for it
 *     ["final", ms, status, reason]      success, failed, timeout or cancelled
 *
 * Appending is cheap in Redis and cannot lose what was there; the last entry tells the state. */
#ifndef GRAPNEL_COMMON_MODEL_RECORD_H
#define GRAPNEL_COMMON_MODEL_RECORD_H

#include "common/base/buf.h"
#include "common/model/format/outcome.h"

enum record_kind {
    RECORD_CREATED,
    RECORD_ATTEMPT,
    RECORD_RETRY,
    RECORD_LOST,
    RECORD_AGAIN,
    RECORD_FINAL,
};

/* One entry; the fields that its kind has are set, texts borrowed. */
struct record_entry {
    enum record_kind kind;
    int64_t ms;                                /* when it happened */
    struct span tenant, endpoint, event, type; /* created */
    unsigned attempt;                          /* attempt, retry, lost, again */
    int64_t duration_ms;                       /* attempt */
    int status;                                /* attempt: in its destination's numbers; 0: none */
    struct span code, message, response;       /* attempt */
    struct span destination;                   /* attempt: name of its kind; empty: HTTP */
    int64_t due_ms;                            /* retry, again */
    struct span worker;                        /* lost */
    struct span final, reason;                 /* final */
};

void record_pack(struct buf *ret, const struct record_entry *e);

/* Reads entry after entry. */
struct record_reader;
int record_open(struct record_reader **ret, struct span bytes); /* borrows @bytes; -ENOMEM */
enum { RECORD_END = 1 };
int record_next(struct record_reader *r, struct record_entry *ret); /* 0, RECORD_END, -EBADMSG */
struct record_reader *record_close(struct record_reader *r);

#endif
