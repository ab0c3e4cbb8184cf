/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/window.h"

void window_fini(struct window *w)
{
    free(w->times);
    *w = (struct window){0};
}

/* Doubles the ring; the entries move to its beginning. */
static bool window_grow(struct window *w)
{
    uint32_t size = w->size ? w->size * 2 : 64;
    int64_t *times = size > WINDOW_ENTRIES_MAX ? NULL : calloc(size, sizeof(*times));

    if (!times) {
        w->overflowed = true;
        return false;
    }
    for (uint32_t i = 0; i < w->count; i++)
        times[i] = w->times[(w->first + i) & (w->size - 1)];
    free(w->times);
    w->times = times;
    w->size = size;
    w->first = 0;
    return true;
}

void window_add(struct window *w, int64_t now_us, int64_t length_us)
{
    while (w->count && w->times[w->first] <= now_us - length_us) {
        w->first = (w->first + 1) & (w->size - 1);
        w->count--;
    }
    if (w->count == w->size && !window_grow(w))
        return;
    w->times[(w->first + w->count) & (w->size - 1)] = now_us;
    w->count++;
    if (w->count > w->most) {
        w->most = w->count;
        w->most_us = now_us;
    }
}
