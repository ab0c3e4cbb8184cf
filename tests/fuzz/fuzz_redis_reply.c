/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_redis_reply.c: bytes as Redis sends them, in two parts (the first byte says where they are parted); every reader of
 * replies looks at what comes of them. */
#include "common/model/event.h"
#include "common/moves/installation.h"
#include "common/moves/keys.h"
#include "common/redis/redis_client.h"
#include "common/redis/redis_reply.h"
#include "tests/fuzz/fuzz.h"

static void look(const redisReply *reply, unsigned depth)
{
    struct span text;
    int64_t number;
    struct event event;
    struct diag diag = {""};
    int r;

    MUST(depth <= REDIS_REPLY_DEPTH_MAX + 1); /* and what is in the deepest array */
    if (!reply)
        return;
    if (redis_reply_span(reply, &text))
        MUST(text.data[text.len] == '\0');
    (void)redis_reply_i64(reply, &number);
    (void)redis_reply_is_error(reply, "NOSCRIPT");
    MUST(redis_reply_result(reply) <= 0);
    r = event_parse(&event, reply, 3, &diag);
    MUST(r <= 0);
    if (!r)
        (void)event_judge(&event, 3, 8, 1 << 18, &diag);
    for (size_t i = 0; i < reply->elements; i++)
        look(redis_reply_at(reply, i), depth + 1);
    MUST(!redis_reply_at(reply, reply->elements));
}

static void judge(const redisReply *reply)
{
    struct installation_keys keys;
    struct diag diag = {""};

    (void)installation_judge(reply, 4, NULL, &diag);
    (void)installation_parse_keys(&keys, reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    redisReader *reader = redisReaderCreate();
    struct redis_arena arena;
    void *reply = NULL;
    size_t part = size ? (data[0] * (size - 1)) / 255 : 0;

    MUST(reader);
    redis_arena_attach(&arena, reader);
    for (unsigned i = 0; i < 2 && size; i++) {
        const char *from = (const char *)data + 1 + (i ? part : 0);
        size_t len = i ? size - 1 - part : part;

        if (redisReaderFeed(reader, from, len))
            break;
        while (redisReaderGetReply(reader, &reply) == REDIS_OK && reply) {
            look(reply, 1);
            judge(reply);
            reply = NULL;
        }
    }
    redis_arena_fini(&arena);
    redisReaderFree(reader);
    return 0;
}
