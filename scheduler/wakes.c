/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/wakes.h"

#include "common/base/err.h"

void wakes_init(struct wakes *w, unsigned partition, const struct fanout_options *o)
{
    *w = (struct wakes){.options = *o, .partition = partition};
    redis_command_init(&w->command);
}

void wakes_fini(struct wakes *w)
{
    redis_command_fini(&w->command);
}

static void on_acked(struct redis_request *request, int result, redisReply *reply)
{
    struct wakes *w = container_of(request, struct wakes, ack);

    w->result = result ? result : redis_reply_result(reply);
}

/* Answers come in the order of the commands, so this is the last. */
static void on_deleted(struct redis_request *request, int result, redisReply *reply)
{
    struct wakes *w = container_of(request, struct wakes, del);

    if (!w->result)
        w->result = result ? result : redis_reply_result(reply);
    w->options.done(w->options.arg, w->result);
}

static void wakes_begin(struct wakes *w, const char *verb, const char *group)
{
    redis_command_begin(&w->command);
    redis_arg_text(&w->command, verb);
    redis_arg_key(&w->command, w->options.keys, w->partition, KEY_WAKE, SPAN(""));
    if (group)
        redis_arg_text(&w->command, group);
}

static void add_ids(struct wakes *w, const struct batch *batch)
{
    struct span id;

    for (size_t i = 0; i < batch->entries->elements; i++)
        if (redis_reply_span(redis_reply_at(batch->entries->element[i], 0), &id))
            redis_arg_span(&w->command, id);
}

void wakes_start(struct wakes *w, const struct batch *batch)
{
    int64_t at_ms;

    for (size_t i = 0; i < batch->entries->elements; i++) {
        const redisReply *fields = redis_reply_at(batch->entries->element[i], 1);

        if (redis_reply_i64(redis_reply_at(fields, 1), &at_ms))
            promoter_at(w->options.promoter, at_ms);
    }
    wakes_begin(w, "XACK", GROUP_SCHEDULER);
    add_ids(w, batch);
    redis_send(w->options.redis, &w->ack, &w->command, 0, on_acked, NULL);
    wakes_begin(w, "XDEL", NULL);
    add_ids(w, batch);
    redis_send(w->options.redis, &w->del, &w->command, 0, on_deleted, NULL);
}
