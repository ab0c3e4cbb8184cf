/* SPDX-License-Identifier: Apache-2.0 */
/* id_set.h: which delivery ids have been seen: a table of 64-bit hashes of a fixed size, so that
 * no insert ever stops the receiver to grow it. Two ids of n collide by chance in n²/2^65 cases. */
#ifndef GRAPNEL_BENCH_ID_SET_H
#define GRAPNEL_BENCH_ID_SET_H

#include "common/base/base.h"

struct id_set {
    uint64_t *slots;    /* 0: free */
    size_t size, count; /* size: a power of two, at least twice the ids it may hold */
    size_t count_max;
};

int id_set_init(struct id_set *set, size_t ids_max); /* -ENOMEM */
void id_set_fini(struct id_set *set);
void id_set_clear(struct id_set *set);

/* True when @id is new. When the set is full nothing is noted and everything counts as new. */
bool id_set_add(struct id_set *set, struct span id);

#endif
