/* SPDX-License-Identifier: Apache-2.0 */
/* counters.h: the few numbers that the receiver shows to other processes while it runs, in a mapped
 * file: reading them costs the reader a memory access and the receiver nothing.
 *
 * The receiver makes the file (counters_create), the driver and bench/run map it. All numbers are
 * little-endian 64 bit in the order below; bench/receiver.py reads them by place. */
#ifndef GRAPNEL_BENCH_COUNTERS_H
#define GRAPNEL_BENCH_COUNTERS_H

#include "common/base/base.h"
#include <stdatomic.h>

struct counters {
    _Atomic uint64_t requests; /* all that came in */
    _Atomic uint64_t distinct; /* with a delivery id not seen before, or without any id */
    _Atomic uint64_t answered; /* with 2xx */
    _Atomic uint64_t failed;   /* with another status, by --fail */
    _Atomic uint64_t held;     /* now waiting for their answer: --hang or --delay */
    _Atomic uint64_t held_most;
    _Atomic uint64_t connections; /* now open */
};

/* Give a mapping, to be undone with counters_unmap(). Negative on failure. */
int counters_create(struct counters **ret, const char *path); /* @path NULL: not shared */
int counters_map(const struct counters **ret, const char *path);
void counters_unmap(const struct counters *c); /* NULL is fine */

/* There is one writer, so no locked instruction is needed. */
static inline void counters_add(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

static inline uint64_t counters_get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
