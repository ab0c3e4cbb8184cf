/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/access/store_key.h"
#include "admin/tenant/store_tenant.h"
#include "common/model/endpoint_reseal.h"
#include "common/model/inbound/source.h"
#include "common/moves/lookup.h"
#include <errno.h>
#include <stdio.h>

int store_keys_named(struct store *s, struct installation_keys *ret)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    int r;

    redis_command_init(&cmd);
    installation_ask_keys(&cmd, &s->keys);
    r = store_call(s, &cmd, NULL, &reply);
    redis_command_fini(&cmd);
    if (!r && installation_parse_keys(ret, reply))
        r = store_unexpected(s, reply);
    freeReplyObject(reply);
    return r;
}

int store_keys_change(struct store *s, const struct installation_keys *from,
                      const struct installation_keys *to)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    int64_t is_done = 0;
    int r;

    redis_command_init(&cmd);
    installation_keys_command(&cmd, &s->keys, from, to);
    r = store_call(s, &cmd, &script_rotate, &reply);
    redis_command_fini(&cmd);
    if (!r && !redis_reply_i64(reply, &is_done))
        r = store_unexpected(s, reply);
    freeReplyObject(reply);
    return r || is_done ? r : STORE_CHANGED;
}

/* --- counting ----------------------------------------------------------------------------------- */

void key_count_add(struct key_count *c, const char *id, int64_t n)
{
    unsigned i = 0;

    while (i < c->n && strcmp(c->all[i].id, id) != 0)
        i++;
    if (i == STORE_KEYS_MAX)
        i--;
    if (i == c->n)
        (void)snprintf(c->all[c->n++].id, sizeof(c->all[0].id), "%s", id);
    c->all[i].n += n;
}

struct counting {
    struct store *s;
    struct key_count *count;
};

/* What is not packed again as it was read may hold sealed parts that this version does not know. */
static bool store_key_is_ours(const struct endpoint *e, struct span record)
{
    struct buf packed;
    bool is_same;

    buf_init(&packed, ENDPOINT_RECORD_MAX);
    endpoint_pack(&packed, e);
    is_same = buf_result(&packed) == 0 && span_equal(buf_span(&packed), record);
    buf_fini(&packed);
    return is_same;
}

static int count_endpoint(struct key_count *c, struct span id, struct span record)
{
    struct endpoint *e = NULL;
    const struct sealed *sealed;
    char key[KEY_ID_SIZE];
    int r = endpoint_parse(&e, id, record);

    if (r == -ENOMEM)
        return r;
    if (r || !store_key_is_ours(e, record)) {
        (void)endpoint_free(e);
        c->n_unread++;
        return 0;
    }
    for (unsigned i = 0; (sealed = endpoint_sealed(e, i)); i++) {
        secret_key_id(key, (struct span){sealed->data, sealed->len});
        key_count_add(c, key, 1);
    }
    (void)endpoint_free(e);
    return 0;
}

static bool is_our_source(const struct source *source, struct span record)
{
    struct buf packed;
    bool is_same;

    buf_init(&packed, SOURCE_RECORD_MAX);
    source_pack(&packed, source);
    is_same = buf_result(&packed) == 0 && span_equal(buf_span(&packed), record);
    buf_fini(&packed);
    return is_same;
}

static int count_source(struct key_count *c, struct span id, struct span record)
{
    struct source *source = NULL;
    char key[KEY_ID_SIZE];
    int r = source_parse(&source, id, record);

    if (r == -ENOMEM)
        return r;
    if (r || !is_our_source(source, record)) {
        (void)source_free(source);
        c->n_unread++;
        return 0;
    }
    for (unsigned i = 0; i < source->secrets.n; i++) {
        const struct sealed *sealed = &source->secrets.all[i].sealed;

        secret_key_id(key, (struct span){sealed->data, sealed->len});
        key_count_add(c, key, 1);
    }
    (void)source_free(source);
    return 0;
}

typedef int count_fn(struct key_count *c, struct span id, struct span record);

static int count_records(struct counting *c, const struct redis_script *script, const char *tenant,
                         count_fn *count)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    struct lookup_answer answer = {.n = 0};
    struct lookup_row row;
    int r;

    redis_command_init(&cmd);
    move_lookup_begin(&cmd, script, store_head(c->s, span_of(tenant)), span_of(tenant));
    r = store_call(c->s, &cmd, script, &reply);
    redis_command_fini(&cmd);
    if (!r && move_lookup_parse(&answer, reply))
        r = store_unexpected(c->s, reply);
    for (size_t i = 0; !r && i < answer.n; i++) {
        if (move_lookup_row(&answer, i, &row))
            r = store_unexpected(c->s, reply);
        else if (row.record.len)
            r = count(c->count, row.id, row.record);
    }
    freeReplyObject(reply);
    return r;
}

static int count_tenant(void *arg, const char *tenant)
{
    int r = count_records(arg, &script_lookup, tenant, count_endpoint);

    return r ? r : count_records(arg, &script_sources, tenant, count_source);
}

int store_keys_count(struct store *s, struct key_count *c)
{
    struct counting counting = {s, c};

    return store_tenant_ids(s, count_tenant, &counting);
}
