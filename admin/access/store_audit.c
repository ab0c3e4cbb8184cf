/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/access/store_audit.h"
#include "common/base/text.h"
#include "common/moves/access.h"
#include <stdio.h>

/* --- writing -------------------------------------------------------------------------------------- */

static void store_audit_add(struct redis_command *cmd, const char *name, struct span value)
{
    if (!value.len)
        return;
    redis_arg_text(cmd, name);
    redis_arg_span(cmd, value);
}

static void store_audit_add_entry(struct redis_command *cmd, const struct audit_entry *e)
{
    store_audit_add(cmd, "who", e->who);
    store_audit_add(cmd, "method", e->method);
    store_audit_add(cmd, "route", e->route);
    for (unsigned i = 0; i < e->n_objects; i++)
        store_audit_add(cmd, "object", e->objects[i]);
    store_audit_add(cmd, "peer", e->peer);
    store_audit_add(cmd, "request", e->request);
    if (e->status) {
        redis_arg_text(cmd, "status");
        redis_arg_i64(cmd, e->status);
    }
}

/* Gives *ret, the id of the entry that was written. */
static int write_entry(struct store *s, struct span tenant, const char *replaces,
                       const struct audit_entry *e, redisReply **ret)
{
    struct redis_command cmd;
    int r;

    redis_command_init(&cmd);
    move_audit_begin(&cmd, store_head(s, tenant),
                     &(struct audit_options){.tenant = tenant,
                                             .entries_max = s->settings->audit_entries,
                                             .age_ms = s->settings->audit_age,
                                             .replaces = replaces});
    if (e)
        store_audit_add_entry(&cmd, e);
    r = store_call(s, &cmd, &script_audit, ret);
    redis_command_fini(&cmd);
    return r;
}

int store_audit_begin(struct store *s, struct span tenant, const struct audit_entry *e,
                      char ret_id[AUDIT_ID_SIZE])
{
    redisReply *reply = NULL;
    struct span id;
    int r = write_entry(s, tenant, "", e, &reply);

    if (!r && (!redis_reply_span(reply, &id) || !audit_id_is_valid(id)))
        r = store_unexpected(s, reply);
    if (!r)
        (void)snprintf(ret_id, AUDIT_ID_SIZE, "%.*s", (int)id.len, id.data);
    freeReplyObject(reply);
    return r;
}

int store_audit_end(struct store *s, struct span tenant, const char *id,
                    const struct audit_entry *e)
{
    redisReply *reply = NULL;
    int r = write_entry(s, tenant, id, e, &reply);

    freeReplyObject(reply);
    return r;
}

/* --- reading -------------------------------------------------------------------------------------- */

static bool parse_id(struct span id, int64_t *ret_ms)
{
    const char *dash = id.len ? memchr(id.data, '-', id.len) : NULL;
    uint64_t ms, seq;
    size_t len;

    if (!dash || id.len >= AUDIT_ID_SIZE)
        return false;
    len = (size_t)(dash - id.data);
    if (parse_u64((struct span){id.data, len}, &ms) || ms > INT64_MAX ||
        parse_u64((struct span){dash + 1, id.len - len - 1}, &seq))
        return false;
    *ret_ms = (int64_t)ms;
    return true;
}

bool audit_id_is_valid(struct span id)
{
    int64_t ignored;

    return parse_id(id, &ignored);
}

static void store_audit_take_field(struct audit_entry *e, struct span name, struct span value)
{
    const struct {
        const char *name;
        struct span *place;
    } places[] = {{"who", &e->who},
                  {"method", &e->method},
                  {"route", &e->route},
                  {"peer", &e->peer},
                  {"request", &e->request}};

    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        if (span_equal(name, span_of(places[i].name)))
            *places[i].place = value;
    if (span_equal(name, SPAN("object")) && e->n_objects < AUDIT_OBJECTS_MAX)
        e->objects[e->n_objects++] = value;
    if (span_equal(name, SPAN("status")) && parse_i64(value, &e->status))
        e->status = 0;
}

static int store_audit_parse(struct store *s, const redisReply *reply, struct audit_entry *ret)
{
    const redisReply *fields = redis_reply_at(reply, 1);
    struct span id, name, value;

    *ret = (struct audit_entry){.status = 0};
    if (!redis_reply_span(redis_reply_at(reply, 0), &id) || !parse_id(id, &ret->ms))
        return store_unexpected(s, reply);
    (void)snprintf(ret->id, sizeof(ret->id), "%.*s", (int)id.len, id.data);
    for (size_t i = 0; redis_reply_at(fields, i + 1); i += 2)
        if (redis_reply_span(redis_reply_at(fields, i), &name) &&
            redis_reply_span(redis_reply_at(fields, i + 1), &value))
            store_audit_take_field(ret, name, value);
    return 0;
}

static void store_audit_ask(const struct store *s, struct redis_command *cmd, struct span tenant,
                            const struct audit_query *q)
{
    char newest[AUDIT_ID_SIZE + 1] = "+";

    if (q->before)
        (void)snprintf(newest, sizeof(newest), "(%s", q->before);
    else if (q->to_ms)
        (void)snprintf(newest, sizeof(newest), "%lld", (long long)q->to_ms);
    redis_arg_text(cmd, "XREVRANGE");
    redis_arg_key(cmd, &s->keys, store_partition(s, tenant), KEY_AUDIT, tenant);
    redis_arg_text(cmd, newest);
    redis_arg_i64(cmd, q->from_ms);
    redis_arg_text(cmd, "COUNT");
    redis_arg_i64(cmd, q->n);
}

int store_audit_list(struct store *s, struct span tenant, const struct audit_query *q,
                     store_audit_fn *each, void *arg)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    struct audit_entry e;
    int r;

    redis_command_init(&cmd);
    store_audit_ask(s, &cmd, tenant, q);
    r = store_call(s, &cmd, NULL, &reply);
    redis_command_fini(&cmd);
    for (size_t i = 0; !r && redis_reply_at(reply, i); i++) {
        r = store_audit_parse(s, redis_reply_at(reply, i), &e);
        r = r ? r : each(arg, &e);
    }
    freeReplyObject(reply);
    return r;
}
