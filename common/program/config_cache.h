/* SPDX-License-Identifier: Apache-2.0 */
/* config_cache.h: the cache of tenants and their endpoints; exact, not merely recent.
 *
 * Each partition has a `version` that every change of configuration raises, and `changed` tells
 * which tenants changed since a version. Whoever acts on cached configuration learns the current
 * version in the same step (fanout.lua compares it; a worker asks for it with its claim), and calls
 * config_cache_sync() first when it is not the one the cache is at. So a change that was answered "ok"
 * holds for every later attempt, on all processes.
 *
 * Cached tenants are reference counted: a delivery in flight keeps the configuration it began with.
 */
#ifndef GRAPNEL_COMMON_PROGRAM_CONFIG_CACHE_H
#define GRAPNEL_COMMON_PROGRAM_CONFIG_CACHE_H

#include "common/model/tenant.h"
#include "common/moves/keys.h"

struct config_cache;

typedef void config_cache_done_fn(void *arg, int result);

struct config_cache_options {
    struct redis_client *redis; /* borrowed for the config_cache's life */
    const struct keys *keys;    /* borrowed */
    unsigned tenants_max;       /* the oldest go beyond that */
    /* Called for each endpoint that is loaded, to prepare e->attached (may be NULL), and for each
     * that has something attached when it goes. */
    void (*attach)(struct endpoint *e, const struct tenant *t, void *arg);
    void (*detach)(struct endpoint *e);
    void *arg;
};

int config_cache_new(struct config_cache **ret, const struct config_cache_options *o);
/* No sync may be under way. */
struct config_cache *config_cache_free(struct config_cache *d);

/* Lends the cached tenant, NULL when it is not cached. */
struct tenant *config_cache_find(const struct config_cache *d, struct span tenant);

/* The version that the cache of @partition is at; -1: nothing known yet. */
int64_t config_cache_version(const struct config_cache *d, unsigned partition);

/* Redis was emptied or another one took its place: nothing cached of @partition is right. */
void config_cache_forget(struct config_cache *d, unsigned partition);

/* One wait for the cache; embedded; alive until called back. */
struct config_cache_sync {
    config_cache_done_fn *done;
    void *arg;
    struct config_cache *config_cache;
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
void config_cache_sync_start(struct config_cache_sync *s, struct config_cache *d, struct loop *l,
                             unsigned partition, int64_t seen, const struct span *tenants, size_t n,
                             config_cache_done_fn *done, void *arg);

#endif
