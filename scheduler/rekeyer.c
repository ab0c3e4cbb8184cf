/* SPDX-License-Identifier: Apache-2.0 */
/* rekeyer.c: see rekeyer.h.
 *
 *   RESTING ─► ASKING ─► SCANNING ─► READING ─► WRITING ─┐
 *      ▲         │ │         ▲          ▲  │       │     │
 *      │         │ │         └──────────┴──┴───────┘     │
 *      └─────────┘ └─► TELLING ─► (RESTING)              │
 *      └──────── the batch is done, or something failed ─┘
 *
 * A tick asks what is wanted and goes on with the walk for one batch. Place in the walk moves on only
 * when what was there is dealt with, so a failure needs no more than another tick. */
#include "scheduler/rekeyer.h"

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/rng.h"
#include "common/moves/lookup.h"
#include <errno.h>
#include <stdio.h>

enum { TICK_MS = 50, TENANTS_A_TICK = 32, TENANTS_A_PAGE = 64 };

static void rekeyer_on_answer(struct redis_request *request, int result, redisReply *reply);

/* ---- the close ---- */

static void drop_page(struct rekeyer *r)
{
    redis_reply_release(TAKE(r->kept));
    r->page = NULL;
    r->at = 0;
}

static void rekeyer_release(void *arg)
{
    struct rekeyer *r = arg;

    drop_page(r);
    free(r->parts);
    redis_command_fini(&r->command);
    reseal_fini(&r->reseal);
    master_key_wipe(&r->key);
}

static void rekeyer_rest(struct rekeyer *r, int64_t ms)
{
    r->state = REKEYER_RESTING;
    rounds_end(&r->rounds, ms);
}

static void rest_after_fault(struct rekeyer *r, int result)
{
    static struct log_limit limit;
    uint64_t held;

    if (result != -ECANCELED && log_limit_pass(&limit, 5000, &held))
        log_warn("a step of the re-encryption failed", LOG_ERR(result), LOG_INT("held", held));
    rekeyer_rest(r, r->options.every_ms);
}

/* ---- requests ---- */

static void rekeyer_ask(struct rekeyer *r)
{
    r->state = REKEYER_ASKING;
    installation_ask_keys(&r->command, r->options.keys);
    redis_send(r->options.redis, &r->request, &r->command, 0, rekeyer_on_answer, r);
}

static void rekeyer_scan(struct rekeyer *r)
{
    r->state = REKEYER_SCANNING;
    redis_command_begin(&r->command);
    redis_arg_text(&r->command, "SSCAN");
    redis_arg_key(&r->command, r->options.keys, r->partition, KEY_TENANTS, SPAN(""));
    redis_arg_text(&r->command, r->cursor);
    redis_arg_text(&r->command, "COUNT");
    redis_arg_i64(&r->command, TENANTS_A_PAGE);
    redis_send(r->options.redis, &r->request, &r->command, 0, rekeyer_on_answer, r);
}

static void rekeyer_read_tenant(struct rekeyer *r, struct span tenant)
{
    const struct redis_script *script = r->is_at_sources ? &script_sources : &script_lookup;

    r->state = REKEYER_READING;
    move_lookup_begin(&r->command, script, keys_head(r->options.keys, r->partition), tenant);
    redis_run(r->options.redis, &r->request, script, &r->command, 0, rekeyer_on_answer, r);
}

static void rekeyer_tell(struct rekeyer *r)
{
    struct installation_keys done = {.next = "", .turn = r->named.turn};

    r->state = REKEYER_TELLING;
    memcpy(done.current, r->named.next, sizeof(done.current));
    installation_keys_command(&r->command, r->options.keys, &r->named, &done);
    redis_run(r->options.redis, &r->request, &script_rotate, &r->command, 0, rekeyer_on_answer, r);
}

/* ---- the walk through a partition ---- */

