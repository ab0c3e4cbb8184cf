/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/installation.h"

#include "common/base/err.h"
#include "common/moves/scripts.h"
#include <errno.h>
#include <stdio.h>

static bool is_set(const struct master_key *key)
{
    return key && key->is_set;
}

void installation_command(struct redis_command *cmd, const struct keys *k,
                          const struct master_key *key)
{
    char id[KEY_ID_SIZE] = "";

    if (is_set(key))
        cipher_key_id(id, key->all[0].id);
    redis_script_begin(cmd, &script_install, 1);
    redis_arg_text(cmd, k->meta);
    redis_arg_text(cmd, INSTALLATION_FORMAT);
    redis_arg_i64(cmd, k->partitions);
    redis_arg_text(cmd, id);
}

/* ---- the master keys ---- */

static int installation_take_id(char ret[KEY_ID_SIZE], const redisReply *reply)
{
    struct span id = SPAN("");

    if (reply && reply->type != REDIS_REPLY_NIL && !redis_reply_span(reply, &id))
        return -EPROTO;
    if (id.len >= KEY_ID_SIZE)
        return -EPROTO;
    memcpy(ret, id.data, id.len);
    ret[id.len] = '\0';
    return 0;
}

static int take_keys(struct installation_keys *ret, const redisReply *current,
                     const redisReply *next)
{
    return installation_take_id(ret->current, current) || installation_take_id(ret->next, next)
               ? err_origin(-EPROTO)
               : 0;
}

void installation_ask_keys(struct redis_command *cmd, const struct keys *k)
{
    redis_command_begin(cmd);
    redis_arg_text(cmd, "HMGET");
    redis_arg_text(cmd, k->meta);
    redis_arg_text(cmd, "master_key");
    redis_arg_text(cmd, "master_key_next");
    redis_arg_text(cmd, "master_key_turn");
}

int installation_parse_keys(struct installation_keys *ret, const redisReply *reply)
{
    const redisReply *turn = redis_reply_at(reply, 2);

    ret->turn = 0;
    if (!turn || (turn->type != REDIS_REPLY_NIL && !redis_reply_i64(turn, &ret->turn)))
        return err_origin(-EPROTO);
    return take_keys(ret, redis_reply_at(reply, 0), redis_reply_at(reply, 1));
}

const char *installation_seals(const struct installation_keys *keys)
{
    return *keys->next ? keys->next : keys->current;
}

void installation_keys_command(struct redis_command *cmd, const struct keys *k,
                               const struct installation_keys *from,
                               const struct installation_keys *to)
{
    redis_script_begin(cmd, &script_rotate, 1);
    redis_arg_text(cmd, k->meta);
    redis_arg_text(cmd, from->current);
    redis_arg_text(cmd, from->next);
    redis_arg_i64(cmd, from->turn);
    redis_arg_text(cmd, to->current);
    redis_arg_text(cmd, to->next);
}

/* While two are named, secrets lie under both. */
static int judge_keys(const struct installation_keys *named, struct master_key *key,
                      struct diag *diag)
{
    char ids[KEY_IDS_SIZE];

    master_key_ids(ids, key);
    if (!master_key_has(key, named->current))
        return diag_set(diag,
                        "master_key: the secrets in this Redis were encrypted with another key, "
                        "%s, than what is configured (%s)",
                        named->current, ids);
    if (*named->next && !master_key_has(key, named->next))
        return diag_set(diag,
                        "master_key: the secrets in this Redis are being re-encrypted with key %s, "
                        "which is not among what is configured (%s)",
                        named->next, ids);
    return master_key_choose(key, installation_seals(named));
}

/* ---- all of it ---- */

int installation_judge(const redisReply *reply, unsigned partitions, struct master_key *key,
                       struct diag *diag)
{
    struct installation_keys named = {.turn = 0};
    struct span format;
    int64_t there;

    if (!redis_reply_span(redis_reply_at(reply, 0), &format) ||
        !redis_reply_i64(redis_reply_at(reply, 1), &there) ||
        take_keys(&named, redis_reply_at(reply, 2), redis_reply_at(reply, 3)))
        return err_origin(-EPROTO);
    if (!span_equal(format, SPAN(INSTALLATION_FORMAT)))
        return diag_set(diag,
                        "format: the installation in this Redis is of format %.*s, this is %s",
                        (int)MIN(format.len, 20u), format.data, INSTALLATION_FORMAT);
    if (there != partitions)
        return diag_set(diag,
                        "partitions: the installation in this Redis has %lld, configured are %u; "
                        "they cannot change once it has started",
                        (long long)there, partitions);
    return is_set(key) ? judge_keys(&named, key, diag) : 0;
}

static void installation_on_answer(struct redis_request *request, int result, redisReply *reply)
{
    struct installation_check *c = container_of(request, struct installation_check, request);
    struct diag diag = {""};

    if (!result)
        result = redis_reply_result(reply);
    if (!result)
        result = installation_judge(reply, c->partitions, c->key, &diag);
    c->done(c, result, &diag);
}

void installation_check_start(struct installation_check *c, struct redis_client *redis,
                              const struct keys *k, struct master_key *key,
                              void (*done)(struct installation_check *c, int result,
                                           const struct diag *diag),
                              void *arg)
{
    struct redis_command cmd;

    *c = (struct installation_check){
        .done = done, .arg = arg, .partitions = k->partitions, .key = key};
    redis_command_init(&cmd);
    installation_command(&cmd, k, key);
    redis_run(redis, &c->request, &script_install, &cmd, 0, installation_on_answer, NULL);
    redis_command_fini(&cmd);
}
