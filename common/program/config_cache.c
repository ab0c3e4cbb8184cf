/* SPDX-License-Identifier: Apache-2.0 */
/* config_cache.c: see config_cache.h.
 *
 * A sync asks for the changes first, and looks up what is missing once they are known: a lookup
 * that was answered before would be dropped again. */
#include "common/program/config_cache.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/moves/lookup.h"
#include <errno.h>

struct config_cache {
    struct config_cache_options options;
    struct tenant *tenants; /* uthash, oldest first */
    int64_t *versions;
};

struct lookup {
    struct redis_request request;
    struct config_cache_sync *sync;
    struct span tenant;
};

int config_cache_new(struct config_cache **ret, const struct config_cache_options *o)
{
    struct config_cache *d = calloc(1, sizeof(*d));

    if (!d)
        return err_origin(-ENOMEM);
    d->options = *o;
    d->versions = malloc(o->keys->partitions * sizeof(*d->versions));
    if (!d->versions) {
        free(d);
        return err_origin(-ENOMEM);
    }
    for (unsigned p = 0; p < o->keys->partitions; p++)
        d->versions[p] = -1;
    *ret = d;
    return 0;
}

static void drop(struct config_cache *d, struct tenant *t)
{
    HASH_DEL(d->tenants, t);
    tenant_unref(t);
}

struct config_cache *config_cache_free(struct config_cache *d)
{
    struct tenant *t, *next;

    if (!d)
        return NULL;
    HASH_ITER(hh, d->tenants, t, next)
    {
        drop(d, t);
    }
    free(d->versions);
    free(d);
    return NULL;
}

struct tenant *config_cache_find(const struct config_cache *d, struct span tenant)
{
    struct tenant *t;

    HASH_FIND(hh, d->tenants, tenant.data, tenant.len, t);
    return t;
}

int64_t config_cache_version(const struct config_cache *d, unsigned partition)
{
    return d->versions[partition];
}

static void config_cache_keep(struct config_cache *d, struct tenant *t)
{
    struct tenant *old = config_cache_find(d, span_of(t->id));

    if (old)
        drop(d, old);
    while (d->tenants && HASH_COUNT(d->tenants) >= d->options.tenants_max)
        drop(d, d->tenants);
    HASH_ADD_KEYPTR(hh, d->tenants, t->id, strlen(t->id), t);
}

static int load_endpoint(struct config_cache *d, struct tenant *t, struct span id,
                         struct span record, struct span disabled)
{
    struct endpoint *e;
    int r = endpoint_parse(&e, id, record);

    if (r)
        return r;
    if (disabled.len)
        r = endpoint_parse_disabled(e, disabled);
    if (!r)
        r = tenant_add_endpoint(t, e);
    if (r) {
        endpoint_free(e);
        return r;
    }
    if (d->options.attach)
        d->options.attach(e, t, d->options.arg);
    return 0;
}

static int load_endpoints(struct config_cache *d, struct tenant *t, const struct lookup_answer *a)
{
    struct lookup_row row;
    int r;

    for (size_t i = 0; i < a->n; i++) {
        r = move_lookup_row(a, i, &row);
        if (r)
            return r;
        r = load_endpoint(d, t, row.id, row.record, row.disabled);
        if (r == -ENOMEM)
            return r;
        if (r) /* one bad record must not stop the tenant's others */
            log_error("endpoint record cannot be read", LOG_TEXT("tenant", t->id),
                      LOG_SPAN("endpoint", row.id), LOG_ERR(r));
    }
    return 0;
}

/* A record that cannot be read must not stop the others of its partition, which wait with it: until
 * it is mended the tenant is taken for missing, so that its events are kept in `rejected`. */
static int config_cache_parse_record(struct tenant *t, struct span record)
{
    int r = record.len ? tenant_parse(t, record) : 0;

    if (r != -EBADMSG)
        return r;
    log_error("tenant record cannot be read", LOG_TEXT("tenant", t->id), LOG_ERR(r));
    return 0;
}

static int config_cache_load(struct config_cache *d, struct span id, const redisReply *reply)
{
    struct lookup_answer answer;
    struct tenant *t;
    int r = tenant_new(&t, id);

    if (r)
        return r;
    t->detach = d->options.detach;
    r = move_lookup_parse(&answer, reply);
    if (!r) {
        t->version = answer.version;
        r = config_cache_parse_record(t, answer.tenant);
    }
    if (!r && t->exists)
        r = load_endpoints(d, t, &answer);
    if (r) {
        tenant_unref(t);
        return r;
    }
    config_cache_keep(d, t);
    return 0;
}

static void config_cache_finish(void *arg)
{
    struct config_cache_sync *s = arg;

    free(s->lookups);
    s->lookups = NULL;
    s->done(s->arg, s->result);
}

