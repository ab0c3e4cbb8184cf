/* SPDX-License-Identifier: Apache-2.0 */
/* store_event.h: events in the store, and those that were rejected. */
#ifndef GRAPNEL_ADMIN_EVENT_STORE_EVENT_H
#define GRAPNEL_ADMIN_EVENT_STORE_EVENT_H

#include "admin/store/store.h"
#include "common/model/event.h"

struct stored_event {
    struct event event;    /* valid when is_readable */
    bool is_readable;      /* its fields are those of the wire contract */
    struct diag words;     /* why not */
    int64_t deliveries;    /* records that need it; 0: not fanned out yet */
    const redisReply *raw; /* [field, value, …], within @reply */
    redisReply *reply;     /* owned */
};

/* @stream_id: "<ms>-<seq>". STORE_MISSING. stored_event_fini() when it answered 0. */
int store_event_get(struct store *s, unsigned partition, struct span stream_id,
                    struct stored_event *ret);
/* A tenant's event by its id: ours (evt_…), or its producer's own, which is known from fan-out on; of several with
 * one own id the latest. STORE_MISSING: there is none, or it is another tenant's, or its fields cannot be read. */
int store_event_find(struct store *s, struct span tenant, struct span id, struct stored_event *ret);
void stored_event_fini(struct stored_event *e);

#endif
