/* SPDX-License-Identifier: Apache-2.0 */
#include "api/retry_runner.h"
#include "admin/delivery/store_retry.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include <errno.h>
#include <pthread.h>
#include <time.h>

/* What a step asks of Redis in one go should take no longer than this; if it does, the next one is about fewer. */
enum { IDLE_MS = 1000, STEP_MS = 10 };

struct retry_runner {
    const struct settings *settings;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_woken, is_closing; /* under the mutex */
    /* the thread's own */
    unsigned most; /* deliveries in a step */
    bool is_failing;
};

/* ---- steps ---- */

static void adapt(struct retry_runner *r, int64_t took_ms)
{
    if (took_ms > STEP_MS)
        r->most = MAX(r->most / 2, 1u);
    else
        r->most = MIN(r->most * 2, (unsigned)RETRY_STEP_MAX);
}

static int make_step(struct retry_runner *r, struct store *s, unsigned partition)
{
    struct retry_job job;
    int64_t took_ms;
    int result = store_retry_take(s, partition, r->settings->lease, &job);

    if (result)
        return result == STORE_MISSING ? 0 : result;
    result = store_retry_step(s, &job, r->most, r->settings->api_retry_pause, &took_ms);
    if (!result)
        adapt(r, took_ms);
    return result;
}

/* One step of one job in each partition that has any. Writes whether something runs. */
static int make_steps(struct retry_runner *r, struct store *s, bool *ret_has_any)
{
    int64_t running[RETRY_PARTITIONS_MAX];
    int result = 0;

    for (unsigned first = 0; first < s->keys.partitions && !result; first += RETRY_PARTITIONS_MAX) {
        unsigned n = MIN(s->keys.partitions - first, (unsigned)RETRY_PARTITIONS_MAX);

        result = store_retries_running(s, first, n, running);
        for (unsigned i = 0; i < n && !result; i++) {
            if (!running[i])
                continue;
            *ret_has_any = true;
            result = make_step(r, s, first + i);
        }
    }
    return result;
}

/* ---- the thread ---- */

/* False: it is to end. */
static bool retry_runner_rest(struct retry_runner *r, int64_t ms)
{
    struct timespec until;
    bool goes_on;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_mutex_lock(&r->mutex);
    while (!r->is_closing && !r->is_woken)
        if (pthread_cond_timedwait(&r->changed, &r->mutex, &until))
            break;
    r->is_woken = false;
    goes_on = !r->is_closing;
    (void)pthread_mutex_unlock(&r->mutex);
    return goes_on;
}

/* Told once, until it works again. */
static void note_result(struct retry_runner *r, const struct store *s, int result)
{
    if (result && !r->is_failing)
        log_warn("retries wait", LOG_TEXT("reason", store_words(s, result)));
    r->is_failing = result != 0;
}

static void *retry_runner_thread_main(void *arg)
{
    struct retry_runner *r = arg;
    int64_t wait_ms = 0;
    struct store s;
    bool is_open = false;

    while (retry_runner_rest(r, wait_ms)) {
        bool has_any = false;
        int result = is_open ? 0 : store_open(&s, r->settings, NULL);

        is_open = result == 0;
        result = result ? result : make_steps(r, &s, &has_any);
        note_result(r, &s, result);
        if (!is_open)
            store_close(&s);
        wait_ms = has_any && !result ? r->settings->api_retry_pause : IDLE_MS;
    }
    if (is_open)
        store_close(&s);
    return NULL;
}

/* ---- its life ---- */

static void retry_runner_init(struct retry_runner *r, const struct settings *set)
{
    pthread_condattr_t monotonic;

    *r = (struct retry_runner){.settings = set, .most = RETRY_STEP_MAX / 4};
    (void)pthread_mutex_init(&r->mutex, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&r->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
}

static void retry_runner_fini(struct retry_runner *r)
{
    (void)pthread_cond_destroy(&r->changed);
    (void)pthread_mutex_destroy(&r->mutex);
    free(r);
}

int retry_runner_start(struct retry_runner **ret, const struct settings *set)
{
    struct retry_runner *r = malloc(sizeof(*r));
    int result;

    if (!r)
        return err_origin(-ENOMEM);
    retry_runner_init(r, set);
    result = pthread_create(&r->thread, NULL, retry_runner_thread_main, r);
    if (result) {
        retry_runner_fini(r);
        return err_origin(-result);
    }
    *ret = r;
    return 0;
}

static void retry_runner_tell(struct retry_runner *r, bool closes)
{
    (void)pthread_mutex_lock(&r->mutex);
    r->is_woken = true;
    r->is_closing |= closes;
    (void)pthread_cond_signal(&r->changed);
    (void)pthread_mutex_unlock(&r->mutex);
}

void retry_runner_wake(struct retry_runner *r)
{
    if (r)
        retry_runner_tell(r, false);
}

void retry_runner_stop(struct retry_runner *r)
{
    if (!r)
        return;
    retry_runner_tell(r, true);
    (void)pthread_join(r->thread, NULL);
    retry_runner_fini(r);
}
