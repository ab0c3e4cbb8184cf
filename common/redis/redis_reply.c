/* SPDX-License-Identifier: Apache-2.0 */
/* redis_reply.c: making replies (redis_reply.h) and reading them (redis_client.h). */
#include "common/redis/redis_reply.h"
#include "common/base/text.h"
#include "common/redis/redis_client.h"
#include <errno.h>

enum { CHUNK_FIRST = 16 << 10, CHUNK_KEPT_MAX = 512 << 10, ELEMENTS_MAX = 1 << 20 };

struct redis_chunk {
    struct redis_chunk *older;
    size_t size, used;
    _Alignas(16) char data[];
};

/* Keeps the newest chunk, which is the largest, unless it is very large. */
static void arena_clear(struct redis_arena *a)
{
    struct redis_chunk *kept = a->chunk;

    if (!kept)
        return;
    a->chunk = TAKE(kept->older);
    if (kept->size > CHUNK_KEPT_MAX) {
        kept->older = a->chunk;
        a->chunk = kept;
        kept = NULL;
    }
    redis_arena_fini(a);
    if (!kept)
        return;
    kept->used = 0;
    a->chunk = kept;
    a->total = kept->size;
}

void redis_arena_fini(struct redis_arena *a)
{
    while (a->chunk) {
        struct redis_chunk *older = a->chunk->older;

        free(a->chunk);
        a->chunk = older;
    }
    a->total = 0;
}

struct redis_chunk *redis_arena_give(struct redis_arena *a)
{
    a->total = 0;
    return TAKE(a->chunk);
}

void redis_reply_release(struct redis_chunk *kept)
{
    redis_arena_fini(&(struct redis_arena){.chunk = kept});
}

static __attribute__((noinline)) bool add_chunk(struct redis_arena *a, size_t len)
{
    size_t size = a->chunk ? a->chunk->size : CHUNK_FIRST / 2;
    struct redis_chunk *chunk;

    if (len > REDIS_REPLY_BYTES_MAX - a->total)
        return false;
    size = MAX(size * 2, len);
    size = MIN(size, REDIS_REPLY_BYTES_MAX - a->total);
    chunk = malloc(sizeof(*chunk) + size);
    if (!chunk)
        return false;
    *chunk = (struct redis_chunk){.older = a->chunk, .size = size};
    a->chunk = chunk;
    a->total += size;
    return true;
}

static void *arena_take(struct redis_arena *a, size_t len)
{
    void *data;

    if (len > REDIS_REPLY_BYTES_MAX)
        return NULL;
    len = (len + 15) & ~(size_t)15;
    if ((!a->chunk || a->chunk->size - a->chunk->used < len) && !add_chunk(a, len))
        return NULL;
    data = a->chunk->data + a->chunk->used;
    a->chunk->used += len;
    return data;
}

static bool is_too_deep(const redisReadTask *task)
{
    unsigned depth = 1;

    for (; task->parent; task = task->parent) {
        if (++depth > REDIS_REPLY_DEPTH_MAX)
            return true;
    }
    return false;
}

/* A zeroed reply with @extra bytes behind it, put into its parent. */
static redisReply *redis_reply_make(const redisReadTask *task, size_t extra)
{
    struct redis_arena *a = task->privdata;
    redisReply *reply, *parent;

    if (!task->parent)
        arena_clear(a); /* a new reply begins; the one before has been read */
    reply = arena_take(a, sizeof(*reply) + extra);
    if (!reply)
        return NULL;
    *reply = (redisReply){.type = task->type};
    if (task->parent) {
        parent = task->parent->obj;
        parent->element[task->idx] = reply;
    }
    return reply;
}

static void *make_string(const redisReadTask *task, char *text, size_t len)
{
    redisReply *reply;

    if (task->type ==
        REDIS_REPLY_VERB) { /* "txt:" stands before the text; hiredis has checked that */
        text += 4;
        len -= 4;
    }
    reply = redis_reply_make(task, len + 1);
    if (!reply)
        return NULL;
    reply->str = (char *)(reply + 1);
    reply->len = len;
    memcpy(reply->str, text, len);
    reply->str[len] = '\0';
    return reply;
}

