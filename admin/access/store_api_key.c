/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/access/store_api_key.h"
#include "common/base/buf.h"
#include "common/base/rng.h"
#include "common/base/text.h"
#include "common/moves/access.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>

enum { SECRET_BYTES = 32, ID_LEN = 39 };

static void store_api_key_copy(char *ret, size_t size, struct span text)
{
    (void)snprintf(ret, size, "%.*s", (int)MIN(text.len, size - 1), text.len ? text.data : "");
}

/* --- making and revoking ------------------------------------------------------------------------ */

static void make_text(char ret[API_KEY_TEXT_SIZE], const char *id)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t secret[SECRET_BYTES];
    char *at = ret + snprintf(ret, API_KEY_TEXT_SIZE, "%s_", id);

    rng_bytes(secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret); i++) {
        *at++ = digits[secret[i] >> 4];
        *at++ = digits[secret[i] & 15];
    }
    *at = '\0';
    OPENSSL_cleanse(secret, sizeof(secret));
}

static void store_api_key_digest_of(uint8_t ret[SHA256_DIGEST_LENGTH], struct span text)
{
    (void)SHA256((const uint8_t *)text.data, text.len, ret);
}

static int store_api_key_judge(struct store *s, const redisReply *reply, int64_t *ret)
{
    int r = move_api_key_parse_changed(ret, reply);

    if (r == MOVE_API_KEY_PAST)
        return diag_set(&s->words, "expires_at: expected a time that is not past");
    return r < 0 || r == STORE_EXISTS ? store_unexpected(s, reply) : r;
}

/* Frees @cmd. */
static int store_api_key_change(struct store *s, struct redis_command *cmd, int64_t *ret)
{
    redisReply *reply = NULL;
    int r = store_call(s, cmd, &script_api_key_change, &reply);

    redis_command_fini(cmd);
    r = r ? r : store_api_key_judge(s, reply, ret);
    freeReplyObject(reply);
    return r;
}

static int store_api_key_check(const struct api_key *k, struct diag *diag)
{
    if (k->role == ROLE_NONE || (k->role == ROLE_OPERATOR) != !*k->tenant)
        return diag_set(diag, "role: expected %s",
                        *k->tenant ? "admin, read or publish" : "operator, or a tenant");
    if (!*k->name || !text_is_utf8(span_of(k->name)))
        return diag_set(diag, "name: expected 1 to %d bytes of UTF-8", API_KEY_NAME_MAX);
    return 0;
}

int store_api_key_add(struct store *s, struct api_key *k, char ret_text[API_KEY_TEXT_SIZE])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    struct redis_command cmd;

    if (store_api_key_check(k, &s->words))
        return -EINVAL;
    id_make(k->id, API_KEY_PREFIX, store_partition(s, span_of(k->tenant)));
    make_text(ret_text, k->id);
    store_api_key_digest_of(digest, span_of(ret_text));
    k->used_ms = 0;
    redis_command_init(&cmd);
    move_api_key_add(&cmd, store_head(s, span_of(k->tenant)),
                     &(struct api_key_add){.tenant = span_of(k->tenant),
                                           .digest = {(const char *)digest, sizeof(digest)},
                                           .id = k->id,
                                           .role = role_name(k->role),
                                           .name = k->name,
                                           .expires_ms = k->expires_ms,
                                           .most = API_KEYS_MAX});
    return store_api_key_change(s, &cmd, &k->created_ms);
}

int store_api_key_remove(struct store *s, const struct api_key *k)
{
    struct redis_command cmd;
    int64_t ignored;

    redis_command_init(&cmd);
    move_api_key_remove(&cmd, store_head(s, span_of(k->tenant)), span_of(k->tenant), k->id);
    return store_api_key_change(s, &cmd, &ignored);
}

/* --- looking at them ---------------------------------------------------------------------------- */

static const char *const fields[] = {"role", "tenant", "name", "created", "expires", "used"};

static void store_api_key_ask(const struct store *s, struct redis_command *cmd, unsigned partition,
                              struct span id)
{
    redis_arg_text(cmd, "HMGET");
    redis_arg_key(cmd, &s->keys, partition, KEY_API_KEY, id);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        redis_arg_text(cmd, fields[i]);
}

static int store_api_key_parse(struct store *s, struct span id, const redisReply *reply,
                               struct api_key *ret)
{
    struct span role, tenant, name;

