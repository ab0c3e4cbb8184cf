/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/delivery/store_delivery.h"
#include "admin/tenant/store_endpoint.h"
#include "common/base/text.h"
#include <errno.h>
#include <stdio.h>

enum { PAGE = 64 };

/* --- one -------------------------------------------------------------------------------------- */

static int call_for(struct store *s, struct span id, const char *name, int64_t offset,
                    redisReply **ret)
{
    struct redis_command cmd;
    unsigned partition;
    int r = store_partition_of_id(s, id, "whd_", &partition);

    if (r)
        return r;
    redis_command_init(&cmd);
    redis_arg_text(&cmd, name);
    redis_arg_key(&cmd, &s->keys, partition, KEY_DELIVERY, id);
    if (offset >= 0) {
        redis_arg_i64(&cmd, offset);
        redis_arg_i64(&cmd, -1);
    }
    r = store_call(s, &cmd, NULL, ret);
    redis_command_fini(&cmd);
    return r;
}

int store_delivery_read(struct store *s, struct span id, size_t offset, struct buf *ret)
{
    redisReply *reply = NULL;
    struct span bytes;
    int r = call_for(s, id, "GETRANGE", (int64_t)offset, &reply);

    if (!r && !redis_reply_span(reply, &bytes))
        r = store_unexpected(s, reply);
    if (!r && !bytes.len)
        r = STORE_MISSING;
    if (!r) {
        buf_add_span(ret, bytes);
        r = buf_result(ret);
    }
    freeReplyObject(reply);
    return r;
}

int store_delivery_length(struct store *s, struct span id, size_t *ret)
{
    redisReply *reply = NULL;
    int64_t length = 0;
    int r = call_for(s, id, "STRLEN", -1, &reply);

    if (!r && (!redis_reply_i64(reply, &length) || length < 0))
        r = store_unexpected(s, reply);
    if (r == STORE_MISSING)
        r = 0;
    if (!r)
        *ret = (size_t)length;
    freeReplyObject(reply);
    return r;
}

int store_delivery_retry(struct store *s, struct span id, int64_t delay_ms, int64_t *ret_due_ms)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    unsigned partition;
    int r;

    if (store_partition_of_id(s, id, "whd_", &partition))
        return RETRY_MISSING;
    redis_command_init(&cmd);
    move_retry_begin(&cmd, keys_head(&s->keys, partition), id, delay_ms);
    r = store_call(s, &cmd, &script_retry, &reply);
    redis_command_fini(&cmd);
    r = r ? r : move_retry_parse(ret_due_ms, reply);
    if (r < 0 && reply)
        r = store_unexpected(s, reply);
    freeReplyObject(reply);
    return r;
}

int store_endpoint_url(struct store *s, struct span endpoint, struct buf *ret)
{
    struct endpoint *e = NULL;
    int r = store_endpoint_get(s, endpoint, &e, NULL);

    if (r == STORE_MISSING)
        return 0;
    if (!r)
        buf_add_text(ret, e->url);
    (void)endpoint_free(e);
    return r ? r : buf_result(ret);
}

/* --- many ------------------------------------------------------------------------------------- */

int delivery_cursor_parse(struct delivery_cursor *ret, const char *text)
{
    struct delivery_cursor c = {0};
    const char *dot = strchr(text, '.');
    unsigned partition;

    if (!dot || parse_i64((struct span){text, (size_t)(dot - text)}, &c.ms) || c.ms < 0 ||
        strlen(dot + 1) >= sizeof(c.id) || id_parse(span_of(dot + 1), "whd_", &partition))
        return -EINVAL;
    memcpy(c.id, dot + 1, strlen(dot + 1));
    *ret = c;
    return 0;
}

/* Where the walk through the index is. Several deliveries may be of the same millisecond: of those
 * that are as new as the last one told, @same have been passed. */
struct walk {
    struct store *s;
    struct span tenant;
    struct delivery_cursor at;
    int64_t same;
    store_delivery_fn *each;
    void *arg;
    struct store_item records[PAGE], endpoints[PAGE];
    struct delivery_cursor found[PAGE];
    size_t n;
    bool is_bare;   /* nobody asks for URLs */
    bool is_rising; /* the oldest first */
    bool is_at_end;
};

