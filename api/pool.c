/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c: see pool.h.
 *
 *   loop    pool_add ──► waiting ─┐                    ┌─► done ──► on_done
 *   thread                        └─► run with a store ┘
 *
 * Threads of our own rather than libuv's, as each keeps a connection, and as a slow Redis must not take those that
 * look up names. */
#include "api/pool.h"
#include "common/base/err.h"
#include <errno.h>
#include <pthread.h>

struct item {
    struct item *next;
    void *work;
};

struct queue {
    struct item *first, **last;
};

struct pool {
    struct pool_options options;
    struct loop *loop;
    uv_async_t async; /* something is done */
    pthread_mutex_t mutex;
    pthread_cond_t more;
    struct queue waiting, done; /* under the mutex, as are the next two */
    unsigned n_waiting;
    bool is_closing;
    unsigned n_threads;
    pthread_t *threads;
    defer_fn *on_closed;
    void *closed_arg;
};

static void pool_put(struct queue *q, struct item *item)
{
    item->next = NULL;
    *q->last = item;
    q->last = &item->next;
}

static struct item *pool_take(struct queue *q)
{
    struct item *item = q->first;

    if (!item)
        return NULL;
    q->first = item->next;
    if (!q->first)
        q->last = &q->first;
    return item;
}

/* ---- on a thread ---- */

/* The next item, and those behind it as far as all join. How many; 0: the pool is being closed and nothing waits. */
static size_t wait_for_items(struct pool *p, struct item *ret[POOL_JOINED_MAX])
{
    const struct item *first;
    size_t n = 0;

    (void)pthread_mutex_lock(&p->mutex);
    while (!p->waiting.first && !p->is_closing)
        (void)pthread_cond_wait(&p->more, &p->mutex);
    while ((first = p->waiting.first) && n < POOL_JOINED_MAX &&
           (n == 0 || (p->options.joins(ret[0]->work) && p->options.joins(first->work))))
        ret[n++] = pool_take(&p->waiting);
    p->n_waiting -= (unsigned)n;
    (void)pthread_mutex_unlock(&p->mutex);
    return n;
}

static void give_back(struct pool *p, struct item **items, size_t n)
{
    (void)pthread_mutex_lock(&p->mutex);
    for (size_t i = 0; i < n; i++)
        pool_put(&p->done, items[i]);
    (void)pthread_mutex_unlock(&p->mutex);
    (void)uv_async_send(&p->async);
}

/* A store that cannot be opened is tried again with the next item. */
static void *pool_thread_main(void *arg)
{
    struct item *items[POOL_JOINED_MAX];
    void *works[POOL_JOINED_MAX];
    struct pool *p = arg;
    struct store s;
    bool is_open = false;
    size_t n;

    while ((n = wait_for_items(p, items))) {
        int r = is_open ? 0 : store_open(&s, p->options.settings, NULL);

        for (size_t i = 0; i < n; i++)
            works[i] = items[i]->work;
        p->options.work(works, n, &s, r);
        is_open = r == 0;
        if (r)
            store_close(&s);
        give_back(p, items, n);
    }
    if (is_open)
        store_close(&s);
    return NULL;
}

/* ---- on the loop ---- */

bool pool_add(struct pool *p, void *work)
{
    struct item *item = malloc(sizeof(*item));
    bool is_full;

    if (!item)
        return false;
    item->work = work;
    (void)pthread_mutex_lock(&p->mutex);
    is_full = p->n_waiting >= p->options.waiting_max || p->is_closing;
    if (!is_full) {
        pool_put(&p->waiting, item);
        p->n_waiting++;
        (void)pthread_cond_signal(&p->more);
    }
    (void)pthread_mutex_unlock(&p->mutex);
    if (is_full)
        free(item);
    return !is_full;
}

static void pool_tell_done(struct pool *p)
{
    struct item *item;

    for (;;) {
        (void)pthread_mutex_lock(&p->mutex);
        item = pool_take(&p->done);
        (void)pthread_mutex_unlock(&p->mutex);
        if (!item)
            return;
        p->options.done(item->work);
        free(item);
    }
}

static void on_async(uv_async_t *async)
{
    pool_tell_done(async->data);
}

static int start_threads(struct pool *p)
{
    for (; p->n_threads < p->options.threads; p->n_threads++) {
        int r = pthread_create(&p->threads[p->n_threads], NULL, pool_thread_main, p);

        if (r)
            return err_origin(-r);
    }
    return 0;
}

static void join_threads(struct pool *p)
{
    (void)pthread_mutex_lock(&p->mutex);
    p->is_closing = true;
    (void)pthread_cond_broadcast(&p->more);
    (void)pthread_mutex_unlock(&p->mutex);
    while (p->n_threads)
        (void)pthread_join(p->threads[--p->n_threads], NULL);
}

static void pool_free(struct pool *p)
{
    (void)pthread_mutex_destroy(&p->mutex);
    (void)pthread_cond_destroy(&p->more);
    free(p->threads);
    free(p);
}

int pool_new(struct pool **ret, struct loop *l, const struct pool_options *o)
{
    struct pool *p = calloc(1, sizeof(*p));
    int r;

    if (!p)
        return err_origin(-ENOMEM);
    *p = (struct pool){.options = *o, .loop = l};
    p->waiting.last = &p->waiting.first;
    p->done.last = &p->done.first;
    (void)pthread_mutex_init(&p->mutex, NULL);
    (void)pthread_cond_init(&p->more, NULL);
    p->threads = calloc(o->threads, sizeof(*p->threads));
    r = p->threads ? uv_async_init(&l->uv, &p->async, on_async) : err_origin(-ENOMEM);
    if (r) {
        pool_free(p);
        return r;
    }
    p->async.data = p;
    *ret = p;
    return start_threads(p);
}

static void pool_on_closed(uv_handle_t *handle)
{
    struct pool *p = handle->data;

    p->on_closed(p->closed_arg);
    pool_free(p);
}

/* Waits for what runs: that is bounded by Redis's timeout. */
void pool_close(struct pool *p, defer_fn *on_closed_fn, void *arg)
{
    p->on_closed = on_closed_fn;
    p->closed_arg = arg;
    join_threads(p);
    pool_tell_done(p);
    uv_close((uv_handle_t *)&p->async, pool_on_closed);
}
