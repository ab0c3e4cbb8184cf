/* SPDX-License-Identifier: Apache-2.0 */
/* directory.h: the cache of tenants and their endpoints; exact, not merely recent.
 *
 * Each partition has a `version` that every change of configuration raises, and `changed` tells
 * which tenants changed since a version. Whoever acts on cached configuration learns the current
 * version in the same step (fanout.lua compares it; a worker asks for it with its claim), and calls
 * directory_sync() first when it is not the one the cache is at. So a change that was answered "ok"
 * holds for every later attempt, on all processes.
 *
 * Cached tenants are reference counted: a delivery in flight keeps the configuration it began with.
 */
#ifndef GRAPNEL_COMMON_PROGRAM_DIRECTORY_H
#define GRAPNEL_COMMON_PROGRAM_DIRECTORY_H

#include "common/model/tenant.h"
#include "common/moves/keys.h"

struct directory;

typedef void directory_done_fn(void *arg, int result);

struct directory_options {
    struct redis_client *redis; /* borrowed for the directory's life */
    const struct keys *keys;    /* borrowed */
    unsigned tenants_max;       /* the oldest go beyond that */
    /* Called for each endpoint that is loaded, to prepare e->attached (may be NULL), and for each
     * that has something attached when it goes. */
    void (*attach)(struct endpoint *e, const struct tenant *t, void *arg);
    void (*detach)(struct endpoint *e);
    void *arg;
};

int directory_new(struct directory **ret, const struct directory_options *o);
/* No sync may be under way. */
struct directory *directory_free(struct directory *d);

/* Lends the cached tenant, NULL when it is not cached. */
struct tenant *directory_find(const struct directory *d, struct span tenant);

/* The version that the cache of @partition is at; -1: nothing known yet. */
int64_t directory_version(const struct directory *d, unsigned partition);

/* Redis was emptied or another one took its place: nothing cached of @partition is right. */
void directory_forget(struct directory *d, unsigned partition);

/* One wait for the cache; embedded; alive until called back. */
struct directory_sync {
    directory_done_fn *done;
    void *arg;
    struct directory *directory;
    unsigned partition;
    int64_t seen;
    const struct span *tenants;
    size_t n_tenants;
    struct redis_request changed;
    struct lookup *lookups;
    size_t n_pending;
    int result;
    struct defer finished;
};

/* Brings the cache of @partition to version @seen or later (-1: any; one that was seen before the
 * cache's own means that Redis was emptied), then loads those of @tenants
 * (borrowed until called back) that are not cached. Calls back once, on a later turn: 0, or why
 * Redis could not answer. */
void directory_sync_start(struct directory_sync *s, struct directory *d, struct loop *l,
                          unsigned partition, int64_t seen, const struct span *tenants, size_t n,
                          directory_done_fn *done, void *arg);

#endif