static int ask_page(struct walk *w, redisReply **ret)
{
    struct redis_command cmd;
    int r;

    redis_command_init(&cmd);
    redis_arg_text(&cmd, w->is_rising ? "ZRANGEBYSCORE" : "ZREVRANGEBYSCORE");
    redis_arg_key(&cmd, &w->s->keys, store_partition(w->s, w->tenant), KEY_INDEX, w->tenant);
    if (w->at.ms == INT64_MAX)
        redis_arg_text(&cmd, "+inf");
    else
        redis_arg_i64(&cmd, w->at.ms);
    redis_arg_text(&cmd, w->is_rising ? "+inf" : "-inf");
    redis_arg_text(&cmd, "WITHSCORES");
    redis_arg_text(&cmd, "LIMIT");
    redis_arg_i64(&cmd, w->same);
    redis_arg_i64(&cmd, PAGE);
    r = store_call(w->s, &cmd, NULL, ret);
    redis_command_fini(&cmd);
    return r;
}

/* Of those of one millisecond: is @id behind what was told last? */
static bool store_delivery_is_behind(const struct walk *w, const char *id)
{
    int order = strcmp(id, w->at.id);

    return w->is_rising ? order > 0 : order < 0;
}

/* Notes one of the index; those up to the cursor that the walk began with are passed over. */
static int store_delivery_note(struct walk *w, struct span id, int64_t ms)
{
    struct delivery_cursor *c = &w->found[w->n];
    bool is_same = ms == w->at.ms;

    if (id.len >= sizeof(c->id))
        return diag_set(&w->s->words, "index: not a delivery: %.*s", (int)MIN(id.len, 60u),
                        id.data);
    memcpy(c->id, id.data, id.len);
    c->id[id.len] = '\0';
    c->ms = ms;
    w->same = is_same ? w->same + 1 : 1;
    if (!is_same || store_delivery_is_behind(w, c->id))
        w->n++;
    w->at.ms = ms;
    if (!is_same)
        *w->at.id = w->is_rising ? '\0' : '\x7f'; /* none of this millisecond was told before */
    return 0;
}

static int read_index(struct walk *w)
{
    redisReply *reply = NULL;
    struct span id;
    int64_t ms;
    int r = ask_page(w, &reply);

    w->n = 0;
    for (size_t i = 0; !r && redis_reply_at(reply, i); i += 2) {
        if (!redis_reply_span(redis_reply_at(reply, i), &id) ||
            !redis_reply_i64(redis_reply_at(reply, i + 1), &ms))
            r = store_unexpected(w->s, reply);
        else
            r = store_delivery_note(w, id, ms);
    }
    w->is_at_end = r || reply->elements < 2 * PAGE;
    freeReplyObject(reply);
    return r;
}

/* A record may have been removed since the index was read, or be one that we cannot read: the others
 * are told all the same. False: it is one of those. */
static bool store_delivery_parse_record(struct walk *w, size_t i, struct listed_delivery *ret)
{
    struct span bytes;

    if (!redis_reply_span(w->records[i].reply, &bytes))
        return false;
    if (delivery_record_parse(&ret->record, span_of(w->found[i].id), bytes) == 0)
        return true;
    (void)fprintf(stderr, "delivery %s: its record cannot be read\n", w->found[i].id);
    return false;
}

static int read_records(struct walk *w)
{
    unsigned partition = store_partition(w->s, w->tenant);

    for (size_t i = 0; i < w->n; i++) {
        redis_arg_text(&w->records[i].command, "GET");
        redis_arg_key(&w->records[i].command, &w->s->keys, partition, KEY_DELIVERY,
                      span_of(w->found[i].id));
    }
    return store_call_all(w->s, w->records, w->n);
}

static int read_endpoints(struct walk *w, const struct listed_delivery *listed)
{
    unsigned partition = store_partition(w->s, w->tenant);

    for (size_t i = 0; i < w->n; i++) {
        struct span id = SPAN("");

        if (listed[i].record.n)
            id = delivery_created(&listed[i].record)->endpoint;
        redis_arg_text(&w->endpoints[i].command, "GET");
        redis_arg_key(&w->endpoints[i].command, &w->s->keys, partition, KEY_ENDPOINT, id);
    }
    return store_call_all(w->s, w->endpoints, w->n);
}

static int store_delivery_tell(struct walk *w, size_t i, struct listed_delivery *d)
{
    struct endpoint *e = NULL;
    struct span id = delivery_created(&d->record)->endpoint, record;
    int r;

    if (redis_reply_span(w->endpoints[i].reply, &record) && endpoint_parse(&e, id, record) == 0)
        d->url = e->url;
    d->cursor = w->found[i];
    r = w->each(w->arg, d);
    (void)endpoint_free(e);
    return r;
}

static int store_delivery_tell_page(struct walk *w)
{
    struct listed_delivery listed[PAGE] = {0};
    int r = read_records(w);

    for (size_t i = 0; i < w->n && !r; i++)
        (void)store_delivery_parse_record(w, i, &listed[i]);
    if (!r && !w->is_bare)
        r = read_endpoints(w, listed);
    for (size_t i = 0; i < w->n && !r; i++)
        if (listed[i].record.n)
            r = store_delivery_tell(w, i, &listed[i]);
    for (size_t i = 0; i < w->n; i++)
        delivery_record_fini(&listed[i].record);
    store_items_clear(w->records, PAGE);
    store_items_clear(w->endpoints, PAGE);
    return r;
}

