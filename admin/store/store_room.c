/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/store/store_room.h"
#include "common/base/buf.h"
#include "common/moves/access.h"
#include <openssl/sha.h>

/* A name of bounded length and of no odd characters for whatever a token calls its subject. */
static void store_room_make_name(struct buf *ret, struct span tenant, struct span name)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    struct buf text;

    buf_init(&text, 4096);
    buf_add_span(&text, tenant);
    buf_add_char(&text, '/');
    buf_add_span(&text, name);
    (void)SHA256((const uint8_t *)text.data, text.len, digest);
    buf_fini(&text);
    buf_add_hex(ret, digest, 16);
}

int store_room_take(struct store *s, struct span tenant, struct span name, int64_t limit,
                    int64_t *ret_ms)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    struct buf digest;
    int r;

    buf_init(&digest, 64);
    store_room_make_name(&digest, tenant, name);
    redis_command_init(&cmd);
    move_pace_begin(&cmd, store_head(s, tenant), buf_span(&digest), limit);
    buf_fini(&digest);
    r = store_call(s, &cmd, &script_pace, &reply);
    redis_command_fini(&cmd);
    if (!r && move_number(reply, ret_ms))
        r = store_unexpected(s, reply);
    freeReplyObject(reply);
    return r;
}
