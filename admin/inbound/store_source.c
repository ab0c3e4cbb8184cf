/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/inbound/store_source.h"
#include "admin/store/store_revise.h"
#include "common/moves/lookup.h"
#include "common/moves/watch.h"
#include <errno.h>
#include <stdio.h>

enum { KEY_BYTES_MAX = 160, HOUR_MS = 3600000 };

/* ---- reading ---- */

static int store_source_parse(struct store *s, struct span id, struct span record,
                              struct source **ret)
{
    int r = source_parse(ret, id, record);

    if (r == -EBADMSG)
        return diag_set(&s->words, "source %.*s: its record cannot be read (of a newer version?)",
                        (int)MIN(id.len, 80u), id.data);
    return r;
}

int store_source_get(struct store *s, struct span id, struct source **ret, struct buf *ret_record)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    struct span record;
    unsigned partition;
    int r = store_partition_of_id(s, id, "src_", &partition);

    if (r)
        return r;
    redis_command_init(&cmd);
    redis_arg_text(&cmd, "GET");
    redis_arg_key(&cmd, &s->keys, partition, KEY_SOURCE, id);
    r = store_call(s, &cmd, NULL, &reply);
    redis_command_fini(&cmd);
    if (!r && !redis_reply_span(reply, &record))
        r = STORE_MISSING;
    if (!r && ret_record) {
        buf_clear(ret_record);
        buf_add_span(ret_record, record);
        r = buf_result(ret_record);
    }
    r = r ? r : store_source_parse(s, id, record, ret);
    freeReplyObject(reply);
    return r;
}

static int ask_all(struct store *s, struct span tenant, redisReply **ret)
{
    struct redis_command cmd;
    int r;

    redis_command_init(&cmd);
    move_lookup_begin(&cmd, &script_sources, store_head(s, tenant), tenant);
    r = store_call(s, &cmd, &script_sources, ret);
    redis_command_fini(&cmd);
    return r;
}

int store_sources(struct store *s, struct span tenant, store_source_fn *each, void *arg)
{
    redisReply *reply = NULL;
    struct lookup_answer answer = {.n = 0};
    struct lookup_row row;
    int r = ask_all(s, tenant, &reply);

    if (!r && move_lookup_parse(&answer, reply))
        r = store_unexpected(s, reply);
    for (size_t i = 0; !r && i < answer.n; i++) {
        struct source *source = NULL;

        if (move_lookup_row(&answer, i, &row))
            r = store_unexpected(s, reply);
        else if (row.record.len)
            r = store_source_parse(s, row.id, row.record, &source);
        if (source)
            each(arg, source);
        (void)source_free(source);
    }
    freeReplyObject(reply);
    return r;
}

/* ---- changing ---- */

static int revise(struct store *s, const struct source *source, struct span record, struct span old)
{
    char key[KEY_BYTES_MAX], list[KEY_BYTES_MAX];
    struct revision v = {.tenant = span_of(source->tenant),
                         .key = key,
                         .record = record,
                         .old = old,
                         .list = list,
                         .most = SOURCES_PER_TENANT_MAX,
                         .name = source->id};

    (void)snprintf(key, sizeof(key), "%s%s", KEY_SOURCE, source->id);
    (void)snprintf(list, sizeof(list), "%s%s", KEY_SOURCES, source->tenant);
    return store_revise(s, &v, NULL, 0);
}

int store_source_put(struct store *s, const struct source *source, struct span old)
{
    struct buf record;
    int r;

    buf_init(&record, SOURCE_RECORD_MAX);
    source_pack(&record, source);
    r = buf_result(&record);
    r = r ? r : revise(s, source, buf_span(&record), old);
    buf_fini(&record);
    return r;
}

int store_source_remove(struct store *s, const struct source *source, struct span old)
{
    return revise(s, source, SPAN(""), old);
}

/* ---- what was refused ---- */

static void field_of(const struct source *source, char ret[KEY_BYTES_MAX])
{
    (void)snprintf(ret, KEY_BYTES_MAX, "%s/%s", source->tenant, source->id);
}

int store_source_refused(struct store *s, const struct source *source, const char *why)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    char field[KEY_BYTES_MAX];
    int r;

    field_of(source, field);
    redis_command_init(&cmd);
    move_refused_begin(&cmd, store_head(s, span_of(source->tenant)), field, why,
                       s->settings->alert_inbound_failures, s->settings->operational_tenant);
    r = store_call(s, &cmd, &script_refused, &reply);
    redis_command_fini(&cmd);
    freeReplyObject(reply);
    return r;
}

static void ask_refusals(const struct store *s, struct store_item items[2],
                         const struct source *source, int64_t hour)
{
    static const char *const names[] = {KEY_INBOUND_REFUSED, KEY_INBOUND_REFUSED_WHY};
    unsigned partition = store_partition(s, span_of(source->tenant));
    char field[KEY_BYTES_MAX], number[24];

    field_of(source, field);
    (void)snprintf(number, sizeof(number), "%lld", (long long)hour);
    for (size_t i = 0; i < 2; i++) {
        redis_arg_text(&items[i].command, "HGET");
        redis_arg_key(&items[i].command, &s->keys, partition, names[i], span_of(number));
        redis_arg_text(&items[i].command, field);
    }
}

int store_source_refusals(struct store *s, const struct source *source, int64_t *ret_n,
                          char ret_why[80])
{
    struct store_item items[2];
    struct span why;
    int64_t now_ms;
    int r = store_now_ms(s, &now_ms);

    *ret_n = 0;
    *ret_why = '\0';
    if (r)
        return r;
    store_items_init(items, 2);
    ask_refusals(s, items, source, now_ms / HOUR_MS);
    r = store_call_all(s, items, 2);
    if (!r && redis_reply_i64(items[0].reply, ret_n) && redis_reply_span(items[1].reply, &why))
        (void)snprintf(ret_why, 80, "%.*s", (int)why.len, why.data);
    store_items_fini(items, 2);
    return r;
}
