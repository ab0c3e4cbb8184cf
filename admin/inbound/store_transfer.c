/* SPDX-License-Identifier: Apache-2.0 */
/* store_transfer.c: see store_transfer.h.
 *
 * A download's webhook names no tenant. So its id is claimed first (`owner:download/<id>`, in the id's own
 * partition), then its record is made in the tenant's. Who dies in between leaves a claim that ends by itself, and
 * with which the same tenant may register the id again. A claim lasts longer than the record. */
#include "admin/inbound/store_transfer.h"
#include "admin/inbound/transfer_news.h"
#include "admin/store/store_revise.h"
#include "admin/store/store_update.h"
#include "common/model/partition.h"
#include <errno.h>
#include <stdio.h>

enum { KEY_BYTES_MAX = 160 };
#define CLAIM_MARGIN_MS INT64_C(3600000)

/* ---- keys ---- */

static void record_key(char ret[KEY_BYTES_MAX], enum transfer_kind kind, struct span tenant,
                       const char *id)
{
    const char *name = kind == TRANSFER_DOWNLOAD ? KEY_DOWNLOAD : KEY_FILE;

    (void)snprintf(ret, KEY_BYTES_MAX, "%s%.*s/%s", name, (int)tenant.len, tenant.data, id);
}

static void list_key(char ret[KEY_BYTES_MAX], enum transfer_kind kind, struct span tenant)
{
    const char *name = kind == TRANSFER_DOWNLOAD ? KEY_DOWNLOADS : KEY_FILES;

    (void)snprintf(ret, KEY_BYTES_MAX, "%s%.*s", name, (int)tenant.len, tenant.data);
}

/* ---- whose it is ---- */

static void begin_owner(const struct store *s, struct redis_command *cmd, const char *verb,
                        const char *id)
{
    redis_command_init(cmd);
    redis_arg_text(cmd, verb);
    redis_arg_key(cmd, &s->keys, partition_of(span_of(id), s->keys.partitions), KEY_OWNER_DOWNLOAD,
                  span_of(id));
}

/* A claim that is held by @tenant already lasts as long as a new one. */
static int renew_claim(struct store *s, const char *id)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    int r;

    begin_owner(s, &cmd, "PEXPIRE", id);
    redis_arg_i64(&cmd, s->settings->inbound_retention + CLAIM_MARGIN_MS);
    r = store_call(s, &cmd, NULL, &reply);
    redis_command_fini(&cmd);
    freeReplyObject(reply);
    return r;
}

static int claim(struct store *s, const struct transfer *t)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    struct span holder;
    bool is_held, is_ours;
    int r;

    begin_owner(s, &cmd, "SET", t->id);
    redis_arg_text(&cmd, t->tenant);
    redis_arg_text(&cmd, "NX");
    redis_arg_text(&cmd, "GET");
    redis_arg_text(&cmd, "PX");
    redis_arg_i64(&cmd, s->settings->inbound_retention + CLAIM_MARGIN_MS);
    r = store_call(s, &cmd, NULL, &reply);
    redis_command_fini(&cmd);
    if (r)
        return r;
    is_held = redis_reply_span(reply, &holder);
    is_ours = is_held && span_equal(holder, span_of(t->tenant));
    freeReplyObject(reply);
    if (!is_held)
        return 0;
    return is_ours ? renew_claim(s, t->id) : STORE_EXISTS;
}

static int find_owner(struct store *s, const char *id, char ret[72])
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    struct span holder;
    int r;

    begin_owner(s, &cmd, "GET", id);
    r = store_call(s, &cmd, NULL, &reply);
    redis_command_fini(&cmd);
    if (!r && (!redis_reply_span(reply, &holder) || holder.len >= 72))
        r = STORE_MISSING;
    if (!r)
        (void)snprintf(ret, 72, "%.*s", (int)holder.len, holder.data);
    freeReplyObject(reply);
    return r;
}

/* ---- reading ---- */

