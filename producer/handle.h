/* SPDX-License-Identifier: Apache-2.0 */
/* handle.h: what is behind a struct grapnel; shared by the library's own files. */
#ifndef GRAPNEL_PRODUCER_HANDLE_H
#define GRAPNEL_PRODUCER_HANDLE_H

#include "common/base/base.h"
#include "common/redis/connection.h"
#include "common/redis/durability.h"
#include <grapnel.h>

enum {
    CHUNK_EVENTS_MAX = 256,            /* sent before the answers are waited for */
    CHUNK_BYTES_MAX = 4 * 1024 * 1024, /* of data; one event may be larger */
    QUEUE_BYTES_MAX = 1024 * 1024,
    PREFIX_MAX = 64,
};

/* One event of a chunk on its way: WAITING ──► DONE, once through AGAIN when Redis did not know the
 * script (nothing happened, it is sent once more). Refused events are IDLE all the time. */
struct sent {
    enum { SENT_IDLE, SENT_WAITING, SENT_AGAIN, SENT_DONE } state;
    unsigned partition; /* valid but for IDLE */
};

/* An event that grapnel_enqueue() copied: the struct, and its texts behind it. */
struct queued {
    struct grapnel_event event; /* points into text */
    void *tag;
    char text[];
};

struct grapnel {
    struct connection connection;
    char prefix[PREFIX_MAX + 1];
    unsigned partitions;          /* of the installation; valid while the connection is not new */
    unsigned partitions_expected; /* by the program; 0: any */
    size_t data_max;
    uint64_t idempotency_ms;
    struct durability durability;
    bool is_usable;  /* url and options were fine */
    char script[41]; /* SHA-1 of publish.lua in hex */
    struct diag words;
    struct sent sent[CHUNK_EVENTS_MAX];
    struct grapnel_receipt *receipts; /* CHUNK_EVENTS_MAX of them, for callers who want none */
    struct queued *queue[CHUNK_EVENTS_MAX];
    size_t n_queued, queued_bytes;
    grapnel_flushed_fn *on_flushed;
    void *on_flushed_arg;
};

/* 0 or GRAPNEL_REFUSED with words in g->words. Needs no connection. */
enum grapnel_result handle_check(struct grapnel *g, const struct grapnel_event *event);

/* Sends those of @n (at most CHUNK_EVENTS_MAX) events whose receipt says GRAPNEL_OK and waits for
 * the answers; fills their receipts. */
void exchange(struct grapnel *g, const struct grapnel_event *events,
              struct grapnel_receipt *receipts, size_t n);

/* What a request on the connection means to the library's user. */
static inline enum grapnel_result result_of_connection(enum connection_result r)
{
    switch (r) {
    case CONNECTION_OK:
        return GRAPNEL_OK;
    case CONNECTION_REFUSED:
        return GRAPNEL_REFUSED;
    case CONNECTION_UNREACHABLE:
        return GRAPNEL_UNREACHABLE;
    case CONNECTION_TIMEOUT:
        return GRAPNEL_TIMEOUT;
    case CONNECTION_REDIS:
        return GRAPNEL_REDIS;
    case CONNECTION_NOMEM:
        return GRAPNEL_NOMEM;
    case CONNECTION_UNSAFE:
        return GRAPNEL_UNSAFE;
    }
    return GRAPNEL_REDIS;
}

/* Fills g->script. */
void exchange_init(struct grapnel *g);

void receipt_fail(struct grapnel_receipt *receipt, enum grapnel_result result, const char *words);

#endif
