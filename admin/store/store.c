/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/store/store.h"
#include "common/base/buf.h"
#include "common/base/id.h"
#include "common/model/partition.h"
#include "common/moves/configure.h"
#include "common/moves/installation.h"
#include <assert.h>
#include <errno.h>
#include <grapnel.h>

enum { REQUEST_BYTES_MAX = 64 << 20 };

/* --- results ---------------------------------------------------------------------------------- */

static int store_result_of(enum connection_result r)
{
    switch (r) {
    case CONNECTION_OK:
        return 0;
    case CONNECTION_UNREACHABLE:
        return -ENOTCONN;
    case CONNECTION_TIMEOUT:
        return -ETIMEDOUT;
    case CONNECTION_NOMEM:
        return -ENOMEM;
    default:
        return -EINVAL;
    }
}

const char *store_words(const struct store *s, int r)
{
    const char *words = *s->words.text ? s->words.text : strerrordesc_np(-r);

    return words ? words : "unexpected result";
}

int store_unexpected(struct store *s, const redisReply *reply)
{
    if (reply && reply->type == REDIS_REPLY_ERROR)
        (void)diag_set(&s->words, "Redis: %.180s", reply->str);
    else
        (void)diag_set(&s->words, "Redis: unexpected answer");
    return reply ? MIN(redis_reply_result(reply), -1) : -EPROTO;
}

/* --- opening ---------------------------------------------------------------------------------- */

static int store_copy_path(char **ret, const char *path)
{
    if (!*path)
        return 0;
    *ret = strdup(path);
    return *ret ? 0 : -ENOMEM;
}

static int open_address(struct store *s, const struct settings *set)
{
    struct redis_address a = {0};
    int r = redis_address_parse(&a, set->redis_url, &s->words);

    r = r ? r : store_copy_path(&a.tls_ca_file, set->redis_ca_file);
    r = r ? r : store_copy_path(&a.tls_cert_file, set->redis_cert_file);
    r = r ? r : store_copy_path(&a.tls_key_file, set->redis_key_file);
    if (!r)
        connection_init(&s->connection, &a, (unsigned)set->redis_timeout, &s->words);
    redis_address_fini(&a);
    return r ? r : store_result_of(connection_open(&s->connection));
}

/* None is fine: only secrets need it. */
static int load_key(struct store *s, const struct settings *set)
{
    int r = master_key_load(&s->key, set->master_key, set->master_key_file, &s->words);

    if (r != -ENOENT)
        return r;
    s->words.text[0] = '\0';
    return 0;
}

static int check_installation(struct store *s, struct master_key *key)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    int r;

    redis_command_init(&cmd);
    installation_command(&cmd, &s->keys, key);
    r = store_call(s, &cmd, &script_install, &reply);
    redis_command_fini(&cmd);
    if (!r)
        r = installation_judge(reply, s->keys.partitions, key, &s->words);
    freeReplyObject(reply);
    return r;
}

static int open_with(struct store *s, const struct settings *set, void *owner,
                     struct master_key *key)
{
    int r;

    *s = (struct store){.settings = set, .owner = owner};
    scripts_init();
    r = keys_init(&s->keys, set->key_prefix, (unsigned)set->partitions, &s->words);
    r = r ? r : load_key(s, set);
    r = r ? r : open_address(s, set);
    return r ? r : check_installation(s, key);
}

int store_open(struct store *s, const struct settings *set, void *owner)
{
    return open_with(s, set, owner, &s->key);
}

int store_open_any_key(struct store *s, const struct settings *set, void *owner)
{
    return open_with(s, set, owner, NULL);
}

void store_close(struct store *s)
{
    (void)grapnel_close(TAKE(s->publisher));
    connection_fini(&s->connection);
    keys_fini(&s->keys);
    master_key_wipe(&s->key);
}

/* --- calls ------------------------------------------------------------------------------------ */

/* Queues the bytes; what cannot be sent says so with the answer. */
static int append(struct store *s, struct span bytes)
{
    if (!bytes.len || redisAppendFormattedCommand(s->connection.redis, bytes.data, bytes.len)) {
        (void)diag_set(&s->words, "out of memory");
        connection_drop(&s->connection); /* the order of answers is lost */
        return -ENOMEM;
    }
    return 0;
}

static int store_answer(struct store *s, redisReply **ret)
{
    enum connection_result why = CONNECTION_OK;
    redisReply *reply = connection_answer(&s->connection, &why);

    if (!reply)
        return store_result_of(why);
    *ret = reply;
    return 0;
}

static int open_again(struct store *s)
{
    return store_result_of(connection_open(&s->connection));
}

/* Redis does not know the script (it was restarted, or never has been told): sent whole. */
static int call_whole(struct store *s, const struct redis_command *cmd,
                      const struct redis_script *script, redisReply **ret)
{
    struct buf whole;
    int r;

    buf_init(&whole, REQUEST_BYTES_MAX);
    r = redis_script_whole(&whole, script, redis_command_bytes(cmd));
    r = r ? r : append(s, buf_span(&whole));
    buf_fini(&whole);
    if (r)
        return r;
    connection_ask(&s->connection);
    return store_answer(s, ret);
}