static int store_transfer_parse(struct store *s, enum transfer_kind kind, struct span tenant,
                                const char *id, struct span record, struct transfer *ret)
{
    *ret = (struct transfer){.kind = kind};
    (void)snprintf(ret->id, sizeof(ret->id), "%s", id);
    if (transfer_parse(ret, record))
        return diag_set(&s->words, "%s %s: its record cannot be read (of a newer version?)",
                        transfer_noun(kind), id);
    return span_equal(span_of(ret->tenant), tenant) ? 0 : STORE_MISSING;
}

/* @ret_record: the bytes that it was read from. */
static int store_transfer_do_get(struct store *s, enum transfer_kind kind, struct span tenant,
                                 const char *id, struct transfer *ret, struct buf *ret_record)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    char key[KEY_BYTES_MAX];
    struct span record;
    int r;

    record_key(key, kind, tenant, id);
    redis_command_init(&cmd);
    redis_arg_text(&cmd, "GET");
    redis_arg_key(&cmd, &s->keys, store_partition(s, tenant), key, SPAN(""));
    r = store_call(s, &cmd, NULL, &reply);
    redis_command_fini(&cmd);
    if (!r && !redis_reply_span(reply, &record))
        r = STORE_MISSING;
    r = r ? r : store_transfer_parse(s, kind, tenant, id, record, ret);
    if (!r) {
        buf_clear(ret_record);
        buf_add_span(ret_record, record);
        r = buf_result(ret_record);
    }
    freeReplyObject(reply);
    return r;
}

int store_transfer_get(struct store *s, enum transfer_kind kind, struct span tenant, const char *id,
                       struct transfer *ret)
{
    struct buf record;
    int r;

    buf_init(&record, TRANSFER_RECORD_MAX);
    r = store_transfer_do_get(s, kind, tenant, id, ret, &record);
    buf_fini(&record);
    return r;
}

int store_download_find(struct store *s, const char *id, struct transfer *ret)
{
    char tenant[72];
    int r = find_owner(s, id, tenant);

    return r ? r : store_transfer_get(s, TRANSFER_DOWNLOAD, span_of(tenant), id, ret);
}

/* ---- writing ---- */

static int store_transfer_write_back(struct store *s, const struct transfer *t, struct span old,
                                     const struct revision_event *events, size_t n)
{
    char key[KEY_BYTES_MAX], list[KEY_BYTES_MAX];
    struct span tenant = span_of(t->tenant);
    struct revision v = {.tenant = tenant,
                         .key = key,
                         .old = old,
                         .keep_ms = s->settings->inbound_retention,
                         .list = list,
                         .most = TRANSFERS_PER_TENANT_MAX,
                         .name = t->id};
    struct buf record;
    int r;

    record_key(key, t->kind, tenant, t->id);
    list_key(list, t->kind, tenant);
    buf_init(&record, TRANSFER_RECORD_MAX);
    transfer_pack(&record, t);
    v.record = buf_span(&record);
    r = buf_result(&record);
    r = r ? r : store_revise(s, &v, events, n);
    buf_fini(&record);
    return r;
}

int store_transfer_add(struct store *s, struct transfer *t)
{
    int r = store_now_ms(s, &t->created_ms);

    if (r)
        return r;
    t->updated_ms = t->created_ms;
    if (!*t->id)
        id_make(t->id, "", 0);
    if (t->kind == TRANSFER_DOWNLOAD)
        r = claim(s, t);
    return r ? r : store_transfer_write_back(s, t, SPAN(""), NULL, 0);
}

static int write_news(struct store *s, const struct transfer *t, enum transfer_state before,
                      enum transfer_move move, struct span old)
{
    struct revision_event events[TRANSFER_NEWS_MAX];
    struct transfer_news news;
    int r = transfer_news_init(&news, t, before, move);

    for (unsigned i = 0; i < news.n; i++)
        events[i] = (struct revision_event){news.events[i].type, buf_span(&news.events[i].data)};
    r = r ? r : store_transfer_write_back(s, t, old, events, news.n);
    transfer_news_fini(&news);
    return r;
}