static int walk_all(struct walk *w)
{
    int r = 0;

    store_items_init(w->records, PAGE);
    store_items_init(w->endpoints, PAGE);
    while (!r && !w->is_at_end) {
        r = read_index(w);
        r = r ? r : store_delivery_tell_page(w);
    }
    store_items_fini(w->records, PAGE);
    store_items_fini(w->endpoints, PAGE);
    return r == LIST_ENOUGH ? 0 : r;
}

static int store_delivery_walk(const struct walk *begin)
{
    struct walk *w = malloc(sizeof(*w));
    int r;

    if (!w)
        return -ENOMEM;
    *w = *begin;
    r = walk_all(w);
    free(w);
    return r;
}

int store_deliveries(struct store *s, struct span tenant, const struct delivery_cursor *after,
                     store_delivery_fn *each, void *arg)
{
    return store_delivery_walk(
        &(struct walk){.s = s, .tenant = tenant, .at = *after, .each = each, .arg = arg});
}

int store_delivery_records(struct store *s, struct span tenant, const struct delivery_cursor *after,
                           store_delivery_fn *each, void *arg)
{
    return store_delivery_walk(&(struct walk){
        .s = s, .tenant = tenant, .at = *after, .each = each, .arg = arg, .is_bare = true});
}

int store_deliveries_since(struct store *s, struct span tenant, int64_t from_ms,
                           store_delivery_fn *each, void *arg)
{
    return store_delivery_walk(&(struct walk){.s = s,
                                              .tenant = tenant,
                                              .at = {.ms = from_ms},
                                              .each = each,
                                              .arg = arg,
                                              .is_rising = true});
}

/* --- places in the index ---------------------------------------------------------------------- */

struct delivery_cursor delivery_cursor_before(int64_t to_ms)
{
    /* A byte behind all ids: of that millisecond none was told. */
    return (struct delivery_cursor){.ms = to_ms ? to_ms : INT64_MAX, .id = "\x7f"};
}

static void arg_ms(struct redis_command *cmd, int64_t ms)
{
    if (ms)
        redis_arg_i64(cmd, ms);
    else
        redis_arg_text(cmd, "+inf");
}

int store_delivery_count(struct store *s, struct span tenant, int64_t from_ms, int64_t to_ms,
                         int64_t *ret)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    int r;

    redis_command_init(&cmd);
    redis_arg_text(&cmd, "ZCOUNT");
    redis_arg_key(&cmd, &s->keys, store_partition(s, tenant), KEY_INDEX, tenant);
    redis_arg_i64(&cmd, from_ms);
    arg_ms(&cmd, to_ms);
    r = store_call(s, &cmd, NULL, &reply);
    redis_command_fini(&cmd);
    if (!r && !redis_reply_i64(reply, ret))
        r = store_unexpected(s, reply);
    freeReplyObject(reply);
    return r;
}

static int read_place(struct store *s, const redisReply *reply, struct delivery_cursor *ret)
{
    struct span id;

    if (reply->type != REDIS_REPLY_ARRAY)
        return store_unexpected(s, reply);
    if (!reply->elements)
        return STORE_MISSING;
    if (!redis_reply_span(redis_reply_at(reply, 0), &id) || id.len >= sizeof(ret->id) ||
        !redis_reply_i64(redis_reply_at(reply, 1), &ret->ms))
        return store_unexpected(s, reply);
    memcpy(ret->id, id.data, id.len);
    ret->id[id.len] = '\0';
    return 0;
}

int store_delivery_skip(struct store *s, struct span tenant, int64_t to_ms, int64_t n,
                        struct delivery_cursor *ret)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    int r;

    *ret = delivery_cursor_before(to_ms);
    if (!n)
        return 0;
    redis_command_init(&cmd);
    redis_arg_text(&cmd, "ZREVRANGEBYSCORE");
    redis_arg_key(&cmd, &s->keys, store_partition(s, tenant), KEY_INDEX, tenant);
    arg_ms(&cmd, to_ms);
    redis_arg_text(&cmd, "-inf");
    redis_arg_text(&cmd, "WITHSCORES");
    redis_arg_text(&cmd, "LIMIT");
    redis_arg_i64(&cmd, n - 1);
    redis_arg_i64(&cmd, 1);
    r = store_call(s, &cmd, NULL, &reply);
    redis_command_fini(&cmd);
    r = r ? r : read_place(s, reply, ret);
    freeReplyObject(reply);
    return r;
}
