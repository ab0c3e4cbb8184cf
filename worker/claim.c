/* SPDX-License-Identifier: Apache-2.0 */
/* claim.c: see claim.h.
 *
 *   IDLE ──free slots──► READING ──jobs or nothing──► IDLE
 *    ▲                      │ a fault
 *    └───── timer ───── RESTING                 stop: the read is ended ──► STOPPED
 *
 * With fewer free slots than partitions only some partitions are asked, in turn. Such a read does
 * not block, as it would miss the jobs of the others; when a whole round has found nothing we LINGER
 * for a moment, or until a slot comes free. */
#include "worker/claim.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include <errno.h>

enum { BLOCK_MS = 5000, ANSWER_MS = 5000, REST_FIRST_MS = 50, REST_MOST_MS = 2000, LINGER_MS = 20 };

static void stop(struct claim *c)
{
    c->state = CLAIM_STOPPED;
    c->options.on_stopped(c->options.arg);
}

static void claim_hand_out(struct claim *c, const redisReply *stream, enum claimed claimed)
{
    const redisReply *entries = redis_reply_at(stream, 1);
    struct span key;
    unsigned partition;

    if (!entries || entries->type != REDIS_REPLY_ARRAY || entries->elements == 0)
        return;
    if (!redis_reply_span(redis_reply_at(stream, 0), &key) ||
        keys_partition(c->options.keys, key, &partition))
        return;
    c->options.on_jobs(c->options.arg, partition, entries, claimed);
}

static void claim_rest(struct claim *c)
{
    c->state = CLAIM_RESTING;
    c->is_history = true;
    c->rest_ms = MIN(MAX(c->rest_ms * 2, REST_FIRST_MS), REST_MOST_MS);
    timer_start(&c->rest, c->rest_ms);
}

static void linger(struct claim *c)
{
    c->state = CLAIM_LINGERING;
    c->n_empty = 0;
    timer_start(&c->rest, LINGER_MS);
}

static void claim_on_fault(struct claim *c, int result)
{
    static struct log_limit limit;
    uint64_t held;
    bool was_last = c->is_stopping && c->reads_history;

    if (result != -ECANCELED && !c->is_stopping && log_limit_pass(&limit, 5000, &held))
        log_warn("claiming failed", LOG_ERR(result), LOG_INT("held", held));
    if (was_last)
        stop(c); /* what we could not read is rescued when our lease has run out */
    else
        claim_rest(c);
}

static enum claimed claimed_when(const struct claim *c)
{
    if (!c->reads_history)
        return CLAIMED_NOW;
    return c->knows_history ? CLAIMED_AGAIN : CLAIMED_BEFORE;
}

static void claim_on_read(struct redis_request *request, int result, redisReply *reply)
{
    struct claim *c = container_of(request, struct claim, request);

    redis_unblock_stop(&c->unblock);
    if (!result)
        result = redis_reply_result(reply);
    if (result) {
        claim_on_fault(c, result);
        return;
    }
    c->state = CLAIM_IDLE;
    c->rest_ms = 0;
    c->n_empty = reply->type == REDIS_REPLY_ARRAY ? 0 : c->n_empty + c->n_asked;
    if (reply->type == REDIS_REPLY_ARRAY)
        for (size_t i = 0; i < reply->elements; i++)
            claim_hand_out(c, reply->element[i], claimed_when(c));
    c->knows_history |= c->reads_history;
    if (c->is_stopping)
        stop(c);
    else if (c->n_empty >= c->options.keys->partitions)
        linger(c);
    else
        claim_wake(c);
}

/* How many partitions to ask and how many jobs of each, so that no more can come than are free. */
static void share(const struct claim *c, unsigned n_free, unsigned *ret_partitions,
                  int64_t *ret_count)
{
    *ret_partitions = MIN(n_free, c->options.keys->partitions);
    *ret_count = MIN(c->options.batch, (int64_t)(n_free / *ret_partitions));
}

static void claim_begin(struct claim *c, int64_t count, bool may_block)
{
    struct redis_command *cmd = &c->command;

    redis_command_begin(cmd);
    redis_arg_text(cmd, "XREADGROUP");
    redis_arg_text(cmd, "GROUP");
    redis_arg_text(cmd, GROUP_WORKERS);
    redis_arg_text(cmd, c->options.name);
    redis_arg_text(cmd, "COUNT");
    redis_arg_i64(cmd, count);
    if (may_block) {
        redis_arg_text(cmd, "BLOCK");
        redis_arg_i64(cmd, BLOCK_MS);
    }
    redis_arg_text(cmd, "STREAMS");
}

/* The history is asked for on the connection on which jobs are settled: so what is settled before
 * this read is not in it, and what is settled after is still in flight here when the answer comes.
 * On two connections a job could be pending in the one answer and, by then, settled and forgotten
 * by the other: it would be sent twice. */
static struct redis_client *reader(const struct claim *c)
{
    return c->reads_history ? c->options.other : c->options.redis;
}

static void read_jobs(struct claim *c)
{
    const struct keys *k = c->options.keys;
    unsigned partitions = k->partitions;
    int64_t count = 2 * (int64_t)c->options.slots; /* history: all of it */

    c->reads_history = c->is_history;
    c->is_history = false;
    if (!c->reads_history)
        share(c, c->options.free_slots(c->options.arg), &partitions, &count);
    c->state = CLAIM_READING;
    c->n_asked = partitions;
    claim_begin(c, count, partitions == k->partitions);
    for (unsigned i = 0; i < partitions; i++)
        redis_arg_key(&c->command, k, (c->first + i) % k->partitions, KEY_JOBS, SPAN(""));
    for (unsigned i = 0; i < partitions; i++)
        redis_arg_text(&c->command, c->reads_history ? "0" : ">");
    c->first = (c->first + partitions) % MAX(k->partitions, 1u);
    redis_send(reader(c), &c->request, &c->command, BLOCK_MS + ANSWER_MS, claim_on_read, NULL);
}

static void on_again(void *arg)
{
    struct claim *c = arg;

    if (c->state != CLAIM_IDLE)
        return;
    if (c->is_history || (!c->is_stopping && c->options.free_slots(c->options.arg) > 0))
        read_jobs(c);
    else if (c->is_stopping)
        stop(c);
}

void claim_wake(struct claim *c)
{
    if (c->state == CLAIM_LINGERING) {
        timer_stop(&c->rest);
        c->state = CLAIM_IDLE;
    }
    if (c->state == CLAIM_IDLE)
        loop_defer(c->options.loop, &c->again);
}

static void claim_on_rested(void *arg)
{
    struct claim *c = arg;

    c->state = CLAIM_IDLE;
    on_again(c);
}

void claim_stop(struct claim *c)
{
    c->is_stopping = true;
    if (c->state == CLAIM_READING && !c->reads_history)
        redis_unblock_start(&c->unblock, c->options.other, c->options.redis);
    else if (c->state == CLAIM_RESTING)
        timer_start(&c->rest, 0);
    else
        claim_wake(c);
}

int claim_init(struct claim *c, const struct claim_options *o)
{
    *c = (struct claim){.options = *o, .is_history = true};
    redis_command_init(&c->command);
    defer_init(&c->again, on_again, c);
    return timer_init(&c->rest, o->loop, claim_on_rested, c);
}

void claim_close(struct claim *c, defer_fn *on_closed, void *arg)
{
    redis_command_fini(&c->command);
    defer_cancel(&c->again);
    c->rest.arg = arg;
    timer_close(&c->rest, on_closed);
}
