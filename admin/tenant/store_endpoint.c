/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/tenant/store_endpoint.h"
#include "common/base/text.h"
#include "common/moves/configure.h"
#include <errno.h>

enum { RECORD_BYTES_MAX = 256 << 10 };

/* --- reading ---------------------------------------------------------------------------------- */

int store_endpoint_parse(struct store *s, struct span id, struct span record, struct span disabled,
                         struct endpoint **ret)
{
    struct endpoint *e = NULL;
    int r = endpoint_parse(&e, id, record);

    if (!r && disabled.len)
        r = endpoint_parse_disabled(e, disabled);
    if (r) {
        (void)endpoint_free(e);
        (void)diag_set(&s->words, "endpoint %.*s: its record cannot be read (of a newer version?)",
                       (int)MIN(id.len, 80u), id.data);
        return -EBADMSG;
    }
    *ret = e;
    return 0;
}

static int parse_replies(struct store *s, struct span id, const struct store_item items[2],
                         struct endpoint **ret, struct buf *ret_record)
{
    struct span record, disabled = SPAN("");
    int r;

    if (items[0].reply->type == REDIS_REPLY_ERROR)
        return store_unexpected(s, items[0].reply);
    if (!redis_reply_span(items[0].reply, &record))
        return STORE_MISSING;
    (void)redis_reply_span(items[1].reply, &disabled);
    r = store_endpoint_parse(s, id, record, disabled, ret);
    if (!r && ret_record) {
        buf_clear(ret_record);
        buf_add_span(ret_record, record);
        r = buf_result(ret_record);
    }
    return r;
}

int store_endpoint_get(struct store *s, struct span id, struct endpoint **ret,
                       struct buf *ret_record)
{
    struct store_item items[2];
    unsigned partition;
    int r = store_partition_of_id(s, id, "ep_", &partition);

    if (r)
        return r;
    store_items_init(items, 2);
    redis_arg_text(&items[0].command, "GET");
    redis_arg_key(&items[0].command, &s->keys, partition, KEY_ENDPOINT, id);
    redis_arg_text(&items[1].command, "HGET");
    redis_arg_key(&items[1].command, &s->keys, partition, KEY_DISABLED, SPAN(""));
    redis_arg_span(&items[1].command, id);
    r = store_call_all(s, items, 2);
    r = r ? r : parse_replies(s, id, items, ret, ret_record);
    store_items_fini(items, 2);
    return r;
}

/* --- changing --------------------------------------------------------------------------------- */

static void store_endpoint_put_used(const struct store *s, struct store_item *item,
                                    const struct endpoint *e, struct span old,
                                    enum configure_use use, const char *reason)
{
    struct buf record;

    buf_init(&record, RECORD_BYTES_MAX);
    endpoint_pack(&record, e);
    item->script = &script_configure;
    move_configure_endpoint(&item->command, store_head(s, span_of(e->tenant)),
                            &(struct configure_endpoint){.tenant = e->tenant,
                                                         .id = e->id,
                                                         .record = buf_span(&record),
                                                         .old = old,
                                                         .slots = e->slots,
                                                         .most = ENDPOINTS_PER_TENANT_MAX,
                                                         .use = use,
                                                         .reason = reason});
    buf_fini(&record);
}

void store_endpoint_put_item(const struct store *s, struct store_item *item,
                             const struct endpoint *e, struct span old)
{
    store_endpoint_put_used(s, item, e, old, CONFIGURE_AS_IT_IS, "");
}

int store_endpoint_put(struct store *s, const struct endpoint *e, struct span old)
{
    return store_endpoint_put_use(s, e, old, ENDPOINT_USE_AS_IT_IS, "");
}

int store_endpoint_put_use(struct store *s, const struct endpoint *e, struct span old,
                           enum endpoint_use use, const char *reason)
{
    struct store_item item;
    int r;

    store_items_init(&item, 1);
    store_endpoint_put_used(s, &item, e, old, (enum configure_use)use, reason);
    r = store_configure(s, &item.command);
    store_items_fini(&item, 1);
    return r;
}