static void begin_walk(struct rekeyer *r, unsigned partition)
{
    struct rekeyer_part *part = &r->parts[partition];

    drop_page(r);
    r->is_walking = true;
    r->partition = partition;
    (void)snprintf(r->cursor, sizeof(r->cursor), "0");
    r->is_last_page = false;
    r->is_at_sources = false;
    r->n_left = 0;
    r->has_conflict = false;
    r->n_resealed = 0;
    part->walked_version = part->version;
}

static void end_walk(struct rekeyer *r)
{
    struct rekeyer_part *part = &r->parts[r->partition];

    drop_page(r);
    r->is_walking = false;
    part->is_clean = r->n_left == 0 && !r->has_conflict;
    if (r->has_conflict)
        part->walked_version = -1;
    if (r->n_resealed)
        log_info("secrets re-encrypted", LOG_INT("partition", r->partition),
                 LOG_TEXT("key", installation_seals(&r->named)), LOG_INT("records", r->n_resealed));
    rekeyer_rest(r, TICK_MS);
}

static void rekeyer_go_on(struct rekeyer *r)
{
    const redisReply *tenant = redis_reply_at(r->page, r->at);
    struct span id;

    if (rounds_is_closing(&r->rounds)) {
        rekeyer_rest(r, 0);
    } else if (!tenant) {
        if (r->page && r->is_last_page)
            end_walk(r);
        else
            rekeyer_scan(r);
    } else if (!redis_reply_span(tenant, &id)) {
        rest_after_fault(r, err_origin(-EPROTO));
    } else if (r->n_read == TENANTS_A_TICK) {
        rekeyer_rest(r, TICK_MS);
    } else {
        r->n_read++;
        rekeyer_read_tenant(r, id);
    }
}

static void on_scanned(struct rekeyer *r, const redisReply *reply)
{
    struct span cursor;

    if (!redis_reply_span(redis_reply_at(reply, 0), &cursor) || cursor.len >= sizeof(r->cursor) ||
        !redis_reply_at(reply, 1)) {
        rest_after_fault(r, err_origin(-EPROTO));
        return;
    }
    memcpy(r->cursor, cursor.data, cursor.len);
    r->cursor[cursor.len] = '\0';
    r->is_last_page = span_equal(cursor, SPAN("0"));
    drop_page(r);
    r->page = redis_reply_at(reply, 1);
    r->kept = redis_reply_keep(r->options.redis);
    rekeyer_go_on(r);
}

/* ---- one tenant ---- */

static void end_tenant(void *arg)
{
    struct rekeyer *r = arg;
    const struct reseal *done = &r->reseal;

    r->n_resealed += done->n_resealed;
    r->has_conflict |= done->has_conflict;
    if (done->result) {
        rest_after_fault(r, done->result);
    } else if (done->has_more) {
        rekeyer_rest(r, TICK_MS); /* it is read again */
    } else {
        r->n_left += done->n_left;
        r->at += r->is_at_sources;
        r->is_at_sources = !r->is_at_sources;
        rekeyer_go_on(r);
    }
}

/* ---- what is to be done ---- */

static bool needs_walk(const struct rekeyer_part *part)
{
    return part->version >= 0 && part->walked_version != part->version;
}

/* Begins anywhere, so that several do not meet in the same records. */
static bool find_walk(struct rekeyer *r)
{
    unsigned n = r->options.keys->partitions, first;

    rng_bytes(&first, sizeof(first));
    for (unsigned i = 0; i < n; i++) {
        unsigned partition = (first % n + i) % n;

        if (!needs_walk(&r->parts[partition]))
            continue;
        begin_walk(r, partition);
        return true;
    }
    return false;
}

static bool is_complete(const struct rekeyer *r)
{
    bool is_clean = *r->named.next != '\0';

    for (unsigned p = 0; p < r->options.keys->partitions && is_clean; p++)
        is_clean = r->parts[p].is_clean;
    return is_clean;
}

