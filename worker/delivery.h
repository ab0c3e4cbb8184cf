/* delivery.h: carries one claimed job to its end: fetch the event, sign, POST, settle. */
#ifndef GRAPNEL_WORKER_DELIVERY_H
#define GRAPNEL_WORKER_DELIVERY_H

#include "common/model/event.h"
#include "common/model/format/extra_headers.h"
#include "common/model/job.h"
#include "common/model/tenant.h"
#include "worker/http_client.h"
#include "worker/settler.h"
#include "worker/target.h"

struct worker;
struct delivery;

enum delivery_state {
    DELIVERY_FETCHING, /* the event's body is asked for */
    DELIVERY_WAITING,  /* for the configuration */
    DELIVERY_SENDING,
    DELIVERY_SETTLING,
};

/* Besides: content type, user agent, signature, two of the trace. */
enum { DELIVERY_HEADERS_MAX = DIALECT_HEADERS_MAX + EXTRA_HEADERS_MAX + 6 };

struct delivery {
    struct list link; /* in the worker's list of deliveries */
    struct list wait; /* in its batch's list while WAITING */
    struct worker *worker;
    struct load *load; /* the batch it was claimed with; until SENDING or SETTLING */
    enum delivery_state state;
    unsigned partition;
    char entry[48];   /* in `jobs` */
    int64_t until_ms; /* the permit's end, by Redis's clock */
    char *packed;     /* the job's bytes; owned */
    size_t packed_len;
    struct job job;        /* lies in packed */
    struct tenant *tenant; /* a reference, from SENDING on */
    const struct endpoint *endpoint;
    struct redis_request fetch; /* in flight while FETCHING */
    struct http_call call;      /* in flight while SENDING */
    int64_t begun_us;           /* mono time, when the call was started */
    struct buf body, headers, record, outcome;
    struct span lines[DELIVERY_HEADERS_MAX];
    bool is_given_up; /* cancelled by a drain's deadline */
    struct settlement settlement;
};

/* From an entry of `jobs`: [id, ["job", packed, "until", ms]]. Gives *ret; -EBADMSG when it cannot
 * be read (then *ret is one that can only be refused), -ENOMEM. */
int delivery_new(struct delivery **ret, struct worker *w, unsigned partition,
                 const redisReply *entry);
struct delivery *delivery_free(struct delivery *d);

/* Asks for the event. The answer comes to load_on_fetched(). */
void delivery_fetch(struct delivery *d, redis_done_fn *done);
/* All is there: @event is borrowed for the call, NULL when its body is gone. */
void delivery_send(struct delivery *d, const struct event *event);

/* Ends that need no attempt. */
void delivery_hand_back(struct delivery *d); /* nothing was sent */
bool delivery_lapse(struct delivery *d);     /* handed back if its permit has run out; was it? */
void delivery_lose(struct delivery *d);      /* it may have been sent: its permit is used */
void delivery_refuse(struct delivery *d);    /* the entry cannot be read */

/* A drain's deadline has passed: end the request that is being sent. */
void delivery_give_up(struct delivery *d);

#endif