    if (reply && reply->type == REDIS_REPLY_ARRAY && redis_reply_at(reply, 0) &&
        redis_reply_at(reply, 0)->type == REDIS_REPLY_NIL)
        return STORE_MISSING;
    if (!redis_reply_span(redis_reply_at(reply, 0), &role) ||
        !redis_reply_span(redis_reply_at(reply, 1), &tenant) ||
        !redis_reply_span(redis_reply_at(reply, 2), &name) ||
        !redis_reply_i64(redis_reply_at(reply, 3), &ret->created_ms))
        return store_unexpected(s, reply);
    if (!redis_reply_i64(redis_reply_at(reply, 4), &ret->expires_ms))
        ret->expires_ms = 0;
    if (!redis_reply_i64(redis_reply_at(reply, 5), &ret->used_ms))
        ret->used_ms = 0;
    store_api_key_copy(ret->id, sizeof(ret->id), id);
    store_api_key_copy(ret->tenant, sizeof(ret->tenant), tenant);
    store_api_key_copy(ret->name, sizeof(ret->name), name);
    ret->role = role_of_name(role);
    return 0;
}

int store_api_key_get(struct store *s, struct span id, struct api_key *ret)
{
    struct store_item item;
    unsigned partition;
    int r = store_partition_of_id(s, id, API_KEY_PREFIX, &partition);

    if (r)
        return r;
    store_items_init(&item, 1);
    store_api_key_ask(s, &item.command, partition, id);
    r = store_call_all(s, &item, 1);
    r = r ? r : store_api_key_parse(s, id, item.reply, ret);
    store_items_fini(&item, 1);
    return r;
}

static int store_api_key_list_ids(struct store *s, struct span tenant, redisReply **ret)
{
    struct redis_command cmd;
    int r;

    redis_command_init(&cmd);
    redis_arg_text(&cmd, "ZRANGE");
    redis_arg_key(&cmd, &s->keys, store_partition(s, tenant), KEY_API_KEYS, tenant);
    redis_arg_i64(&cmd, 0);
    redis_arg_i64(&cmd, API_KEYS_MAX - 1);
    r = store_call(s, &cmd, NULL, ret);
    redis_command_fini(&cmd);
    return r;
}

/* One that was revoked while we were listing is not told. */
static int store_api_key_tell(struct store *s, const redisReply *id, const redisReply *reply,
                              store_api_key_fn *each, void *arg)
{
    struct api_key k = {{0}};
    struct span text = SPAN("");
    int r;

    (void)redis_reply_span(id, &text);
    r = store_api_key_parse(s, text, reply, &k);
    if (r == STORE_MISSING)
        return 0;
    return r ? r : each(arg, &k);
}

int store_api_keys(struct store *s, struct span tenant, store_api_key_fn *each, void *arg)
{
    struct store_item items[API_KEYS_MAX];
    redisReply *ids = NULL;
    int r = store_api_key_list_ids(s, tenant, &ids);
    size_t n = r ? 0 : MIN(ids->elements, (size_t)API_KEYS_MAX);

    store_items_init(items, n);
    for (size_t i = 0; i < n; i++) {
        struct span id = SPAN("");

        (void)redis_reply_span(ids->element[i], &id);
        store_api_key_ask(s, &items[i].command, store_partition(s, tenant), id);
    }
    r = r || !n ? r : store_call_all(s, items, n);
    for (size_t i = 0; i < n && !r; i++)
        r = store_api_key_tell(s, ids->element[i], items[i].reply, each, arg);
    store_items_fini(items, n);
    freeReplyObject(ids);
    return r;
}

/* --- using one ------------------------------------------------------------------------------------ */

static int parse_use(struct store *s, const redisReply *reply, struct api_key_use *ret)
{
    struct api_key_answer answer;
    int r = move_api_key_parse(&answer, reply);

    if (r)
        return r < 0 ? store_unexpected(s, reply) : r;
    ret->wait_ms = answer.wait_ms;
    ret->role = role_of_name(answer.role);
    store_api_key_copy(ret->tenant, sizeof(ret->tenant), answer.tenant);
    /* A role of a newer version is none of ours, and an operator is of no tenant: whatever the record says. */
    return ret->role != ROLE_NONE && (ret->role == ROLE_OPERATOR) == !*ret->tenant ? 0
                                                                                   : STORE_MISSING;
}

int store_api_key_use(struct store *s, struct span text, int64_t limit, struct api_key_use *ret)
{
    struct span id = {text.data, MIN(text.len, (size_t)ID_LEN)};
    uint8_t digest[SHA256_DIGEST_LENGTH];
    struct redis_command cmd;
    redisReply *reply = NULL;
    unsigned partition;
    int r;

    if (text.len != API_KEY_TEXT_SIZE - 1 || text.data[ID_LEN] != '_' ||
        store_partition_of_id(s, id, API_KEY_PREFIX, &partition))
        return STORE_MISSING;
    store_api_key_digest_of(digest, text);
    store_api_key_copy(ret->id, sizeof(ret->id), id);
    redis_command_init(&cmd);
    move_api_key_begin(&cmd, keys_head(&s->keys, partition), id,
                       (struct span){(const char *)digest, sizeof(digest)}, limit);
    r = store_call(s, &cmd, &script_api_key, &reply);
    redis_command_fini(&cmd);
    r = r ? r : parse_use(s, reply, ret);
    freeReplyObject(reply);
    return r;
}
