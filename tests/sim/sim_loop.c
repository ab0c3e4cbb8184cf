/* SPDX-License-Identifier: Apache-2.0 */
/* sim_loop.c: loop.h and service.h without libuv. */
#include "common/base/log.h"
#include "sim.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>

/* Lies where libuv's handle would. */
struct sim_timer {
    struct list link; /* of its process, when it runs */
    struct process *process;
    int64_t due_us;
    bool is_closed;
};
_Static_assert(sizeof(struct sim_timer) <= sizeof(uv_timer_t), "it lies in the handle");

struct sim_later {
    struct list link;
    defer_fn *fn;
    void *arg;
};

static struct sim_timer *inside(struct timer *t)
{
    return (struct sim_timer *)(void *)&t->uv;
}

void sim_later(struct process *p, defer_fn *fn, void *arg)
{
    struct sim_later *l = calloc(1, sizeof(*l));

    assert(l);
    l->fn = fn;
    l->arg = arg;
    list_push_back(&p->later, &l->link);
}

/* ---- loop.h ---- */

int loop_init(struct loop *l)
{
    *l = (struct loop){.uv.data = sim.current};
    sim.current->loop = l;
    list_init(&l->deferred);
    return 0;
}

void loop_fini(struct loop *l)
{
    struct process *p = l->uv.data;

    assert(list_is_empty(&l->deferred) && list_is_empty(&p->timers) && list_is_empty(&p->later));
    p->loop = NULL;
}

int loop_run(struct loop *l)
{
    (void)l;
    return 0;
}

void loop_stop(struct loop *l)
{
    (void)l;
}

void defer_init(struct defer *d, defer_fn *fn, void *arg)
{
    list_init(&d->link);
    d->fn = fn;
    d->arg = arg;
}

void loop_defer(struct loop *l, struct defer *d)
{
    if (list_is_empty(&d->link))
        list_push_back(&l->deferred, &d->link);
}

void defer_cancel(struct defer *d)
{
    list_remove(&d->link);
}

int timer_init(struct timer *t, struct loop *l, defer_fn *fn, void *arg)
{
    *t = (struct timer){.fn = fn, .arg = arg};
    *inside(t) = (struct sim_timer){.process = l->uv.data};
    list_init(&inside(t)->link);
    return 0;
}

void timer_start(struct timer *t, int64_t after_ms)
{
    struct sim_timer *s = inside(t);

    if (s->is_closed)
        return;
    s->due_us = sim.now_us + MAX(after_ms, 0) * 1000;
    list_remove(&s->link);
    list_push_back(&s->process->timers, &s->link);
}

void timer_stop(struct timer *t)
{
    list_remove(&inside(t)->link);
}

static void ignore(void *arg)
{
    (void)arg;
}

void timer_close(struct timer *t, defer_fn *on_closed)
{
    timer_stop(t);
    inside(t)->is_closed = true;
    sim_later(inside(t)->process, on_closed ? on_closed : ignore, t->arg);
}

/* ---- service.h ---- */

static void on_drain_timer(void *arg)
{
    struct service *s = arg;

    s->is_abandoned = true;
    s->ops->abandon(s);
}

int service_init(struct service *s, const struct service_ops *ops, int argc, char **argv)
{
    *s = (struct service){.ops = ops};
    if (settings_parse_argv(&s->settings, ops->scope, argc, argv, ops->about))
        return -EINVAL;
    log_setup(ops->program, (enum log_level)s->settings.log_level, LOG_FORMAT_TEXT);
    (void)snprintf(s->name, sizeof(s->name), "%s", s->settings.name);
    sim.current->service = s;
    (void)loop_init(&s->loop);
    return timer_init(&s->drain_timer, &s->loop, on_drain_timer, s);
}

int service_run(struct service *s)
{
    (void)s;
    return 0;
}

void service_stop(struct service *s)
{
    sim_terminate(s->loop.uv.data);
}

void service_close(struct service *s)
{
    timer_close(&s->drain_timer, NULL);
    ((struct process *)s->loop.uv.data)->is_closing = true;
}

void service_fini(struct service *s)
{
    loop_fini(&s->loop);
    settings_fini(&s->settings);
}

/* SIGTERM, or what a program asks for itself. */
static void drain(void *arg)
{
    struct service *s = arg;

    if (s->is_draining)
        return;
    s->is_draining = true;
    timer_start(&s->drain_timer, s->settings.drain);
    s->ops->drain(s);
}

void sim_terminate(struct process *p)
{
    sim_later(p, drain, p->service);
}

/* ---- choices: a turn of what was deferred, what is for later, the timer that is due first ---- */

enum { DO_DEFERRED, DO_LATER, DO_TIMER, KINDS };

static struct sim_timer *first_timer(const struct process *p)
{
    struct sim_timer *first = NULL;

    list_for_each (node, &p->timers) {
        struct sim_timer *t = list_entry(node, struct sim_timer, link);

        if (!first || t->due_us < first->due_us)
            first = t;
    }
    return first;
}

static unsigned kinds_of(const struct process *p, unsigned ret[KINDS])
{
    const struct sim_timer *timer = first_timer(p);
    unsigned n = 0;

    if (!list_is_empty(&p->loop->deferred))
        ret[n++] = DO_DEFERRED;
    if (!list_is_empty(&p->later))
        ret[n++] = DO_LATER;
    if (timer && timer->due_us <= sim.now_us)
        ret[n++] = DO_TIMER;
    return n;
}

unsigned sim_loop_choices(const struct process *p)
{
    unsigned kinds[KINDS] = {0};

    return kinds_of(p, kinds);
}

static void run_deferred(struct process *p)
{
    struct list due, *node;

    list_init(&due);
    list_move_all(&due, &p->loop->deferred);
    while ((node = list_pop(&due))) {
        struct defer *d = list_entry(node, struct defer, link);

        d->fn(d->arg);
    }
}

static void run_later(struct process *p)
{
    struct sim_later *l = list_entry(list_pop(&p->later), struct sim_later, link), copy = *l;

    free(l);
    copy.fn(copy.arg);
}

static void run_timer(struct process *p)
{
    struct sim_timer *s = first_timer(p);
    struct timer *t = container_of((uv_timer_t *)(void *)s, struct timer, uv);

    list_remove(&s->link);
    t->fn(t->arg);
}

void sim_loop_do(struct process *p, unsigned choice)
{
    unsigned kinds[KINDS] = {0};

    (void)kinds_of(p, kinds);
    switch (kinds[choice]) {
    case DO_DEFERRED:
        run_deferred(p);
        return;
    case DO_LATER:
        run_later(p);
        return;
    default:
        run_timer(p);
    }
}

int64_t sim_loop_next_us(const struct process *p)
{
    const struct sim_timer *timer = first_timer(p);

    return timer ? timer->due_us : INT64_MAX;
}

void sim_loop_forget(struct process *p)
{
    struct list *node;

    while ((node = list_pop(&p->later)))
        free(list_entry(node, struct sim_later, link));
    while (list_pop(&p->timers))
        ;
    p->loop = NULL;
}
