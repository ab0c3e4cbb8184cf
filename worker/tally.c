/* SPDX-License-Identifier: Apache-2.0 */
/* tally.c: see tally.h.
 *
 *   RESTING ──timer──► telling partition 0, a chunk at a time ──► … the last ──► all is 0, RESTING
 *
 * While it is told nothing is counted: a few milliseconds of ten seconds. */
#include "worker/tally.h"

#include "common/base/err.h"
#include "common/model/partition.h"
#include "common/moves/watch.h"

enum { TENANTS_PER_STEP = 64, TOLD_PER_PERIOD = 6, CLOSE_MS = 1000 };

static void tally_tell(struct tally *t);

static void tally_release(void *arg)
{
    struct tally *t = arg;

    redis_command_fini(&t->command);
    free(t->rows);
}

static void tally_rest(struct tally *t)
{
    t->n_rows = 0;
    memset(t->rows, 0, TALLY_TENANTS_MAX * sizeof(*t->rows));
    rounds_end(&t->rounds, t->period_ms / TOLD_PER_PERIOD);
}

static void tally_on_told(struct redis_request *request, int result, redisReply *reply)
{
    struct tally *t = container_of(request, struct tally, request);

    (void)reply; /* they are statistics, and others have worse to tell */
    if (rounds_is_closing(&t->rounds) && result)
        tally_rest(t); /* nobody waits for them */
    else
        tally_tell(t);
}

static void tally_add_row(struct redis_command *cmd, const struct tally_row *row)
{
    move_tally_add(cmd, &(struct tally_sum){.tenant = row->tenant,
                                            .attempts = row->attempts,
                                            .failed = row->failed,
                                            .answered = row->answered,
                                            .answer_ms = row->answer_ms});
}

/* The next rows of the partition; how many. */
static unsigned add_rows(struct tally *t)
{
    unsigned n = 0;

    for (; t->at < TALLY_TENANTS_MAX && n < TENANTS_PER_STEP; t->at++) {
        const struct tally_row *row = &t->rows[t->at];

        if (!row->tenant[0] || row->partition != t->partition)
            continue;
        tally_add_row(&t->command, row);
        n++;
    }
    return n;
}

static void tally_tell(struct tally *t)
{
    while (t->n_rows && t->partition < t->keys->partitions) {
        move_tally_begin(&t->command, keys_head(t->keys, t->partition), t->period_ms);
        if (add_rows(t)) {
            redis_run(t->redis, &t->request, &script_tally, &t->command,
                      rounds_is_closing(&t->rounds) ? CLOSE_MS : 0, tally_on_told, NULL);
            return;
        }
        t->partition++;
        t->at = 0;
    }
    tally_rest(t);
}

static void tally_begin(void *arg)
{
    struct tally *t = arg;

    t->partition = t->at = 0;
    tally_tell(t);
}

/* The tenant's row, made if there is room; NULL. */
static struct tally_row *tally_find(struct tally *t, unsigned partition, struct span tenant)
{
    unsigned at = crc32_add(0, tenant) / t->keys->partitions;

    for (unsigned i = 0; i < TALLY_TENANTS_MAX; i++) {
        struct tally_row *row = &t->rows[(at + i) % TALLY_TENANTS_MAX];

        if (row->tenant[0] && !span_equal(span_of(row->tenant), tenant))
            continue;
        if (!row->tenant[0]) {
            if (t->n_rows >=
                TALLY_TENANTS_MAX / 2) /* fuller, and looking for one would take long */
                return NULL;
            memcpy(row->tenant, tenant.data, tenant.len);
            row->partition = partition;
            t->n_rows++;
        }
        return row;
    }
    return NULL;
}

void tally_add(struct tally *t, unsigned partition, struct span tenant, bool has_failed,
               int64_t answer_ms)
{
    struct tally_row *row;

    if (t->rounds.state == ROUNDS_BUSY || !tenant.len || tenant.len > EVENT_TENANT_MAX)
        return;
    row = tally_find(t, partition, tenant);
    if (!row)
        return;
    row->attempts++;
    row->failed += has_failed;
    if (answer_ms < 0)
        return;
    row->answered++;
    row->answer_ms += answer_ms;
}

int tally_init(struct tally *t, struct loop *l, struct redis_client *redis, const struct keys *keys,
               int64_t period_ms)
{
    *t = (struct tally){.redis = redis, .keys = keys, .period_ms = period_ms};
    redis_command_init(&t->command);
    t->rows = calloc(TALLY_TENANTS_MAX, sizeof(*t->rows));
    if (!t->rows)
        return err_origin(-ENOMEM);
    return rounds_init(&t->rounds, l, tally_begin, tally_release, t);
}

void tally_start(struct tally *t)
{
    rounds_start(&t->rounds, t->period_ms / TOLD_PER_PERIOD);
}

void tally_close(struct tally *t, defer_fn *on_closed, void *arg)
{
    rounds_close_after_last(&t->rounds, on_closed, arg);
}