static void *make_array(const redisReadTask *task, size_t elements)
{
    redisReply *reply;

    if (is_too_deep(task) || elements > 2 * (size_t)ELEMENTS_MAX)
        return NULL;
    reply = redis_reply_make(task, elements * sizeof(redisReply *));
    if (!reply)
        return NULL;
    reply->elements = elements;
    if (elements > 0) {
        reply->element = (redisReply **)(reply + 1);
        memset(reply->element, 0, elements * sizeof(redisReply *));
    }
    return reply;
}

static void *make_integer(const redisReadTask *task, long long value)
{
    redisReply *reply = redis_reply_make(task, 0);

    if (reply)
        reply->integer = value;
    return reply;
}

static void *make_double(const redisReadTask *task, double value, char *text, size_t len)
{
    redisReply *reply = make_string(task, text, len);

    if (reply)
        reply->dval = value;
    return reply;
}

static void *make_nil(const redisReadTask *task)
{
    redisReply *reply = redis_reply_make(task, 0);

    if (reply)
        reply->type = REDIS_REPLY_NIL; /* the task's type is that of what is missing */
    return reply;
}

static void *make_bool(const redisReadTask *task, int value)
{
    return make_integer(task, value != 0);
}

/* The memory comes back when the next reply begins. */
static void free_nothing(void *reply)
{
    (void)reply;
}

void redis_arena_attach(struct redis_arena *a, redisReader *reader)
{
    static redisReplyObjectFunctions functions = {
        make_string, make_array, make_integer, make_double, make_nil, make_bool, free_nothing,
    };

    *a = (struct redis_arena){0};
    reader->fn = &functions;
    reader->privdata = a;
    reader->maxelements = ELEMENTS_MAX;
}

bool redis_reply_is_error(const redisReply *reply, const char *code)
{
    size_t len = strlen(code);

    return reply && reply->type == REDIS_REPLY_ERROR && reply->len >= len &&
           memcmp(reply->str, code, len) == 0 && (reply->len == len || reply->str[len] == ' ');
}

int redis_reply_result(const redisReply *reply)
{
    static const struct {
        const char *code;
        int result;
    } codes[] = {
        {"LOADING", -EAGAIN},    {"BUSY", -EAGAIN},        {"TRYAGAIN", -EAGAIN},
        {"MASTERDOWN", -EAGAIN}, {"CLUSTERDOWN", -EAGAIN}, {"NOREPLICAS", -EAGAIN},
        {"READONLY", -EROFS},    {"OOM", -ENOSPC},         {"MISCONF", -ENOSPC},
        {"NOGROUP", -ENOENT},    {"NOAUTH", -EACCES},      {"WRONGPASS", -EACCES},
        {"NOPERM", -EACCES},
    };

    if (!reply)
        return -EPROTO;
    if (reply->type != REDIS_REPLY_ERROR)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (redis_reply_is_error(reply, codes[i].code))
            return codes[i].result;
    }
    return -EPROTO;
}

const redisReply *redis_reply_at(const redisReply *array, size_t index)
{
    if (!array || array->type != REDIS_REPLY_ARRAY || index >= array->elements)
        return NULL;
    return array->element[index];
}

bool redis_reply_span(const redisReply *reply, struct span *ret)
{
    if (!reply || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS))
        return false;
    *ret = (struct span){reply->str, reply->len};
    return true;
}

bool redis_reply_i64(const redisReply *reply, int64_t *ret)
{
    struct span text;

    if (reply && reply->type == REDIS_REPLY_INTEGER) {
        *ret = reply->integer;
        return true;
    }
    return redis_reply_span(reply, &text) && parse_i64(text, ret) == 0;
}
