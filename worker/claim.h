/* SPDX-License-Identifier: Apache-2.0 */
/* claim.h: claims jobs, never more than there are free slots.
 *
 * One blocking XREADGROUP over the `jobs` of all partitions, on a connection of its own. At the
 * start and after a fault it first reads what had been given to this worker before ("history"): a
 * lost answer may have claimed jobs that we have never seen. */
#ifndef GRAPNEL_WORKER_CLAIM_H
#define GRAPNEL_WORKER_CLAIM_H

#include "common/moves/keys.h"
#include "common/redis/redis_unblock.h"
#include "common/runtime/loop.h"

/* What is known of jobs that are ours. */
enum claimed {
    CLAIMED_NOW,
    CLAIMED_AGAIN, /* read once more after a fault: some may be in flight here, no other was sent */
    CLAIMED_BEFORE /* by a process of our name that has ended: may have been sent */
};

enum claim_state { CLAIM_IDLE, CLAIM_READING, CLAIM_LINGERING, CLAIM_RESTING, CLAIM_STOPPED };

struct claim_options {
    struct loop *loop;          /* all borrowed */
    struct redis_client *redis; /* its own connection, as it blocks */
    struct redis_client *other; /* the one that jobs are settled on: for the history, and to end a
                                   blocked read */
    const struct keys *keys;
    const char *name; /* of the consumer */
    int64_t batch;    /* most from one partition */
    unsigned slots;   /* of the worker */
    unsigned (*free_slots)(void *arg);
    /* @entries: [[id, fields], …] of `jobs`; borrowed for the call. */
    void (*on_jobs)(void *arg, unsigned partition, const redisReply *entries, enum claimed claimed);
    void (*on_stopped)(void *arg);
    void *arg;
};

struct claim {
    struct claim_options options;
    enum claim_state state;
    bool is_history;    /* the next read is to be of our history */
    bool reads_history; /* this one is */
    bool knows_history; /* it was read: none of it is a predecessor's from here on */
    bool is_stopping;
    unsigned first; /* partition to begin with when there are fewer slots than partitions */
    unsigned n_asked, n_empty; /* partitions: of the read under way; in a row that had nothing */
    struct redis_request request;
    struct redis_unblock unblock;
    struct redis_command command;
    int64_t rest_ms;
    struct timer rest;
    struct defer again;
};

int claim_init(struct claim *c, const struct claim_options *o);
/* There are free slots, or there is a reason to look: claims on the loop's next turn. */
void claim_wake(struct claim *c);
/* Claims no more; on_stopped follows once a read under way is answered (its jobs are still given to
 * on_jobs) and, after a fault, the history is read. */
void claim_stop(struct claim *c);
void claim_close(struct claim *c, defer_fn *on_closed, void *arg); /* after on_stopped */

#endif
