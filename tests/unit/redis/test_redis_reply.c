/* SPDX-License-Identifier: Apache-2.0 */
#include "common/redis/redis_client.h"
#include "common/redis/redis_reply.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static redisReader *reader;
static struct redis_arena arena;

static int set_up(void **state)
{
    (void)state;
    reader = redisReaderCreate();
    if (!reader)
        return -1;
    redis_arena_attach(&arena, reader);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    redisReaderFree(reader);
    redis_arena_fini(&arena);
    return 0;
}

/* The reply that @bytes hold; NULL when the reader refuses them or wants more. */
static redisReply *read_reply(struct span bytes)
{
    void *reply = NULL;

    if (redisReaderFeed(reader, bytes.data, bytes.len) != REDIS_OK)
        return NULL;
    return redisReaderGetReply(reader, &reply) == REDIS_OK ? reply : NULL;
}

static void every_type(void **state)
{
    const redisReply *reply = read_reply(
        SPAN("*9\r\n+OK\r\n-ERR no\r\n:-5\r\n$3\r\na\0b\r\n$-1\r\n*-1\r\n*0\r\n,1.5\r\n#t\r\n"));
    struct span s;
    int64_t n;

    (void)state;
    assert_non_null(reply);
    assert_int_equal(reply->elements, 9);
    assert_true(redis_reply_span(redis_reply_at(reply, 0), &s));
    assert_string_equal(s.data, "OK");
    assert_true(redis_reply_is_error(redis_reply_at(reply, 1), "ERR"));
    assert_true(redis_reply_i64(redis_reply_at(reply, 2), &n));
    assert_int_equal(n, -5);
    assert_true(redis_reply_span(redis_reply_at(reply, 3), &s));
    assert_int_equal(s.len, 3);
    assert_memory_equal(s.data, "a\0b", 4);
    assert_int_equal(redis_reply_at(reply, 4)->type, REDIS_REPLY_NIL);
    assert_int_equal(redis_reply_at(reply, 5)->type, REDIS_REPLY_NIL);
    assert_int_equal(redis_reply_at(reply, 6)->elements, 0);
    assert_true(redis_reply_at(reply, 7)->dval == 1.5);
    assert_int_equal(redis_reply_at(reply, 8)->integer, 1);
    assert_null(redis_reply_at(reply, 9));
}

static void access_is_checked(void **state)
{
    const redisReply *reply =
        read_reply(SPAN("*5\r\n:1\r\n$2\r\n42\r\n$2\r\nx2\r\n$0\r\n\r\n*1\r\n:7\r\n"));
    struct span s = SPAN("kept");
    int64_t n = 9;

    (void)state;
    assert_null(redis_reply_at(NULL, 0));
    assert_null(redis_reply_at(redis_reply_at(reply, 0), 0)); /* no array */
    assert_false(redis_reply_span(NULL, &s));
    assert_false(redis_reply_span(redis_reply_at(reply, 0), &s));
    assert_false(redis_reply_span(reply, &s));
    assert_string_equal(s.data, "kept");
    assert_false(redis_reply_i64(NULL, &n));
    assert_false(redis_reply_i64(redis_reply_at(reply, 2), &n));
    assert_false(redis_reply_i64(redis_reply_at(reply, 3), &n));
    assert_false(redis_reply_i64(reply, &n));
    assert_int_equal(n, 9);
    assert_true(redis_reply_i64(redis_reply_at(reply, 1), &n));
    assert_int_equal(n, 42);
    assert_true(redis_reply_i64(redis_reply_at(redis_reply_at(reply, 4), 0), &n));
    assert_int_equal(n, 7);
}

