/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manage/delivery_watch.h"
#include <errno.h>
#include <stdio.h>
#include <time.h>

enum {
    RECORD_BYTES_MAX = 256 << 20,
    FOLLOWED_MAX = 10000, /* pending deliveries of a tenant */
    PAGE = 250,
};

static void delivery_watch_rest(int64_t ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)nanosleep(&t, NULL);
}

int delivery_watch_feed(struct delivery_watch *w, struct span bytes, delivery_entry_fn *each,
                        void *arg)
{
    struct record_reader *reader;
    struct record_entry e;
    int r = record_open(&reader, bytes);

    if (r)
        return r;
    while (!(r = record_next(reader, &e))) {
        w->is_final = e.kind == RECORD_FINAL;
        r = each(arg, w->id, &e);
        if (r)
            break;
    }
    (void)record_close(reader);
    w->offset += bytes.len;
    return r == RECORD_END ? 0 : r;
}

/* --- one -------------------------------------------------------------------------------------- */

static int read_more(struct store *s, struct delivery_watch *w, delivery_entry_fn *each, void *arg)
{
    struct buf bytes;
    int r;

    buf_init(&bytes, RECORD_BYTES_MAX);
    r = store_delivery_read(s, span_of(w->id), w->offset, &bytes);
    r = r ? r : delivery_watch_feed(w, buf_span(&bytes), each, arg);
    if (r == -EBADMSG)
        (void)diag_set(&s->words, "the record of delivery %s cannot be read", w->id);
    buf_fini(&bytes);
    return r;
}

int delivery_watch_all(struct store *s, const char *id, delivery_entry_fn *each, void *arg)
{
    struct delivery_watch w = {.offset = 0};
    size_t length = 0;
    int r = 0;

    if (strlen(id) >= sizeof(w.id))
        return STORE_MISSING;
    memcpy(w.id, id, strlen(id));
    while (!r && !w.is_final) {
        if (w.offset)
            delivery_watch_rest(DELIVERY_POLL_MS);
        r = store_delivery_length(s, span_of(id), &length);
        if (!r && length <= w.offset)
            r = length < w.offset || !length ? STORE_MISSING : 0;
        else if (!r)
            r = read_more(s, &w, each, arg);
    }
    return r;
}

/* --- a tenant's ------------------------------------------------------------------------------- */

struct follow {
    struct store *s;
    struct span tenant;
    unsigned partition;
    int64_t from_ms; /* deliveries that were made from here on are new */
    delivery_entry_fn *each;
    void *arg;
    struct delivery_watch *pending; /* FOLLOWED_MAX of them */
    size_t n;
    bool has_warned;
    struct store_item items[PAGE];
};

static int begin_following(struct follow *f, struct span id)
{
    struct delivery_watch *w = &f->pending[f->n];

    if (id.len >= sizeof(w->id))
        return store_unexpected(f->s, NULL);
    if (f->n == FOLLOWED_MAX) {
        if (!f->has_warned)
            (void)fprintf(stderr, "more than %d deliveries are pending: not all are followed\n",
                          FOLLOWED_MAX);
        f->has_warned = true;
        return 0;
    }
    *w = (struct delivery_watch){.offset = 0};
    memcpy(w->id, id.data, id.len);
    f->n++;
    return 0;
}

static int ask_new(struct follow *f, int64_t to_ms, int64_t offset, redisReply **ret)
{
    struct redis_command cmd;
    int r;

    redis_command_init(&cmd);
    redis_arg_text(&cmd, "ZRANGEBYSCORE");
    redis_arg_key(&cmd, &f->s->keys, f->partition, KEY_INDEX, f->tenant);
    redis_arg_i64(&cmd, f->from_ms);
    redis_arg_i64(&cmd, to_ms);
    redis_arg_text(&cmd, "LIMIT");
    redis_arg_i64(&cmd, offset);
    redis_arg_i64(&cmd, PAGE);
    r = store_call(f->s, &cmd, NULL, ret);
    redis_command_fini(&cmd);
    return r;
}

/* Those made since the last look, up to the millisecond before this one: of that, more may come. */
static int find_new(struct follow *f)
{
    int64_t now_ms, offset = 0;
    bool has_more = true;
    struct span id;
    int r = store_now_ms(f->s, &now_ms);

    while (!r && has_more && now_ms > f->from_ms) {
        redisReply *reply = NULL;

        r = ask_new(f, now_ms - 1, offset, &reply);
        for (size_t i = 0; !r && redis_reply_span(redis_reply_at(reply, i), &id); i++)
            r = begin_following(f, id);
        has_more = !r && reply->elements == PAGE;
        offset += PAGE;
        freeReplyObject(reply);
    }
    if (!r)
        f->from_ms = MAX(f->from_ms, now_ms);
    return r;
}

static int tell_news(struct follow *f, struct delivery_watch *w, const redisReply *reply)
{
    struct span bytes;

    if (!redis_reply_span(reply, &bytes))
        return store_unexpected(f->s, reply);
    return bytes.len ? delivery_watch_feed(w, bytes, f->each, f->arg) : 0;
}

static int look_at_page(struct follow *f, struct delivery_watch *page, size_t n)
{
    int r;

    for (size_t i = 0; i < n; i++) {
        redis_arg_text(&f->items[i].command, "GETRANGE");
        redis_arg_key(&f->items[i].command, &f->s->keys, f->partition, KEY_DELIVERY,
                      span_of(page[i].id));
        redis_arg_i64(&f->items[i].command, (int64_t)page[i].offset);
        redis_arg_i64(&f->items[i].command, -1);
    }
    r = store_call_all(f->s, f->items, n);
    for (size_t i = 0; i < n && !r; i++)
        r = tell_news(f, &page[i], f->items[i].reply);
    store_items_clear(f->items, n);
    return r;
}

static int delivery_watch_look(struct follow *f)
{
    size_t kept = 0;
    int r = find_new(f);

    for (size_t i = 0; i < f->n && !r; i += PAGE)
        r = look_at_page(f, f->pending + i, MIN(f->n - i, (size_t)PAGE));
    for (size_t i = 0; i < f->n; i++)
        if (!f->pending[i].is_final)
            f->pending[kept++] = f->pending[i];
    f->n = kept;
    return r;
}

/* The more there is to look at, the more seldom. */
static int64_t pause_ms(const struct follow *f)
{
    return DELIVERY_POLL_MS + (int64_t)f->n / 10;
}

int delivery_watch_tenant(struct store *s, struct span tenant, delivery_entry_fn *each, void *arg)
{
    struct follow *f = calloc(1, sizeof(*f));
    int r;

    if (!f)
        return -ENOMEM;
    *f = (struct follow){.s = s,
                         .tenant = tenant,
                         .partition = store_partition(s, tenant),
                         .each = each,
                         .arg = arg};
    store_items_init(f->items, PAGE);
    f->pending = calloc(FOLLOWED_MAX, sizeof(*f->pending));
    r = f->pending ? store_now_ms(s, &f->from_ms) : -ENOMEM;
    while (!r) {
        r = delivery_watch_look(f);
        if (!r)
            delivery_watch_rest(pause_ms(f));
    }
    store_items_fini(f->items, PAGE);
    free(f->pending);
    free(f);
    return r;
}
