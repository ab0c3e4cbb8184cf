#include "admin/store/store_room.h"
#include "common/base/buf.h"
#include <openssl/sha.h>

/* A name of bounded length and of no odd characters for whatever a token calls its subject. */
static void add_name(struct redis_command *cmd, struct span tenant, struct span name)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    struct buf text;

    buf_init(&text, 4096);
    buf_add_span(&text, tenant);
    buf_add_char(&text, '/');
    buf_add_span(&text, name);
    (void)SHA256((const uint8_t *)text.data, text.len, digest);
    buf_clear(&text);
    buf_add_hex(&text, digest, 16);
    redis_arg_span(cmd, buf_span(&text));
    buf_fini(&text);
}

int store_room_take(struct store *s, struct span tenant, struct span name, int64_t limit,
                    int64_t *ret_ms)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    int r;

    redis_command_init(&cmd);
    redis_script_begin(&cmd, &script_pace, 1);
    redis_arg_text(&cmd, keys_head(&s->keys, store_partition(s, tenant)));
    add_name(&cmd, tenant, name);
    redis_arg_i64(&cmd, limit);
    r = store_call(s, &cmd, &script_pace, &reply);
    redis_command_fini(&cmd);
    if (!r && !redis_reply_i64(reply, ret_ms))
        r = store_unexpected(s, reply);
    freeReplyObject(reply);
    return r;
}
