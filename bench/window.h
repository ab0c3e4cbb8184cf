/* SPDX-License-Identifier: Apache-2.0 */
/* window.h: the most that came within any window of a given length: an exact sliding log.
 * "Any window" is half open: two requests exactly the length apart are not in the same one. */
#ifndef GRAPNEL_BENCH_WINDOW_H
#define GRAPNEL_BENCH_WINDOW_H

#include "common/base/base.h"

enum { WINDOW_ENTRIES_MAX = 1 << 20 };

struct window {
    int64_t *times; /* a ring of @size, a power of two; the window's entries begin at @first */
    uint32_t size, first, count;
    uint32_t most;
    int64_t most_us; /* when the fullest one was complete */
    bool
        overflowed; /* more than WINDOW_ENTRIES_MAX at once, or no memory: @most is a lower bound */
};

void window_fini(struct window *w); /* zeroed memory is an empty window */
/* @now_us must not go back. */
void window_add(struct window *w, int64_t now_us, int64_t length_us);

#endif
