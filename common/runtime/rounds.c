/* SPDX-License-Identifier: Apache-2.0 */
#include "common/runtime/rounds.h"
#include <assert.h>

static void rounds_on_timer_closed(void *arg)
{
    struct rounds *r = arg;

    if (r->release)
        r->release(r->arg);
    r->on_closed(r->closed_arg); /* Careful: @r may be gone from here on. */
}

static void rounds_begin(void *arg)
{
    struct rounds *r = arg;

    r->state = ROUNDS_BUSY;
    r->begin(r->arg);
}

int rounds_init(struct rounds *r, struct loop *l, defer_fn *begin, defer_fn *release, void *arg)
{
    *r = (struct rounds){.begin = begin, .release = release, .arg = arg};
    return timer_init(&r->timer, l, rounds_begin, r);
}

void rounds_start(struct rounds *r, int64_t after_ms)
{
    if (r->state != ROUNDS_IDLE || r->is_closing)
        return;
    r->state = ROUNDS_RESTING;
    timer_start(&r->timer, after_ms);
}

void rounds_end(struct rounds *r, int64_t rest_ms)
{
    assert(r->state == ROUNDS_BUSY);
    r->state = ROUNDS_RESTING;
    if (r->is_closing)
        timer_close(&r->timer, rounds_on_timer_closed);
    else
        timer_start(&r->timer, rest_ms);
}

bool rounds_is_closing(const struct rounds *r)
{
    return r->is_closing;
}

void rounds_close(struct rounds *r, defer_fn *on_closed, void *arg)
{
    r->is_closing = true;
    r->on_closed = on_closed;
    r->closed_arg = arg;
    if (r->state != ROUNDS_BUSY)
        timer_close(&r->timer, rounds_on_timer_closed);
}

void rounds_close_after_last(struct rounds *r, defer_fn *on_closed, void *arg)
{
    r->is_closing = true;
    r->on_closed = on_closed;
    r->closed_arg = arg;
    timer_stop(&r->timer);
    if (r->state != ROUNDS_BUSY)
        rounds_begin(r);
}
