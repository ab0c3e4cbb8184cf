/* SPDX-License-Identifier: Apache-2.0 */
/* intake.h: reads what waits for a scheduler, in all partitions, with one blocking command.
 *
 * Streams `events`, `failed` and `wake`, as a consumer of group `scheduler`. First, and after any
 * fault, it reads again what it had been given before and did not acknowledge ("history"); only
 * then what is new. The next read waits until everything of the last one is dealt with. */
#ifndef GRAPNEL_SCHEDULER_INTAKE_H
#define GRAPNEL_SCHEDULER_INTAKE_H

#include "common/moves/keys.h"
#include "common/redis/redis_unblock.h"
#include "common/runtime/loop.h"
#include "scheduler/batch.h"

enum intake_stream { INTAKE_EVENTS, INTAKE_FAILED, INTAKE_WAKE, INTAKE_STREAMS };
enum intake_state { INTAKE_STOPPED, INTAKE_READING, INTAKE_HANDLING, INTAKE_RESTING };

struct intake_options {
    struct loop *loop;          /* all borrowed */
    struct redis_client *redis; /* its own connection, as it blocks */
    struct redis_client *other; /* to end a blocked read by */
    const struct keys *keys;
    const char *name; /* of the consumer */
    int64_t batch;    /* most entries of each stream */
    /* Has @batch dealt with; must lead to one intake_handled(). */
    void (*handle)(void *arg, enum intake_stream stream, const struct batch *batch);
    void (*on_stopped)(void *arg); /* after intake_stop() */
    void *arg;
};

struct intake {
    struct intake_options options;
    enum intake_state state;
    bool is_history;    /* the next read is to be of our history */
    bool reads_history; /* this one is */
    bool is_stopping;
    int64_t count; /* most entries of each stream to ask for now */
    struct redis_request request;
    struct redis_unblock unblock;
    struct redis_command command;
    struct redis_chunk *kept; /* the reply, while HANDLING */
    unsigned n_pending;
    int result;
    int64_t rest_ms;
    struct timer rest;
};

int intake_init(struct intake *in, const struct intake_options *o);
void intake_start(struct intake *in);
/* One batch is dealt with, or not (result < 0: it will be read again). */
void intake_handled(struct intake *in, int result);
/* There may be something in our history again (it was taken over from a dead scheduler). */
void intake_reread(struct intake *in);
/* Reads no more; on_stopped follows once what is in hand is dealt with. */
void intake_stop(struct intake *in);
void intake_close(struct intake *in, defer_fn *on_closed, void *arg); /* after on_stopped */

#endif
