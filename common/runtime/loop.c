/* SPDX-License-Identifier: Apache-2.0 */
#include "common/runtime/loop.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include <assert.h>

/* How many turns loop_fini() gives to closes that are under way. Each needs one or two. */
enum { FINI_TURNS_MAX = 64 };

/* Only here so that the loop does not sleep: what was deferred runs in the same turn, at
 * on_check(). */
static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

static void on_check(uv_check_t *check)
{
    struct loop *l = container_of(check, struct loop, check);
    struct list due, *node;

    /* What is deferred by these functions is for the next turn. */
    list_init(&due);
    list_move_all(&due, &l->deferred);
    uv_idle_stop(&l->idle);
    uv_check_stop(&l->check);
    while ((node = list_pop(&due))) {
        struct defer *d = list_entry(node, struct defer, link);

        d->fn(d->arg);
    }
}

int loop_init(struct loop *l)
{
    int r = uv_loop_init(&l->uv);

    if (r)
        return err_origin(r);
    list_init(&l->deferred);
    (void)uv_idle_init(&l->uv, &l->idle); /* neither can fail */
    (void)uv_check_init(&l->uv, &l->check);
    return 0;
}

int loop_run(struct loop *l)
{
    (void)uv_run(&l->uv,
                 UV_RUN_DEFAULT); /* positive: stopped with handles left, which is no fault */
    return 0;
}

void loop_stop(struct loop *l)
{
    uv_stop(&l->uv);
}

static void name_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    log_error("a handle was left open", LOG_TEXT("type", uv_handle_type_name(handle->type)),
              LOG_INT("is_active", uv_is_active(handle)),
              LOG_INT("is_closing", uv_is_closing(handle)));
}

void loop_fini(struct loop *l)
{
    int r = UV_EBUSY;

    uv_close((uv_handle_t *)&l->idle, NULL);
    uv_close((uv_handle_t *)&l->check, NULL);
    /* Not until nothing is left: a forgotten timer would keep us here for its whole time. */
    for (unsigned turn = 0; r == UV_EBUSY && turn < FINI_TURNS_MAX; turn++) {
        (void)uv_run(&l->uv, UV_RUN_NOWAIT);
        r = uv_loop_close(&l->uv);
    }
    if (r)
        uv_walk(&l->uv, name_handle, NULL);
    assert(r == 0);
}

void defer_init(struct defer *d, defer_fn *fn, void *arg)
{
    list_init(&d->link);
    d->fn = fn;
    d->arg = arg;
}

void loop_defer(struct loop *l, struct defer *d)
{
    if (!list_is_empty(&d->link))
        return;
    if (list_is_empty(&l->deferred)) {
        (void)uv_idle_start(&l->idle, on_idle);
        (void)uv_check_start(&l->check, on_check);
    }
    list_push_back(&l->deferred, &d->link);
}

void defer_cancel(struct defer *d)
{
    list_remove(&d->link);
}

int timer_init(struct timer *t, struct loop *l, defer_fn *fn, void *arg)
{
    int r = uv_timer_init(&l->uv, &t->uv);

    if (r)
        return err_origin(r);
    t->fn = fn;
    t->arg = arg;
    t->on_closed = NULL;
    return 0;
}

static void loop_on_timer(uv_timer_t *uv)
{
    struct timer *t = container_of(uv, struct timer, uv);

    t->fn(t->arg);
}

void timer_start(struct timer *t, int64_t after_ms)
{
    if (uv_is_closing((uv_handle_t *)&t->uv))
        return;
    /* libuv counts from the beginning of this turn, which may be long ago. */
    uv_update_time(t->uv.loop);
    (void)uv_timer_start(&t->uv, loop_on_timer, after_ms > 0 ? (uint64_t)after_ms : 0, 0);
}

void timer_stop(struct timer *t)
{
    (void)uv_timer_stop(&t->uv);
}

static void loop_on_timer_closed(uv_handle_t *handle)
{
    struct timer *t = container_of(handle, struct timer, uv);

    if (t->on_closed)
        t->on_closed(t->arg); /* Careful: @t may be gone from here on. */
}

void timer_close(struct timer *t, defer_fn *on_closed)
{
    t->on_closed = on_closed;
    uv_close((uv_handle_t *)&t->uv, loop_on_timer_closed);
}