/* Frees @cmd. */
static int store_endpoint_change(struct store *s, struct redis_command *cmd)
{
    int r = store_configure(s, cmd);

    redis_command_fini(cmd);
    return r;
}

int store_endpoint_remove(struct store *s, const struct endpoint *e)
{
    return store_endpoint_remove_if(s, e, SPAN(""));
}

int store_endpoint_remove_if(struct store *s, const struct endpoint *e, struct span old)
{
    struct redis_command cmd;

    redis_command_init(&cmd);
    move_configure_endpoint_remove(&cmd, store_head(s, span_of(e->tenant)), e->tenant, e->id, old);
    return store_endpoint_change(s, &cmd);
}

int store_endpoint_enable(struct store *s, const struct endpoint *e)
{
    struct redis_command cmd;

    redis_command_init(&cmd);
    move_configure_endpoint_enable(&cmd, store_head(s, span_of(e->tenant)), e->tenant, e->id);
    return store_endpoint_change(s, &cmd);
}

int store_endpoint_disable(struct store *s, const struct endpoint *e, const char *reason)
{
    struct redis_command cmd;

    redis_command_init(&cmd);
    move_configure_endpoint_disable(&cmd, store_head(s, span_of(e->tenant)), e->tenant, e->id,
                                    reason);
    return store_endpoint_change(s, &cmd);
}

/* --- what it is doing ------------------------------------------------------------------------- */

/* "<does it rest: 1 or 0> <slots> …", see slow.lua */
static void parse_slow(struct endpoint_load *ret, const redisReply *slow, const redisReply *until)
{
    struct span text, score;
    uint64_t slots;
    int64_t until_ms;
    const char *end;

    if (!redis_reply_span(slow, &text) || !redis_reply_span(until, &score) || text.len < 3)
        return;
    end = memchr(text.data + 2, ' ', text.len - 2);
    if (!end || parse_i64(score, &until_ms) ||
        parse_u64((struct span){text.data + 2, (size_t)(end - text.data) - 2}, &slots))
        return;
    ret->is_slow = true;
    ret->rests = text.data[0] == '1';
    ret->slow_slots = (int64_t)slots;
    ret->slow_until_ms = until_ms;
}

static void ask_load(const struct store *s, const struct endpoint *e, struct store_item items[5])
{
    static const struct {
        const char *command, *key;
    } asked[] = {{"HGET", KEY_FAILURES}, {"HGET", KEY_SLOW}, {"ZSCORE", KEY_SLOWED}};
    unsigned partition = store_partition(s, span_of(e->tenant));

    redis_arg_text(&items[0].command, "GET");
    redis_arg_key(&items[0].command, &s->keys, partition, KEY_SLOTS, span_of(e->id));
    redis_arg_text(&items[1].command, "LLEN");
    redis_arg_key(&items[1].command, &s->keys, partition, KEY_WAIT, span_of(e->id));
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        redis_arg_text(&items[2 + i].command, asked[i].command);
        redis_arg_key(&items[2 + i].command, &s->keys, partition, asked[i].key, SPAN(""));
        redis_arg_text(&items[2 + i].command, e->id);
    }
}

int store_endpoint_load(struct store *s, const struct endpoint *e, struct endpoint_load *ret)
{
    struct endpoint_load load = {0};
    int64_t *const values[] = {&load.in_flight, &load.waiting, &load.failures};
    struct store_item items[5];
    int r;

    store_items_init(items, ARRAY_LEN(items));
    ask_load(s, e, items);
    r = store_call_all(s, items, ARRAY_LEN(items));
    for (size_t i = 0; i < ARRAY_LEN(items) && !r; i++) {
        if (items[i].reply->type == REDIS_REPLY_ERROR)
            r = store_unexpected(s, items[i].reply);
        else if (i < ARRAY_LEN(values) && !redis_reply_i64(items[i].reply, values[i]))
            *values[i] = 0; /* what is not there has not happened */
    }
    if (!r) {
        parse_slow(&load, items[3].reply, items[4].reply);
        *ret = load;
    }
    store_items_fini(items, ARRAY_LEN(items));
    return r;
}
