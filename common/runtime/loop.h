/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h: small helps around a libuv loop. */
#ifndef GRAPNEL_COMMON_RUNTIME_LOOP_H
#define GRAPNEL_COMMON_RUNTIME_LOOP_H

#include "common/base/base.h"
#include "common/base/list.h"
#include <uv.h>

/* A libuv loop and what must run on its next turn. Embedded in a program's main struct. */
struct loop {
    uv_loop_t uv;
    uv_idle_t idle;       /* keeps the loop from sleeping while something is deferred */
    uv_check_t check;     /* runs what was deferred */
    struct list deferred; /* struct defer */
};

typedef void defer_fn(void *arg);

/* Embedded in whoever defers; one can wait once at a time. */
struct defer {
    struct list link;
    defer_fn *fn;
    void *arg;
};

int loop_init(struct loop *l); /* negative on failure */
int loop_run(struct loop *l);  /* until nothing is left or loop_stop() */
void loop_stop(struct loop *l);
/* Closes the loop's own handles, runs until all closes are done, frees. Asserts that nobody else
 * left an open handle (prints which). */
void loop_fini(struct loop *l);

void defer_init(struct defer *d, defer_fn *fn, void *arg);
/* Runs @d's function on the loop's next turn, exactly once; no effect if it already waits. */
void loop_defer(struct loop *l, struct defer *d);
void defer_cancel(struct defer *d); /* harmless when it does not wait */

/* A one-shot timer that may be moved. The struct is embedded; close before freeing it. */
struct timer {
    uv_timer_t uv;
    defer_fn *fn;
    void *arg;
    defer_fn *on_closed;
};

int timer_init(struct timer *t, struct loop *l, defer_fn *fn, void *arg);
void timer_start(struct timer *t, int64_t after_ms); /* moves it if it runs; below 0 counts as 0 */
void timer_stop(struct timer *t);
/* @on_closed (may be NULL) is called with the timer's arg when its memory may go. */
void timer_close(struct timer *t, defer_fn *on_closed);

#endif
