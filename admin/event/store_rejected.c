/* SPDX-License-Identifier: Apache-2.0 */
/* store_rejected.c: merges the partitions' streams. Of each a few entries are held, as they may be as
 * large as events can be. */
#include "admin/event/store_rejected.h"
#include "common/base/text.h"
#include <errno.h>
#include <stdio.h>

enum { PAGE = 4, STREAM_ID_MAX = 48 };

/* One partition's stream, read from its end. */
struct source {
    redisReply *page; /* NULL: nothing (more) */
    size_t at;        /* the next one to tell */
    uint64_t ms, seq; /* its stream id */
};

struct merge {
    struct store *s;
    struct source *sources; /* one for each partition */
};

static int parse_stream_id(struct span id, uint64_t *ret_ms, uint64_t *ret_seq)
{
    const char *dash = memchr(id.data, '-', id.len);

    if (!dash)
        return -EINVAL;
    if (parse_u64((struct span){id.data, (size_t)(dash - id.data)}, ret_ms))
        return -EINVAL;
    return parse_u64((struct span){dash + 1, id.len - (size_t)(dash - id.data) - 1}, ret_seq);
}

/* Looks at the entry that comes next. */
static int peek(struct merge *m, struct source *source)
{
    const redisReply *entry = redis_reply_at(source->page, source->at);
    struct span id;

    if (!redis_reply_span(redis_reply_at(entry, 0), &id) ||
        parse_stream_id(id, &source->ms, &source->seq))
        return store_unexpected(m->s, source->page);
    return 0;
}

static int store_rejected_load(struct merge *m, unsigned partition, const char *before)
{
    struct source *source = &m->sources[partition];
    struct redis_command cmd;
    int r;

    redis_command_init(&cmd);
    redis_arg_text(&cmd, "XREVRANGE");
    redis_arg_key(&cmd, &m->s->keys, partition, KEY_REJECTED, SPAN(""));
    redis_arg_text(&cmd, before);
    redis_arg_text(&cmd, "-");
    redis_arg_text(&cmd, "COUNT");
    redis_arg_i64(&cmd, PAGE);
    freeReplyObject(TAKE(source->page));
    source->at = 0;
    r = store_call(m->s, &cmd, NULL, &source->page);
    redis_command_fini(&cmd);
    if (r)
        return r;
    if (redis_reply_at(source->page, 0))
        return peek(m, source);
    freeReplyObject(TAKE(source->page));
    return 0;
}

/* Goes on behind the entry that was told. */
static int advance(struct merge *m, unsigned partition)
{
    struct source *source = &m->sources[partition];
    char before[STREAM_ID_MAX];

    source->at++;
    if (redis_reply_at(source->page, source->at))
        return peek(m, source);
    (void)snprintf(before, sizeof(before), "(%llu-%llu", (unsigned long long)source->ms,
                   (unsigned long long)source->seq);
    return store_rejected_load(m, partition, before);
}

static bool is_newer(const struct source *a, const struct source *b)
{
    return a->ms != b->ms ? a->ms > b->ms : a->seq > b->seq;
}

/* The partition whose next entry is the newest; NULL: all are told. */
static struct source *newest(const struct merge *m)
{
    struct source *found = NULL;

    for (unsigned p = 0; p < m->s->keys.partitions; p++)
        if (m->sources[p].page && (!found || is_newer(&m->sources[p], found)))
            found = &m->sources[p];
    return found;
}

static int store_rejected_tell(struct merge *m, const struct source *source,
                               store_rejected_fn *each, void *arg)
{
    const redisReply *entry = redis_reply_at(source->page, source->at);
    struct rejected rejected = {.partition = (unsigned)(source - m->sources),
                                .ms = (int64_t)source->ms,
                                .fields = redis_reply_at(entry, 1)};
    const struct {
        struct span name, *value;
    } known[] = {{SPAN("reason"), &rejected.reason},
                 {SPAN("tenant"), &rejected.tenant},
                 {SPAN("type"), &rejected.type}};
    struct span name;

    (void)redis_reply_span(redis_reply_at(entry, 0), &rejected.stream_id);
    for (size_t i = 0; redis_reply_span(redis_reply_at(rejected.fields, i), &name); i += 2)
        for (size_t k = 0; k < ARRAY_LEN(known); k++)
            if (span_equal(name, known[k].name) && !known[k].value->data)
                (void)redis_reply_span(redis_reply_at(rejected.fields, i + 1), known[k].value);
    return each(arg, &rejected);
}

int store_rejected(struct store *s, store_rejected_fn *each, void *arg)
{
    struct merge m = {.s = s};
    struct source *source;
    int r = 0;

    m.sources = calloc(s->keys.partitions, sizeof(*m.sources));
    if (!m.sources)
        return -ENOMEM;
    for (unsigned p = 0; p < s->keys.partitions && !r; p++)
        r = store_rejected_load(&m, p, "+");
    while (!r && (source = newest(&m))) {
        r = store_rejected_tell(&m, source, each, arg);
        if (!r)
            r = advance(&m, (unsigned)(source - m.sources));
    }
    for (unsigned p = 0; p < s->keys.partitions; p++)
        freeReplyObject(m.sources[p].page);
    free(m.sources);
    return r == REJECTED_ENOUGH ? 0 : r;
}