struct telling {
    struct transfer *t;
    enum transfer_state to;
    struct span url;
};

static int tell_once(void *arg, struct store *s, struct buf *record)
{
    const struct telling *v = arg;
    struct transfer *t = v->t, now;
    enum transfer_state before;
    enum transfer_move move;
    int r = store_transfer_do_get(s, t->kind, span_of(t->tenant), t->id, &now, record);

    if (r)
        return r;
    before = now.state;
    r = transfer_move(&now, v->to, v->url, &move, &s->words);
    if (!r && move != TRANSFER_SAME) {
        r = store_now_ms(s, &now.updated_ms);
        r = r ? r : write_news(s, &now, before, move, buf_span(record));
    }
    if (!r)
        *t = now;
    return r;
}

int store_transfer_tell(struct store *s, struct transfer *t, enum transfer_state to,
                        struct span url)
{
    struct telling v = {t, to, url};

    return store_update(s, tell_once, &v);
}

/* ---- lists ---- */

/* Where the one named @after stands, counted from the newest. STORE_MISSING: it is gone, and what was older. */
static int rank_behind(struct store *s, const struct transfer_page *page, int64_t *ret)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    char list[KEY_BYTES_MAX];
    int r;

    *ret = 0;
    if (!*page->after)
        return 0;
    list_key(list, page->kind, page->tenant);
    redis_command_init(&cmd);
    redis_arg_text(&cmd, "ZREVRANK");
    redis_arg_key(&cmd, &s->keys, store_partition(s, page->tenant), list, SPAN(""));
    redis_arg_text(&cmd, page->after);
    r = store_call(s, &cmd, NULL, &reply);
    redis_command_fini(&cmd);
    if (!r && !redis_reply_i64(reply, ret))
        r = STORE_MISSING;
    ++*ret;
    freeReplyObject(reply);
    return r;
}

static int store_transfer_list_ids(struct store *s, const struct transfer_page *page, int64_t from,
                                   redisReply **ret)
{
    struct redis_command cmd;
    char list[KEY_BYTES_MAX];
    int r;

    list_key(list, page->kind, page->tenant);
    redis_command_init(&cmd);
    redis_arg_text(&cmd, "ZREVRANGE");
    redis_arg_key(&cmd, &s->keys, store_partition(s, page->tenant), list, SPAN(""));
    redis_arg_i64(&cmd, from);
    redis_arg_i64(&cmd, from + page->limit); /* one more, to see whether there are more */
    r = store_call(s, &cmd, NULL, ret);
    redis_command_fini(&cmd);
    return r;
}

static int tell_each(struct store *s, const struct transfer_page *page, const redisReply *ids,
                     store_transfer_fn *each, void *arg, char ret_next[ID_SIZE])
{
    char id[ID_SIZE];
    struct transfer t;
    struct span name;

    for (int64_t i = 0; redis_reply_span(redis_reply_at(ids, (size_t)i), &name); i++) {
        int r;

        if (i == page->limit) {
            memcpy(ret_next, id, ID_SIZE);
            return 0;
        }
        if (transfer_id_parse(id, name))
            return store_unexpected(s, ids);
        r = store_transfer_get(s, page->kind, page->tenant, id, &t);
        if (r == STORE_MISSING)
            continue; /* its time has come; the list is cleaned when another one is registered */
        if (r)
            return r;
        each(arg, &t);
    }
    return 0;
}

int store_transfers(struct store *s, const struct transfer_page *page, store_transfer_fn *each,
                    void *arg, char ret_next[ID_SIZE])
{
    redisReply *ids = NULL;
    int64_t from;
    int r = rank_behind(s, page, &from);

    *ret_next = '\0';
    if (r)
        return r == STORE_MISSING ? 0 : r;
    r = store_transfer_list_ids(s, page, from, &ids);
    r = r ? r : tell_each(s, page, ids, each, arg, ret_next);
    freeReplyObject(ids);
    return r;
}
