/* SPDX-License-Identifier: Apache-2.0 */
/* delivery.h: carries one claimed job to its end: an attempt at its destination, and the settlement.
 *
 * Life: new → (send | hand_back | lose | refuse) → … → gone, told by `gone` of what it shares. */
#ifndef GRAPNEL_WORKER_DELIVERY_H
#define GRAPNEL_WORKER_DELIVERY_H

#include "common/model/event.h"
#include "common/model/job.h"
#include "common/model/tenant.h"
#include "common/moves/keys.h"
#include "common/program/config_cache.h"
#include "common/redis/redis_reply.h"
#include "worker/attempt.h"
#include "worker/settler.h"
#include "worker/tally.h"

/* What all deliveries of a worker share; borrowed while there is any. */
struct delivery_setup {
    const struct config_cache *config_cache;
    struct settler *settlers; /* one a partition */
    struct tally *tally;
    const struct redis_clock *clock;
    const char *worker; /* its name */
    const char *source_service, *source_environment;
    int64_t permit_ms;       /* of a permit that is not late */
    void (*gone)(void *arg); /* a delivery has been settled, and is no more */
    void *arg;
};

enum delivery_state {
    DELIVERY_LOADING, /* its event and configuration are asked for (load.h) */
    DELIVERY_SENDING,
    DELIVERY_SETTLING,
};

struct delivery {
    struct list link; /* in the worker's list of deliveries */
    struct list wait; /* in a list of whoever is to load it next */
    const struct delivery_setup *setup;
    enum delivery_state state;
    unsigned partition;
    char entry[48];   /* in `jobs` */
    int64_t until_ms; /* the permit's end, by Redis's clock */
    char *packed;     /* the job's bytes; owned */
    size_t packed_len;
    struct job job;                  /* lies in packed */
    struct tenant *tenant;           /* a reference, from SENDING on */
    const struct endpoint *endpoint; /* the tenant's */
    struct attempt attempt;          /* under way while SENDING */
    int64_t begun_us;                /* mono time, when the attempt was started */
    struct buf record, outcome;
    bool is_given_up; /* cancelled by a drain's deadline */
    struct settlement settlement;
};

/* From an entry of `jobs`: [id, ["job", packed, "until", ms]]. Gives *ret; -EBADMSG when it cannot
 * be read (then *ret is one that can only be refused), -ENOMEM. */
int delivery_new(struct delivery **ret, const struct delivery_setup *setup, unsigned partition,
                 const redisReply *entry);

/* All is there: @event is borrowed for the call, NULL when its body is gone. */
void delivery_send(struct delivery *d, const struct event *event);

/* Ends that need no attempt. */
void delivery_hand_back(struct delivery *d); /* nothing was sent */
bool delivery_lapse(struct delivery *d);     /* handed back if its permit has run out; was it? */
void delivery_lose(struct delivery *d);      /* it may have been sent: its permit is used */
void delivery_refuse(struct delivery *d);    /* the entry cannot be read */

/* A drain's deadline has passed: end the attempt that is under way. */
void delivery_give_up(struct delivery *d);

#endif