static int store_call_once(struct store *s, const struct redis_command *cmd, redisReply **ret)
{
    int r = open_again(s);

    r = r ? r : append(s, redis_command_bytes(cmd));
    if (r)
        return r;
    connection_ask(&s->connection);
    return store_answer(s, ret);
}

int store_call(struct store *s, const struct redis_command *cmd, const struct redis_script *script,
               redisReply **ret)
{
    redisReply *reply = NULL;
    int r = store_call_once(s, cmd, &reply);

    if (!r && script && redis_reply_is_error(reply, "NOSCRIPT")) {
        freeReplyObject(TAKE(reply));
        r = call_whole(s, cmd, script, &reply);
    }
    assert(r || reply);
    if (!r && reply->type == REDIS_REPLY_ERROR)
        r = store_unexpected(s, reply);
    if (r) {
        freeReplyObject(reply);
        return r;
    }
    *ret = reply;
    return 0;
}

/* Once a script was sent whole, the others of the batch that ran into the same are known too: each
 * is sent again on its own, which is rare. */
static int repair(struct store *s, struct store_item *item)
{
    if (!item->script || !redis_reply_is_error(item->reply, "NOSCRIPT"))
        return 0;
    freeReplyObject(TAKE(item->reply));
    return call_whole(s, &item->command, item->script, &item->reply);
}

/* A batch whose first run of a script teaches it to Redis needs no repairs. */
static int teach(struct store *s, const struct redis_script *script)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    int r;

    redis_command_init(&cmd);
    redis_arg_text(&cmd, "SCRIPT");
    redis_arg_text(&cmd, "LOAD");
    redis_arg_text(&cmd, script->source);
    r = store_call(s, &cmd, NULL, &reply);
    redis_command_fini(&cmd);
    freeReplyObject(reply);
    return r;
}

int store_call_all(struct store *s, struct store_item *items, size_t n)
{
    int r = n && items[0].script ? teach(s, items[0].script) : open_again(s);

    for (size_t i = 0; i < n && !r; i++)
        r = append(s, redis_command_bytes(&items[i].command));
    connection_ask(&s->connection);
    for (size_t i = 0; i < n && !r; i++)
        r = store_answer(s, &items[i].reply);
    for (size_t i = 0; i < n && !r; i++)
        r = repair(s, &items[i]);
    return r;
}

void store_items_init(struct store_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        items[i] = (struct store_item){0};
        redis_command_init(&items[i].command);
    }
}

void store_items_clear(struct store_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        freeReplyObject(TAKE(items[i].reply));
        redis_command_begin(&items[i].command);
    }
}

void store_items_fini(struct store_item *items, size_t n)
{
    store_items_clear(items, n);
    for (size_t i = 0; i < n; i++)
        redis_command_fini(&items[i].command);
}

/* --- changes of configuration ------------------------------------------------------------------- */

const char *store_head(const struct store *s, struct span tenant)
{
    return keys_head(&s->keys, store_partition(s, tenant));
}

int store_configure_result(struct store *s, const redisReply *reply)
{
    int r = move_configure_parse(reply);

    return r < 0 ? store_unexpected(s, reply) : r;
}

int store_configure(struct store *s, const struct redis_command *cmd)
{
    redisReply *reply = NULL;
    int r = store_call(s, cmd, &script_configure, &reply);

    r = r ? r : store_configure_result(s, reply);
    freeReplyObject(reply);
    return r;
}

/* --- what everybody needs ------------------------------------------------------------------------ */

int store_now_ms(struct store *s, int64_t *ret)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    int64_t seconds, micros;
    int r;

    redis_command_init(&cmd);
    redis_arg_text(&cmd, "TIME");
    r = store_call(s, &cmd, NULL, &reply);
    redis_command_fini(&cmd);
    if (!r && (!redis_reply_i64(redis_reply_at(reply, 0), &seconds) ||
               !redis_reply_i64(redis_reply_at(reply, 1), &micros)))
        r = store_unexpected(s, reply);
    if (!r)
        *ret = seconds * 1000 + micros / 1000;
    freeReplyObject(reply);
    return r;
}

int store_change_begin(struct store *s, int64_t *ret_now_ms)
{
    int r = s->key.is_set ? check_installation(s, &s->key) : 0;

    if (r == -EINVAL) /* nothing is wrong with what was asked for */
        r = -ENOKEY;
    return r ? r : store_now_ms(s, ret_now_ms);
}

unsigned store_partition(const struct store *s, struct span tenant)
{
    return partition_of(tenant, s->keys.partitions);
}

int store_partition_of_id(struct store *s, struct span id, const char *prefix, unsigned *ret)
{
    return id_parse(id, prefix, ret) || *ret >= s->keys.partitions ? STORE_MISSING : 0;
}