static void on_lookup(struct redis_request *request, int result, redisReply *reply)
{
    struct lookup *l = container_of(request, struct lookup, request);
    struct config_cache_sync *s = l->sync;

    if (!result)
        result = config_cache_load(s->config_cache, l->tenant, reply);
    if (result && !s->result)
        s->result = result;
    if (--s->n_pending == 0)
        config_cache_finish(s);
}

static void look_up(struct lookup *l, struct redis_command *cmd)
{
    const struct config_cache_options *o = &l->sync->config_cache->options;

    move_lookup_begin(cmd, &script_lookup, keys_head(o->keys, l->sync->partition), l->tenant);
    redis_run(o->redis, &l->request, &script_lookup, cmd, 0, on_lookup, NULL);
}

/* The same tenant may stand in @tenants often; it is asked for once. */
static bool is_listed(const struct config_cache_sync *s, size_t n, struct span tenant)
{
    for (size_t i = 0; i < n; i++)
        if (span_equal(s->lookups[i].tenant, tenant))
            return true;
    return false;
}

static size_t list_missing(struct config_cache_sync *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n_tenants; i++) {
        struct span tenant = s->tenants[i];

        if (!config_cache_find(s->config_cache, tenant) && !is_listed(s, n, tenant))
            s->lookups[n++] = (struct lookup){.sync = s, .tenant = tenant};
    }
    return n;
}

static void load_missing(struct config_cache_sync *s)
{
    struct redis_command cmd;

    s->lookups = calloc(s->n_tenants + 1, sizeof(*s->lookups));
    if (!s->lookups) {
        s->result = err_origin(-ENOMEM);
        return;
    }
    s->n_pending = list_missing(s);
    redis_command_init(&cmd);
    for (size_t i = 0, n = s->n_pending; i < n; i++)
        look_up(&s->lookups[i], &cmd);
    redis_command_fini(&cmd);
}

void config_cache_forget(struct config_cache *d, unsigned partition)
{
    struct tenant *t, *next;

    HASH_ITER(hh, d->tenants, t, next)
    {
        drop(d, t); /* other partitions' too: it is rare, and they are read again when needed */
    }
    d->versions[partition] = -1;
}

/* Versions began anew: see change.lua. */
static void forget_older(struct config_cache *d, unsigned partition)
{
    if (d->versions[partition] >= 0) /* else this is our first look at the partition */
        config_cache_forget(d, partition);
}

/* [tenant, version, tenant, version, …], lowest version first. */
static int apply_changes(struct config_cache_sync *s, const redisReply *reply)
{
    struct config_cache *d = s->config_cache;
    int64_t version = MAX(d->versions[s->partition], 0);
    struct span tenant;
    struct tenant *t;

    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        if (!redis_reply_span(reply->element[i], &tenant) ||
            !redis_reply_i64(reply->element[i + 1], &version))
            return err_origin(-EPROTO);
        if (!tenant.len)
            forget_older(d, s->partition);
        t = config_cache_find(d, tenant);
        if (t && t->version < version)
            drop(d, t);
    }
    d->versions[s->partition] = version;
    return 0;
}

static void on_changed(struct redis_request *request, int result, redisReply *reply)
{
    struct config_cache_sync *s = container_of(request, struct config_cache_sync, changed);

    if (!result)
        result = redis_reply_result(reply);
    if (!result)
        result = apply_changes(s, reply);
    s->result = result;
    if (!result)
        load_missing(s);
    if (s->n_pending == 0)
        config_cache_finish(s);
}

static void ask_changes(struct config_cache_sync *s)
{
    const struct config_cache_options *o = &s->config_cache->options;
    char after[32];
    struct redis_command cmd;

    (void)snprintf(after, sizeof(after), "(%lld",
                   (long long)s->config_cache->versions[s->partition]);
    redis_command_init(&cmd);
    redis_command_begin(&cmd);
    redis_arg_text(&cmd, "ZRANGEBYSCORE");
    redis_arg_key(&cmd, o->keys, s->partition, KEY_CHANGED, SPAN(""));
    redis_arg_text(&cmd, after);
    redis_arg_text(&cmd, "+inf");
    redis_arg_text(&cmd, "WITHSCORES");
    redis_send(o->redis, &s->changed, &cmd, 0, on_changed, NULL);
    redis_command_fini(&cmd);
}

void config_cache_sync_start(struct config_cache_sync *s, struct config_cache *d, struct loop *l,
                             unsigned partition, int64_t seen, const struct span *tenants, size_t n,
                             config_cache_done_fn *done, void *arg)
{
    *s = (struct config_cache_sync){.done = done,
                                    .arg = arg,
                                    .config_cache = d,
                                    .partition = partition,
                                    .seen = seen,
                                    .tenants = tenants,
                                    .n_tenants = n};
    if (seen >= 0 && seen < d->versions[partition])
        config_cache_forget(d, partition);
    if (d->versions[partition] < 0 || seen > d->versions[partition]) {
        ask_changes(s);
        return;
    }
    load_missing(s);
    if (s->n_pending)
        return;
    defer_init(&s->finished, config_cache_finish, s);
    loop_defer(l, &s->finished);
}