/* What was found on walks for another turn says nothing. */
static void take_turn(struct rekeyer *r, const struct installation_keys *named)
{
    bool is_same = r->named.turn == named->turn &&
                   strcmp(installation_seals(&r->named), installation_seals(named)) == 0;

    r->named = *named;
    if (is_same)
        return;
    r->turn_since_ms = clock_mono_ms();
    r->is_walking = false;
    drop_page(r);
    for (unsigned p = 0; p < r->options.keys->partitions; p++) {
        r->parts[p].walked_version = -1;
        r->parts[p].is_clean = false;
    }
}

static void on_asked(struct rekeyer *r, const redisReply *reply)
{
    struct installation_keys named;
    int result = installation_parse_keys(&named, reply);

    if (result) {
        rest_after_fault(r, result);
        return;
    }
    take_turn(r, &named);
    /* A key that we lack: the check of the installation, which is made with each beat, tells it. */
    if (master_key_choose(&r->key, installation_seals(&named)) ||
        clock_mono_ms() - r->turn_since_ms < r->options.grace_ms) {
        rekeyer_rest(r, r->options.every_ms);
        return;
    }
    r->n_read = 0;
    /* Before another walk is looked for: there may always be one, as configuration may always change. */
    if (!r->is_walking && is_complete(r))
        rekeyer_tell(r);
    else if (r->is_walking || find_walk(r))
        rekeyer_go_on(r);
    else
        rekeyer_rest(r, r->options.every_ms);
}

static void rekeyer_on_told(struct rekeyer *r, const redisReply *reply)
{
    int64_t is_done = 0;

    if (redis_reply_i64(reply, &is_done) && is_done)
        log_info("the master key is changed: nothing is encrypted with the old one",
                 LOG_TEXT("old", r->named.current), LOG_TEXT("new", r->named.next));
    rekeyer_rest(r, r->options.every_ms);
}

static void rekeyer_step(struct rekeyer *r, const redisReply *reply)
{
    switch (r->state) {
    case REKEYER_RESTING:
        rekeyer_ask(r);
        return;
    case REKEYER_ASKING:
        on_asked(r, reply);
        return;
    case REKEYER_SCANNING:
        on_scanned(r, reply);
        return;
    case REKEYER_READING:
        r->state = REKEYER_WRITING;
        reseal_start(&r->reseal, r->partition, reply, r->is_at_sources);
        return;
    case REKEYER_TELLING:
        rekeyer_on_told(r, reply);
        return;
    case REKEYER_WRITING:
        break; /* it ends with end_tenant() */
    }
    unreachable();
}

static void rekeyer_on_answer(struct redis_request *request, int result, redisReply *reply)
{
    struct rekeyer *r = request->arg;

    if (!result)
        result = redis_reply_result(reply);
    if (rounds_is_closing(&r->rounds))
        rekeyer_rest(r, 0);
    else if (result)
        rest_after_fault(r, result);
    else
        rekeyer_step(r, reply);
}

static void on_tick(void *arg)
{
    rekeyer_step(arg, NULL);
}

/* ---- life ---- */

int rekeyer_init(struct rekeyer *r, const struct rekeyer_options *o)
{
    *r = (struct rekeyer){.options = *o, .key = *o->key};
    redis_command_init(&r->command);
    reseal_init(
        &r->reseal,
        &(struct reseal_options){
            .redis = o->redis, .keys = o->keys, .key = &r->key, .done = end_tenant, .arg = r});
    r->parts = calloc(o->keys->partitions, sizeof(*r->parts));
    if (!r->parts)
        return err_origin(-ENOMEM);
    for (unsigned p = 0; p < o->keys->partitions; p++)
        r->parts[p] = (struct rekeyer_part){.version = -1, .walked_version = -1};
    return rounds_init(&r->rounds, o->loop, on_tick, rekeyer_release, r);
}

void rekeyer_start(struct rekeyer *r)
{
    if (r->key.n > 1)
        rounds_start(&r->rounds, r->options.every_ms);
}

void rekeyer_note_version(struct rekeyer *r, unsigned partition, int64_t version)
{
    r->parts[partition].version = version;
}

void rekeyer_close(struct rekeyer *r, defer_fn *on_closed, void *arg)
{
    rounds_close(&r->rounds, on_closed, arg);
}
