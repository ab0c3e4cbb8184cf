/* SPDX-License-Identifier: Apache-2.0 */
/* intake.c: see intake.h.
 *
 *   READING ──entries──► HANDLING ──all dealt with──► READING
 *      │ ▲                   │ one failed
 *      │ └──── timer ──── RESTING ◄── a fault of Redis
 *      └── nothing came: READING again */
#include "scheduler/intake.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include <errno.h>

/* A blocked read is short, as what is taken over from a dead scheduler waits for it to end. */
enum { BLOCK_MS = 1000, ANSWER_MS = 5000, REST_FIRST_MS = 50, REST_MOST_MS = 2000 };

static const char *const stream_names[] = {KEY_EVENTS, KEY_FAILED, KEY_WAKE};

static void read_next(struct intake *in);

static void stop_if_asked(struct intake *in)
{
    in->state = INTAKE_STOPPED;
    in->options.on_stopped(in->options.arg);
}

static void intake_rest(struct intake *in)
{
    in->state = INTAKE_RESTING;
    in->is_history = true;
    in->rest_ms = MIN(MAX(in->rest_ms * 2, REST_FIRST_MS), REST_MOST_MS);
    timer_start(&in->rest, in->rest_ms);
}

static void intake_on_rested(void *arg)
{
    struct intake *in = arg;

    if (in->is_stopping)
        stop_if_asked(in);
    else
        read_next(in);
}

/* Everything of the last read is dealt with. */
static void end_handling(struct intake *in)
{
    redis_reply_release(TAKE(in->kept));
    if (in->is_stopping) {
        stop_if_asked(in);
    } else if (in->result) {
        intake_rest(in);
    } else {
        in->rest_ms = 0;
        read_next(in);
    }
}

void intake_handled(struct intake *in, int result)
{
    if (result && !in->result)
        in->result = result;
    if (--in->n_pending == 0)
        end_handling(in);
}

/* Which of our streams is @key? -EINVAL: none. */
static int which(const struct intake *in, const redisReply *key, enum intake_stream *ret_stream,
                 unsigned *ret_partition)
{
    struct span name;
    size_t head;

    if (!redis_reply_span(key, &name) || keys_partition(in->options.keys, name, ret_partition))
        return err_origin(-EINVAL);
    head = strlen(keys_head(in->options.keys, *ret_partition));
    if (name.len < head)
        return err_origin(-EINVAL);
    for (unsigned s = 0; s < INTAKE_STREAMS; s++) {
        if (span_equal((struct span){name.data + head, name.len - head},
                       span_of(stream_names[s]))) {
            *ret_stream = (enum intake_stream)s;
            return 0;
        }
    }
    return err_origin(-EINVAL);
}

static void intake_hand_out(struct intake *in, const redisReply *stream)
{
    const redisReply *entries = redis_reply_at(stream, 1);
    struct batch batch = {.entries = entries};
    enum intake_stream kind;

    if (!entries || entries->type != REDIS_REPLY_ARRAY || entries->elements == 0)
        return;
    if (which(in, redis_reply_at(stream, 0), &kind, &batch.partition))
        return;
    in->n_pending++;
    in->options.handle(in->options.arg, kind, &batch);
}

static void hand_out_all(struct intake *in, const redisReply *reply)
{
    in->state = INTAKE_HANDLING;
    in->result = 0;
    in->n_pending = 1; /* our own, so that nothing ends before all are handed out */
    if (reply->type == REDIS_REPLY_ARRAY)
        for (size_t i = 0; i < reply->elements; i++)
            intake_hand_out(in, reply->element[i]);
    if (in->reads_history && in->n_pending > 1)
        in->is_history = true; /* there may be more of it */
    intake_handled(in, 0);
}

/* The answer may have been too large to take: then a smaller one must do. Grows slowly again. */
static void ask_for_less(struct intake *in)
{
    in->count = MAX(in->count / 2, 1);
}

static void ask_for_more(struct intake *in)
{
    in->count = MIN(in->count + MAX(in->count / 8, 1), in->options.batch);
}

static void intake_on_fault(struct intake *in, int result)
{
    static struct log_limit limit;
    uint64_t held;

    ask_for_less(in);
    if (result != -ECANCELED && log_limit_pass(&limit, 5000, &held))
        log_warn("reading from Redis failed", LOG_ERR(result), LOG_INT("held", held));
    if (in->is_stopping)
        stop_if_asked(in);
    else
        intake_rest(in);
}

static void intake_on_read(struct redis_request *request, int result, redisReply *reply)
{
    struct intake *in = container_of(request, struct intake, request);

    redis_unblock_stop(&in->unblock);
    if (!result)
        result = redis_reply_result(reply);
    if (result) {
        intake_on_fault(in, result);
        return;
    }
    ask_for_more(in);
    in->kept = redis_reply_keep(in->options.redis);
    hand_out_all(in, reply);
}

static void read_next(struct intake *in)
{
    const struct keys *k = in->options.keys;
    struct redis_command *cmd = &in->command;

    in->state = INTAKE_READING;
    in->reads_history = in->is_history;
    in->is_history = false; /* until there is a reason again, also while this read is under way */
    redis_command_begin(cmd);
    redis_arg_text(cmd, "XREADGROUP");
    redis_arg_text(cmd, "GROUP");
    redis_arg_text(cmd, GROUP_SCHEDULER);
    redis_arg_text(cmd, in->options.name);
    redis_arg_text(cmd, "COUNT");
    redis_arg_i64(cmd, in->count);
    redis_arg_text(cmd, "BLOCK");
    redis_arg_i64(cmd, BLOCK_MS);
    redis_arg_text(cmd, "STREAMS");
    for (unsigned s = 0; s < INTAKE_STREAMS; s++)
        for (unsigned p = 0; p < k->partitions; p++)
            redis_arg_key(cmd, k, p, stream_names[s], SPAN(""));
    for (unsigned i = 0; i < INTAKE_STREAMS * k->partitions; i++)
        redis_arg_text(cmd, in->reads_history ? "0" : ">");
    redis_send(in->options.redis, &in->request, cmd, BLOCK_MS + ANSWER_MS, intake_on_read, NULL);
}

int intake_init(struct intake *in, const struct intake_options *o)
{
    *in = (struct intake){
        .options = *o, .state = INTAKE_STOPPED, .is_history = true, .count = o->batch};
    redis_command_init(&in->command);
    return timer_init(&in->rest, o->loop, intake_on_rested, in);
}

void intake_start(struct intake *in)
{
    if (in->state == INTAKE_STOPPED && !in->is_stopping)
        read_next(in);
}

void intake_reread(struct intake *in)
{
    in->is_history = true;
}

void intake_stop(struct intake *in)
{
    in->is_stopping = true;
    if (in->state == INTAKE_READING)
        redis_unblock_start(&in->unblock, in->options.other, in->options.redis);
    else if (in->state == INTAKE_RESTING)
        timer_start(&in->rest, 0);
    else if (in->state == INTAKE_STOPPED)
        stop_if_asked(in);
}

void intake_close(struct intake *in, defer_fn *on_closed, void *arg)
{
    redis_command_fini(&in->command);
    in->rest.arg = arg;
    timer_close(&in->rest, on_closed);
}
