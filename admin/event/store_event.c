/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/event/store_event.h"
#include "common/base/id.h"
#include <errno.h>

static int store_event_parse(struct store *s, unsigned partition, struct stored_event *e)
{
    const redisReply *entry = redis_reply_at(e->reply, 0);
    int r;

    if (e->reply->type != REDIS_REPLY_ARRAY)
        return store_unexpected(s, e->reply);
    e->raw = redis_reply_at(entry, 1);
    if (!e->raw || e->raw->type != REDIS_REPLY_ARRAY)
        return STORE_MISSING;
    r = event_parse(&e->event, entry, partition, &e->words);
    e->is_readable = r == 0;
    if (r && !*e->words.text)
        (void)diag_set(&e->words, "its fields cannot be read");
    return 0;
}

int store_event_get(struct store *s, unsigned partition, struct span stream_id,
                    struct stored_event *ret)
{
    struct stored_event e = {.words = {""}};
    struct store_item items[2];
    int r;

    store_items_init(items, 2);
    redis_arg_text(&items[0].command, "XRANGE");
    redis_arg_key(&items[0].command, &s->keys, partition, KEY_EVENTS, SPAN(""));
    redis_arg_span(&items[0].command, stream_id);
    redis_arg_span(&items[0].command, stream_id);
    redis_arg_text(&items[1].command, "HGET");
    redis_arg_key(&items[1].command, &s->keys, partition, KEY_EVENT_REFS, SPAN(""));
    redis_arg_span(&items[1].command, stream_id);
    r = store_call_all(s, items, 2);
    if (!r) {
        (void)redis_reply_i64(items[1].reply, &e.deliveries);
        e.reply = TAKE(items[0].reply);
        r = store_event_parse(s, partition, &e);
    }
    store_items_fini(items, 2);
    if (r)
        stored_event_fini(&e);
    else
        *ret = e;
    return r;
}

static int get_of(struct store *s, struct span tenant, struct span stream_id,
                  struct stored_event *ret)
{
    int r = store_event_get(s, store_partition(s, tenant), stream_id, ret);

    if (r || (ret->is_readable && span_equal(ret->event.fields.tenant, tenant)))
        return r;
    stored_event_fini(ret);
    return STORE_MISSING;
}

static int find_own(struct store *s, struct span tenant, struct span id, struct stored_event *ret)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    struct span stream_id;
    int r;

    redis_command_init(&cmd);
    redis_arg_text(&cmd, "HGET");
    redis_arg_key(&cmd, &s->keys, store_partition(s, tenant), KEY_OWN_IDS, tenant);
    redis_arg_span(&cmd, id);
    r = store_call(s, &cmd, NULL, &reply);
    redis_command_fini(&cmd);
    if (!r && !redis_reply_span(reply, &stream_id))
        r = STORE_MISSING;
    r = r ? r : get_of(s, tenant, stream_id, ret);
    freeReplyObject(reply);
    return r;
}

int store_event_find(struct store *s, struct span tenant, struct span id, struct stored_event *ret)
{
    char stream_id[48];
    unsigned partition;
    int r = STORE_MISSING;

    if (!id_event_parse(id, &partition, stream_id) && partition == store_partition(s, tenant))
        r = get_of(s, tenant, span_of(stream_id), ret);
    return r == STORE_MISSING ? find_own(s, tenant, id, ret) : r;
}

void stored_event_fini(struct stored_event *e)
{
    freeReplyObject(TAKE(e->reply));
    e->raw = NULL;
}
