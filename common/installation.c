#include "common/installation.h"

#include "common/err.h"
#include "common/scripts.h"
#include <errno.h>
#include <stdio.h>

void installation_key_id(char ret[9], const struct master_key *key)
{
    ret[0] = '\0';
    if (key && key->is_set)
        (void)snprintf(ret, 9, "%02x%02x%02x%02x", key->id[0], key->id[1], key->id[2], key->id[3]);
}

void installation_command(struct redis_command *cmd, const struct keys *k, const char *key_id)
{
    redis_script_begin(cmd, &script_install, 1);
    redis_arg_text(cmd, k->meta);
    redis_arg_text(cmd, INSTALLATION_FORMAT);
    redis_arg_i64(cmd, k->partitions);
    redis_arg_text(cmd, key_id);
}

int installation_judge(const redisReply *reply, unsigned partitions, const char *key_id,
                       struct diag *diag)
{
    struct span format, key;
    int64_t there;

    if (!redis_reply_span(redis_reply_at(reply, 0), &format) ||
        !redis_reply_i64(redis_reply_at(reply, 1), &there) ||
        !redis_reply_span(redis_reply_at(reply, 2), &key))
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
    if (key_id[0] && !span_equal(key, span_of(key_id)))
        return diag_set(diag, "master_key: the secrets in this Redis were encrypted with another "
                              "key than the one configured");
    return 0;
}

static void on_answer(struct redis_request *request, int result, redisReply *reply)
{
    struct installation_check *c = container_of(request, struct installation_check, request);
    struct diag diag = {""};

    if (!result)
        result = redis_reply_result(reply);
    if (!result)
        result = installation_judge(reply, c->partitions, c->key_id, &diag);
    c->done(c, result, &diag);
}

void installation_check_start(struct installation_check *c, struct redis_client *redis,
                              const struct keys *k, const struct master_key *key,
                              void (*done)(struct installation_check *c, int result,
                                           const struct diag *diag),
                              void *arg)
{
    struct redis_command cmd;

    *c = (struct installation_check){.done = done, .arg = arg, .partitions = k->partitions};
    installation_key_id(c->key_id, key);
    redis_command_init(&cmd);
    installation_command(&cmd, k, c->key_id);
    redis_run(redis, &c->request, &script_install, &cmd, 0, on_answer, NULL);
    redis_command_fini(&cmd);
}
