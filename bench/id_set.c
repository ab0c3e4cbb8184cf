/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/id_set.h"

#include <errno.h>
#include <sys/mman.h>

int id_set_init(struct id_set *set, size_t ids_max)
{
    size_t size = 1024;
    void *memory;

    while (size < ids_max * 2)
        size *= 2;
    memory = mmap(NULL, size * sizeof(uint64_t), PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -ENOMEM;
    (void)madvise(memory, size * sizeof(uint64_t), MADV_HUGEPAGE); /* cheaper look-ups */
    /* Touched now: a page that is first used while we measure costs milliseconds in a VM. */
    memset(memory, 0, size * sizeof(uint64_t));
    *set = (struct id_set){.slots = memory, .size = size, .count_max = ids_max};
    return 0;
}

void id_set_fini(struct id_set *set)
{
    if (set->slots)
        munmap(set->slots, set->size * sizeof(uint64_t));
    *set = (struct id_set){0};
}

void id_set_clear(struct id_set *set)
{
    memset(set->slots, 0, set->size * sizeof(uint64_t)); /* keeps the pages */
    set->count = 0;
}

/* FNV-1a by eight bytes a step, then mixed: ids are random already, the table only needs spread. */
static uint64_t id_set_hash_of(struct span id)
{
    uint64_t hash = 0xcbf29ce484222325u, word;
    size_t i;

    for (i = 0; i + 8 <= id.len; i += 8) {
        memcpy(&word, id.data + i, 8);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    for (; i < id.len; i++)
        hash = (hash ^ (uint8_t)id.data[i]) * 0x100000001b3u;
    hash = (hash ^ (hash >> 29)) * 0xbf58476d1ce4e5b9u;
    return (hash ^ (hash >> 32)) | 1; /* never the mark of a free slot */
}

bool id_set_add(struct id_set *set, struct span id)
{
    uint64_t hash = id_set_hash_of(id);
    size_t at = (hash >> 1) & (set->size - 1);

    while (set->slots[at]) {
        if (set->slots[at] == hash)
            return false;
        at = (at + 1) & (set->size - 1);
    }
    if (set->count < set->count_max) {
        set->slots[at] = hash;
        set->count++;
    }
    return true;
}