static void errors_to_numbers(void **state)
{
    static const struct {
        const char *line;
        int result;
    } cases[] = {
        {"-LOADING Redis is loading\r\n", -EAGAIN},
        {"-BUSY script\r\n", -EAGAIN},
        {"-BUSYGROUP exists\r\n", -EPROTO}, /* begins alike */
        {"-TRYAGAIN\r\n", -EAGAIN},
        {"-CLUSTERDOWN x\r\n", -EAGAIN},
        {"-MASTERDOWN x\r\n", -EAGAIN},
        {"-READONLY x\r\n", -EROFS},
        {"-OOM x\r\n", -ENOSPC},
        {"-MISCONF x\r\n", -ENOSPC},
        {"-NOGROUP x\r\n", -ENOENT},
        {"-NOAUTH x\r\n", -EACCES},
        {"-WRONGPASS x\r\n", -EACCES},
        {"-NOPERM x\r\n", -EACCES},
        {"-ERR x\r\n", -EPROTO},
        {"-\r\n", -EPROTO},
        {"+OOM\r\n", 0},
        {":0\r\n", 0},
        {"$-1\r\n", 0},
    };

    (void)state;
    assert_int_equal(redis_reply_result(NULL), -EPROTO);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(redis_reply_result(read_reply(span_of(cases[i].line))), cases[i].result);
}

/* One block serves all replies: nothing is freed in between, and a large one does not stay for good. */
static void memory_is_used_again(void **state)
{
    static char large[2 << 20];
    int head = snprintf(large, sizeof(large), "$%zu\r\n", sizeof(large) - 32);

    (void)state;
    assert_non_null(read_reply(SPAN("+a\r\n")));
    for (int i = 0; i < 1000; i++)
        assert_non_null(read_reply(SPAN("*3\r\n:1\r\n$5\r\nhello\r\n*2\r\n+x\r\n+y\r\n")));
    assert_true(arena.total <= 64 << 10);

    memset(large + head, 'x', sizeof(large) - 32);
    memcpy(large + (size_t)head + sizeof(large) - 32, "\r\n", 2);
    assert_non_null(read_reply((struct span){large, (size_t)head + sizeof(large) - 30}));
    assert_true(arena.total > 2 << 20 >> 1);
    assert_non_null(read_reply(SPAN("+a\r\n")));
    assert_true(arena.total <= 64 << 10);
}

static void piece_by_piece(void **state)
{
    static const char text[] = "*2\r\n$5\r\nhello\r\n*2\r\n:1\r\n+yes\r\n";
    const redisReply *reply = NULL;
    struct span s;

    (void)state;
    for (size_t i = 0; i + 1 < sizeof(text); i++) {
        assert_null(reply);
        reply = read_reply((struct span){text + i, 1});
    }
    assert_non_null(reply);
    assert_true(redis_reply_span(redis_reply_at(reply, 0), &s));
    assert_string_equal(s.data, "hello");
    assert_true(redis_reply_span(redis_reply_at(redis_reply_at(reply, 1), 1), &s));
    assert_string_equal(s.data, "yes");
}

static void refused(struct span bytes)
{
    redisReaderFree(reader);
    reader = redisReaderCreate();
    redis_arena_fini(&arena);
    redis_arena_attach(&arena, reader);
    assert_null(read_reply(bytes));
    assert_true(reader->err != 0);
}

static void hostile_replies_are_refused(void **state)
{
    char deep[(REDIS_REPLY_DEPTH_MAX + 1) * 4];
    char wide[64 * 12];

    (void)state;
    refused(SPAN("HTTP/1.1 400 Bad Request\r\n"));
    refused(SPAN("*99999999999\r\n"));
    refused(SPAN("*1048577\r\n"));
    refused(SPAN("$-2\r\n"));
    refused(SPAN(":12x\r\n"));
    for (size_t i = 0; i < sizeof(deep); i += 4)
        memcpy(deep + i, "*1\r\n", 4);
    refused((struct span){deep, sizeof(deep)});
    /* each claims a million elements: 8 MB for 10 bytes */
    for (size_t i = 0; i < sizeof(wide); i += 12)
        memcpy(wide + i, "*001048576\r\n", 12);
    refused((struct span){wide, sizeof(wide)});
    assert_true(arena.total <= REDIS_REPLY_BYTES_MAX);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_type),           T(access_is_checked), T(errors_to_numbers),
        T(memory_is_used_again), T(piece_by_piece),    T(hostile_replies_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
