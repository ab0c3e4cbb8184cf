/* SPDX-License-Identifier: Apache-2.0 */
/* pool.h: threads on which handlers run, each with a store (a connection to Redis) of its own, so that what waits
 * for Redis never holds up the loop.
 *
 * What comes while all are busy waits, up to a limit; after that it is refused. */
#ifndef GRAPNEL_API_POOL_H
#define GRAPNEL_API_POOL_H

#include "admin/store/store.h"
#include "common/runtime/loop.h"
#include "common/runtime/settings.h"

struct pool;

/* On the pool's threads. @r: what store_open() answered; when that is not 0, @s has the words and nothing else. There
 * is one work, or several that join. */
enum { POOL_JOINED_MAX = 16 };
typedef void pool_work_fn(void **works, size_t n, struct store *s, int r);
/* May it be dealt with together with others, which waited behind it? */
typedef bool pool_joins_fn(const void *work);
/* On the loop, once for each work. */
typedef void pool_done_fn(void *work);

struct pool_options {
    const struct settings *settings; /* borrowed */
    unsigned threads, waiting_max;
    pool_work_fn *work;
    pool_joins_fn *joins;
    pool_done_fn *done;
};

int pool_new(struct pool **ret, struct loop *l,
             const struct pool_options *o); /* -ENOMEM, -EAGAIN */
/* False: too much waits already. */
bool pool_add(struct pool *p, void *work);
/* Ends what runs and waits (each is told as done), frees, then calls @on_closed(@arg). */
void pool_close(struct pool *p, defer_fn *on_closed, void *arg);

#endif
