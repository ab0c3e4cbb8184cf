/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/rng.h"
#include "common/base/base.h"
#include <openssl/rand.h>
#include <pthread.h>

/* OpenSSL takes about as long for 16 bytes as for 1024, so we ask it for a pool at a time. What was
 * handed out is wiped: the pool must not tell yesterday's keys. One for each thread, no locks. */
static _Thread_local struct {
    uint8_t bytes[1024];
    size_t left;
} pool;

static void (*bytes_fn)(void *data, size_t len);
static pthread_once_t fork_guard = PTHREAD_ONCE_INIT;

static void forget_pool(void)
{
    explicit_bzero(&pool, sizeof(pool));
}

/* Parent and child must not go on from the same pool. The child's only thread is the one that
 * forked. */
static void guard_fork(void)
{
    if (pthread_atfork(NULL, NULL, forget_pool))
        abort();
}

static void system_bytes(void *data, size_t len)
{
    if (RAND_bytes(data, (int)len) != 1)
        abort();
}

static void pool_bytes(uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t n;
        uint8_t *from;

        if (pool.left == 0) {
            (void)pthread_once(&fork_guard, guard_fork);
            system_bytes(pool.bytes, sizeof(pool.bytes));
            pool.left = sizeof(pool.bytes);
        }
        n = MIN(len, pool.left);
        from = pool.bytes + sizeof(pool.bytes) - pool.left;
        memcpy(data, from, n);
        explicit_bzero(from, n);
        pool.left -= n;
        data += n;
        len -= n;
    }
}

void rng_bytes(void *data, size_t len)
{
    if (bytes_fn)
        bytes_fn(data, len);
    else
        pool_bytes(data, len);
}

uint64_t rng_below(uint64_t bound)
{
    /* Values under 2^64 mod bound would come up once too often: draw again. */
    uint64_t unfair = -bound % bound, value;

    do {
        rng_bytes(&value, sizeof(value));
    } while (value < unfair);
    return value % bound;
}

void rng_replace(void (*bytes)(void *data, size_t len))
{
    bytes_fn = bytes;
}
