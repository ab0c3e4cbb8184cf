/* SPDX-License-Identifier: Apache-2.0 */
/* rounds.h: work that comes back: a rest, one round, the next rest. Never two rounds at a time.
 *
 *   IDLE ──start──► RESTING ──timer──► BUSY ──rounds_end()──► RESTING …
 *                       └──────close──────┴──► closed
 *
 * Life: rounds_init → rounds_start → rounds_close → @on_closed. The owner is told to begin a round and says with
 * rounds_end() that it is over. A round under way is not interrupted by a close: it may end itself early when
 * rounds_is_closing(), and it must end. */
#ifndef GRAPNEL_COMMON_RUNTIME_ROUNDS_H
#define GRAPNEL_COMMON_RUNTIME_ROUNDS_H

#include "common/runtime/loop.h"

enum rounds_state { ROUNDS_IDLE, ROUNDS_RESTING, ROUNDS_BUSY };

struct rounds {
    struct timer timer;
    enum rounds_state state;
    defer_fn *begin;   /* one round, on a turn of the loop */
    defer_fn *release; /* may be NULL: frees what the rounds used, before @on_closed */
    void *arg;         /* of both */
    bool is_closing;
    defer_fn *on_closed; /* valid once closing */
    void *closed_arg;
};

/* Negative when the timer could not be made: then there is nothing to close. */
int rounds_init(struct rounds *r, struct loop *l, defer_fn *begin, defer_fn *release, void *arg);
/* The first round comes in @after_ms. No effect after the first time. */
void rounds_start(struct rounds *r, int64_t after_ms);
/* By the owner, once for each begin: the round is over, the next comes in @rest_ms. */
void rounds_end(struct rounds *r, int64_t rest_ms);
bool rounds_is_closing(const struct rounds *r);
/* @on_closed(@arg) when a round under way has ended and the memory may go. */
void rounds_close(struct rounds *r, defer_fn *on_closed, void *arg);
/* The same after one last round, begun at once; one that is under way already is the last. */
void rounds_close_after_last(struct rounds *r, defer_fn *on_closed, void *arg);

#endif
