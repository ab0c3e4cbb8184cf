/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/reseal.h"

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/model/endpoint_reseal.h"
#include "common/model/inbound/source.h"
#include "common/moves/configure.h"
#include "common/moves/lookup.h"
#include "common/moves/revise.h"
#include <errno.h>
#include <stdio.h>

/* Told once a minute at most: which it is stays the same until somebody mends it. */
static void reseal_leave(struct reseal *s, struct span id, const char *why)
{
    static struct log_limit limit;
    uint64_t held;

    s->n_left++;
    if (log_limit_pass(&limit, 60000, &held))
        log_error("a secret cannot be re-encrypted", LOG_SPAN("of", id), LOG_TEXT("reason", why),
                  LOG_INT("held", held));
}

/* ---- writing ---- */

static void unpend(struct reseal *s)
{
    if (--s->n_pending == 0)
        s->options.done(s->options.arg);
}

static void on_written(struct redis_request *request, int result, redisReply *reply)
{
    struct reseal *s = container_of(request, struct reseal_write, request)->owner;

    if (!result)
        result = s->is_revise ? move_revise_parse(reply) : move_configure_parse(reply);
    if (result < 0)
        s->result = result; /* done or not: to be seen */
    else if (result)
        s->has_conflict = true; /* changed or removed */
    else
        s->n_resealed++;
    unpend(s);
}

static void send_write(struct reseal *s, const struct redis_script *script)
{
    struct reseal_write *write = &s->writes[s->n_pending++ - 1]; /* one is reseal_start()'s own */

    write->owner = s;
    redis_run(s->options.redis, &write->request, script, &s->command, 0, on_written, NULL);
}

static void write_endpoint(struct reseal *s, const void *record, struct span new, struct span old)
{
    const struct endpoint *e = record;

    move_configure_endpoint(&s->command, keys_head(s->options.keys, s->partition),
                            &(struct configure_endpoint){.tenant = e->tenant,
                                                         .id = e->id,
                                                         .record = new,
                                                         .old = old,
                                                         .slots = e->slots,
                                                         .most = ENDPOINTS_PER_TENANT_MAX});
    send_write(s, &script_configure);
}

static void write_source(struct reseal *s, const void *record, struct span new, struct span old)
{
    const struct source *source = record;
    char key[ID_SIZE + 16], list[sizeof(source->tenant) + 16];

    (void)snprintf(key, sizeof(key), "%s%s", KEY_SOURCE, source->id);
    (void)snprintf(list, sizeof(list), "%s%s", KEY_SOURCES, source->tenant);
    move_revise_begin(&s->command, keys_head(s->options.keys, s->partition),
                      &(struct revision){.tenant = span_of(source->tenant),
                                         .key = key,
                                         .record = new,
                                         .old = old,
                                         .list = list,
                                         .most = SOURCES_PER_TENANT_MAX,
                                         .name = source->id});
    send_write(s, &script_revise);
}

/* ---- what there is ---- */

static int parse_endpoint(void **ret, struct span id, struct span record)
{
    struct endpoint *e = NULL;
    int r = endpoint_parse(&e, id, record);

    *ret = e;
    return r;
}

static void pack_endpoint(struct buf *b, const void *record)
{
    endpoint_pack(b, record);
}

static int reseal_endpoint(void *record, const struct master_key *k, bool *ret_changed,
                           struct diag *ret_fault)
{
    return endpoint_reseal(record, k, ret_changed, ret_fault);
}

static void free_endpoint(void *record)
{
    (void)endpoint_free(record);
}

static int parse_source(void **ret, struct span id, struct span record)
{
    struct source *source = NULL;
    int r = source_parse(&source, id, record);

    *ret = source;
    return r;
}

static void pack_source(struct buf *b, const void *record)
{
    source_pack(b, record);
}

static int reseal_source(void *record, const struct master_key *k, bool *ret_changed,
                         struct diag *ret_fault)
{
    return source_reseal(record, k, ret_changed, ret_fault);
}

static void free_source(void *record)
{
    (void)source_free(record);
}

/* Records that hold what is sealed. */
static const struct reseal_kind {
    int (*parse)(void **ret, struct span id, struct span record);
    void (*pack)(struct buf *b, const void *record);
    int (*reseal)(void *record, const struct master_key *k, bool *ret_changed,
                  struct diag *ret_fault);
    void (*write)(struct reseal *s, const void *record, struct span new, struct span old);
    void (*free)(void *record);
} kinds[] = {
    {parse_endpoint, pack_endpoint, reseal_endpoint, write_endpoint, free_endpoint},
    {parse_source, pack_source, reseal_source, write_source, free_source},
};

/* ---- looking ---- */

static bool packs_to(const struct reseal *s, const void *record, struct buf *ret, struct span old)
{
    s->kind->pack(ret, record);
    return buf_result(ret) == 0 && span_equal(buf_span(ret), old);
}

static int reseal_replace(struct reseal *s, const void *record, struct span old, struct buf *packed)
{
    buf_clear(packed);
    s->kind->pack(packed, record);
    if (buf_result(packed))
        return buf_result(packed);
    s->kind->write(s, record, buf_span(packed), old);
    return 0;
}

static int reseal_reseal(struct reseal *s, struct span id, void *record, struct span old,
                         struct buf *packed)
{
    bool is_changed = false;
    struct diag why = {""};
    int r;

    /* What another version wrote may hold more than we know of: our writing must not lose it. */
    if (!packs_to(s, record, packed, old)) {
        reseal_leave(s, id, "its record was written by another version of Grapnel");
        return 0;
    }
    r = s->kind->reseal(record, s->options.key, &is_changed, &why);
    if (r == -ENOMEM)
        return r;
    if (r) {
        reseal_leave(s, id, why.text);
        return 0;
    }
    if (is_changed && s->n_pending > RESEAL_WRITES_MAX)
        s->has_more = true;
    else if (is_changed)
        return reseal_replace(s, record, old, packed);
    return 0;
}

static int examine(struct reseal *s, struct span id, struct span old)
{
    void *record = NULL;
    struct buf packed;
    int r;

    if (!old.len)
        return 0; /* removed just now */
    r = s->kind->parse(&record, id, old);
    if (r == -EBADMSG) {
        reseal_leave(s, id, "its record cannot be read");
        return 0;
    }
    if (r)
        return r;
    buf_init(&packed, 2 * (size_t)ENDPOINT_RECORD_MAX);
    r = reseal_reseal(s, id, record, old, &packed);
    buf_fini(&packed);
    s->kind->free(record);
    return r;
}

void reseal_start(struct reseal *s, unsigned partition, const redisReply *records, bool are_sources)
{
    struct lookup_answer answer = {.n = 0};
    struct lookup_row row;

    s->kind = &kinds[are_sources];
    s->is_revise = are_sources;
    s->partition = partition;
    s->n_pending = 1;
    s->result = move_lookup_parse(&answer, records);
    s->has_more = s->has_conflict = false;
    s->n_left = s->n_resealed = 0;
    for (size_t i = 0; !s->result && !s->has_more && i < answer.n; i++) {
        s->result = move_lookup_row(&answer, i, &row);
        if (!s->result)
            s->result = examine(s, row.id, row.record);
    }
    unpend(s);
}

void reseal_init(struct reseal *s, const struct reseal_options *o)
{
    *s = (struct reseal){.options = *o};
    redis_command_init(&s->command);
}

void reseal_fini(struct reseal *s)
{
    redis_command_fini(&s->command);
}
