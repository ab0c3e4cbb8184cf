/* SPDX-License-Identifier: Apache-2.0 */
#include "common/program/heartbeat.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/moves/heartbeat.h"
#include <errno.h>
#include <stdio.h>

struct heart_request {
    struct redis_request request;
    struct heartbeat *heartbeat;
    unsigned partition;
    int64_t asked_us;
};

static void heartbeat_release(void *arg)
{
    struct heartbeat *h = arg;

    free(h->requests);
    h->requests = NULL;
}

static void end_round(struct heartbeat *h)
{
    bool is_closing = rounds_is_closing(&h->rounds);

    rounds_end(&h->rounds, h->options.every_ms);
    if (is_closing)
        return;
    if (h->n_failed) {
        h->is_ready = false;
    } else if (!h->is_ready) {
        h->is_ready = true;
        h->options.on_ready(h->options.arg);
    }
}

static int heartbeat_note(struct heart_request *r, const redisReply *reply)
{
    struct heartbeat *h = r->heartbeat;
    struct beat beat = {.partition = r->partition};
    struct heartbeat_answer answer;
    int result = move_heartbeat_parse(&answer, reply);

    if (result)
        return result;
    beat.version = answer.version;
    beat.delayed_ms = answer.delayed_ms;
    beat.throttled_ms = answer.throttled_ms;
    redis_clock_note(&h->clock, r->asked_us, clock_mono_us(), answer.now_us);
    if (h->options.on_beat && !rounds_is_closing(&h->rounds))
        h->options.on_beat(h->options.arg, &beat);
    return 0;
}

static void heartbeat_on_answer(struct redis_request *request, int result, redisReply *reply)
{
    struct heart_request *r = container_of(request, struct heart_request, request);
    struct heartbeat *h = r->heartbeat;
    static struct log_limit limit;
    uint64_t held;

    if (!result)
        result = heartbeat_note(r, reply);
    if (result) {
        h->n_failed++;
        if (result != -ECANCELED && log_limit_pass(&limit, 5000, &held))
            log_warn("heartbeat failed", LOG_INT("partition", r->partition), LOG_ERR(result),
                     LOG_INT("held", held));
    }
    if (--h->n_pending == 0)
        end_round(h);
}

static void beat(void *arg)
{
    struct heartbeat *h = arg;
    const struct heartbeat_options *o = &h->options;
    struct redis_command cmd;

    h->n_failed = 0;
    h->n_pending = o->keys->partitions;
    redis_command_init(&cmd);
    for (unsigned p = 0; p < o->keys->partitions; p++) {
        struct heart_request *r = &h->requests[p];

        *r = (struct heart_request){.heartbeat = h, .partition = p, .asked_us = clock_mono_us()};
        move_heartbeat_begin(&cmd, keys_head(o->keys, p), h->member, o->slots, o->lease_ms);
        redis_run(o->redis, &r->request, &script_heartbeat, &cmd, 0, heartbeat_on_answer, NULL);
    }
    redis_command_fini(&cmd);
}

int heartbeat_start(struct heartbeat *h, struct loop *l, const struct heartbeat_options *o)
{
    int r;

    *h = (struct heartbeat){.options = *o};
    (void)snprintf(h->member, sizeof(h->member), "%s/%s", o->kind, o->name);
    h->requests = calloc(o->keys->partitions, sizeof(*h->requests));
    if (!h->requests)
        return err_origin(-ENOMEM);
    r = rounds_init(&h->rounds, l, beat, heartbeat_release, h);
    if (r) {
        free(TAKE(h->requests));
        return err_trace(r);
    }
    rounds_start(&h->rounds, 0);
    return 0;
}

void heartbeat_close(struct heartbeat *h, defer_fn *on_closed, void *arg)
{
    rounds_close(&h->rounds, on_closed, arg);
}
