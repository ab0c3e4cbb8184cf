/* SPDX-License-Identifier: Apache-2.0 */
/* null_destination.c: a kind of destination for tests: "null:taken", "null:busy" and "null:never" answer so, in numbers of
 * their own; "null:mute" does not until it is cancelled, and "null:unfit" is never begun. */
#include "tests/support/null_destination/null_destination.h"
#include "common/base/clock.h"
#include "worker/destination.h"
#include <errno.h>

enum { NULL_TAKEN = 1, NULL_BUSY, NULL_NEVER, NULL_MUTE, NULL_UNFIT };

static const char *const urls[] = {
    [NULL_TAKEN] = "null:taken", [NULL_BUSY] = "null:busy",   [NULL_NEVER] = "null:never",
    [NULL_MUTE] = "null:mute",   [NULL_UNFIT] = "null:unfit",
};

struct null_destination {
    struct loop *loop;
};

struct null_attempt {
    struct attempt *attempt;
    struct defer end;
    int status;
    bool is_cancelled;
};

struct null_seen null_seen;

/* ---- what the row names ---- */

static int null_status(struct span url)
{
    for (int i = NULL_TAKEN; i <= NULL_UNFIT; i++)
        if (span_equal(url, span_of(urls[i])))
            return i;
    return 0;
}

int destination_check_null(struct span url, const struct destination_rules *rules,
                           struct diag *diag)
{
    (void)rules;
    return null_status(url)
               ? 0
               : diag_set(diag, "url: expected null:taken, busy, never, mute or unfit");
}

struct outcome outcome_of_null(const struct dialect *d, int status, struct span retry_after,
                               int64_t now_wall_ms)
{
    (void)d, (void)retry_after, (void)now_wall_ms;
    if (status == NULL_TAKEN)
        return (struct outcome){.next = NEXT_DONE, .status = status};
    return (struct outcome){.code =
                                status == NULL_BUSY ? OUTCOME_SERVER_ERROR : OUTCOME_CLIENT_ERROR,
                            .next = status == NULL_BUSY ? NEXT_RETRY : NEXT_FINAL,
                            .status = status};
}

/* ---- the door ---- */

static void null_on_end(void *arg)
{
    struct null_attempt *n = arg;
    struct attempt_result result = {.started_us = clock_mono_us(), .ended_us = clock_mono_us()};

    if (n->is_cancelled) {
        result.error = OUTCOME_NETWORK_ERROR;
    } else if (!n->attempt->may_send(n->attempt)) {
        result.error = OUTCOME_UNKNOWN_ERROR;
        result.is_refused_by_owner = true;
    } else {
        result.status = n->status;
        null_seen.n_sent++;
    }
    n->attempt->done(n->attempt, &result);
    free(n);
}

static int null_start(void *self, struct attempt *a, const struct attempt_input *in,
                      struct diag *why)
{
    struct null_destination *d = self;
    struct null_attempt *n;

    null_seen.n_started++;
    null_seen.attempt = in->envelope.attempt;
    if (null_status(span_of(a->endpoint->url)) == NULL_UNFIT)
        return diag_set(why, "null:unfit takes nothing");
    n = calloc(1, sizeof(*n));
    if (!n)
        return -ENOMEM;
    n->attempt = a;
    n->status = null_status(span_of(a->endpoint->url));
    defer_init(&n->end, null_on_end, n);
    a->call = n;
    if (n->status != NULL_MUTE)
        loop_defer(d->loop, &n->end);
    null_seen.loop = d->loop;
    return 0;
}

static void null_cancel(struct attempt *a)
{
    struct null_attempt *n = a->call;

    null_seen.n_cancelled++;
    n->is_cancelled = true;
    loop_defer(null_seen.loop, &n->end);
}

static enum outcome_code null_prepare(void **ret, void *self, const struct endpoint *e,
                                      struct diag *why)
{
    (void)self, (void)e, (void)why;
    *ret = &null_seen;
    null_seen.n_prepared++;
    return OUTCOME_OK;
}

static void null_release(void *prepared)
{
    if (prepared)
        null_seen.n_prepared--;
}

static struct destination_stats null_stats(const void *self)
{
    (void)self;
    return (struct destination_stats){.connects = null_seen.n_started};
}

static int null_open(void **ret, const struct destination_setup *setup, struct diag *diag)
{
    struct null_destination *d = calloc(1, sizeof(*d));

    (void)diag;
    if (!d)
        return -ENOMEM;
    d->loop = setup->loop;
    *ret = d;
    return 0;
}

static void null_close(void *self, defer_fn *on_closed, void *arg)
{
    free(self);
    on_closed(arg);
}

const struct destination destination_null = {
    .open = null_open,
    .close = null_close,
    .prepare = null_prepare,
    .release = null_release,
    .start = null_start,
    .cancel = null_cancel,
    .stats = null_stats,
};
