/* SPDX-License-Identifier: Apache-2.0 */
#include "common/redis/redis_link.h"
#include "common/base/err.h"
#include "common/redis/redis_reply.h"
#include "common/redis/redis_tls.h"
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <unistd.h>

struct redis_link {
    const struct redis_link_ops *ops;
    void *arg;
    SSL_CTX *tls;
    char *tls_host;
    SSL *ssl;            /* owned by @redis; NULL without TLS or before on_open */
    redisContext *redis; /* owns the socket */
    struct redis_arena arena;
    uv_poll_t poll;
    uv_prepare_t flush; /* runs while something is queued, right before the loop sleeps */
    int events;         /* what @poll waits for */
    unsigned n_handles;
    bool is_open, is_closing;
};

static void link_free(struct redis_link *link)
{
    if (link->redis)
        redisFree(link->redis);
    redis_arena_fini(&link->arena);
    free(link);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct redis_link *link = handle->data;
    const struct redis_link_ops *ops = link->ops;
    void *arg = link->arg;

    if (--link->n_handles > 0)
        return;
    /* Only now: a reply of this link may have been in use when it was closed. */
    link_free(link);
    ops->on_closed(arg);
}

void redis_link_close(struct redis_link *link)
{
    assert(!link->is_closing);
    link->is_closing = true;
    uv_close((uv_handle_t *)&link->poll, on_handle_closed);
    uv_close((uv_handle_t *)&link->flush, on_handle_closed);
}

static void redis_link_lose(struct redis_link *link, const char *why)
{
    if (link->is_closing)
        return;
    redis_link_close(link);
    link->ops->on_lost(link->arg, why);
}

/* hiredis has refused to go on. */
static void lose_by_context(struct redis_link *link)
{
    const char *why = link->ssl ? redis_tls_words(link->ssl) : NULL;

    if (!why || link->redis->err == REDIS_ERR_EOF)
        why = link->redis->errstr;
    redis_link_lose(link, *why ? why : "connection failed");
}

static void redis_link_on_poll(uv_poll_t *poll, int status, int events);

static void redis_link_wait_for(struct redis_link *link, int events)
{
    int r;

    if (events == link->events)
        return;
    link->events = events;
    r = uv_poll_start(&link->poll, events, redis_link_on_poll);
    if (r)
        redis_link_lose(link, err_text(r));
}

static void redis_link_flush(struct redis_link *link)
{
    int done = 0;

    ERR_clear_error(); /* what another session left would be taken for this one's */
    if (redisBufferWrite(link->redis, &done) != REDIS_OK) {
        lose_by_context(link);
        return;
    }
    /* A TLS session may have to read before it can write: then a writable socket is no news. */
    if (done || (link->ssl && SSL_want_read(link->ssl)))
        redis_link_wait_for(link, UV_READABLE);
    else
        redis_link_wait_for(link, UV_READABLE | UV_WRITABLE);
}

static void on_flush(uv_prepare_t *prepare)
{
    struct redis_link *link = prepare->data;

    uv_prepare_stop(prepare);
    redis_link_flush(link);
}

static void flush_soon(struct redis_link *link)
{
    (void)uv_prepare_start(&link->flush, on_flush);
}

static void read_replies(struct redis_link *link)
{
    redisReader *reader = link->redis->reader;

    ERR_clear_error();
    if (redisBufferRead(link->redis) != REDIS_OK) {
        lose_by_context(link);
        return;
    }
    while (!link->is_closing) {
        void *reply = NULL;

        if (redisReaderGetReply(reader, &reply) != REDIS_OK) {
            redis_link_lose(link,
                            reader->err == REDIS_ERR_OOM ? "reply too large" : reader->errstr);
            return;
        }
        if (!reply)
            break;
        link->ops->on_reply(link->arg, reply);
    }
    if (link->is_closing)
        return;

    if (reader->len > REDIS_REPLY_BYTES_MAX)
        redis_link_lose(link, "reply too large");
    else if (link->ssl && redis_link_queued(link) > 0)
        flush_soon(link); /* what was read may be what the write waited for */
}

static void redis_link_open_link(struct redis_link *link)
{
    socklen_t len = sizeof(int);
    int error = 0, one = 1, r;
    const char *why;

    if (getsockopt(link->redis->fd, SOL_SOCKET, SO_ERROR, &error, &len))
        error = errno;
    if (error) {
        redis_link_lose(link, err_text(-error));
        return;
    }
    /* A unix socket refuses this, which does no harm. */
    (void)setsockopt(link->redis->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

    if (link->tls) {
        ERR_clear_error();
        r = redis_tls_start(&link->ssl, link->tls, link->tls_host, link->redis, &why);
        if (r) {
            redis_link_lose(link, why);
            return;
        }
    }
    link->is_open = true;
    redis_link_wait_for(link, UV_READABLE);
    if (!link->is_closing)
        link->ops->on_open(link->arg);
}

static void redis_link_on_poll(uv_poll_t *poll, int status, int events)
{
    struct redis_link *link = poll->data;

    /* An error has no event of its own, and libuv stops polling: reading and writing will tell. */
    if (status < 0)
        events = UV_READABLE | UV_WRITABLE;
    if (!link->is_open) {
        redis_link_open_link(link);
    } else {
        if (events & UV_READABLE)
            read_replies(link);
        if (events & UV_WRITABLE && !link->is_closing)
            redis_link_flush(link);
    }
    if (status < 0)
        redis_link_lose(link, err_text(status)); /* if they did not tell after all */
}

int redis_link_write(struct redis_link *link, const char *data, size_t len)
{
    if (redisAppendFormattedCommand(link->redis, data, len) != REDIS_OK)
        return err_origin(-ENOMEM);
    flush_soon(link);
    return 0;
}

size_t redis_link_queued(const struct redis_link *link)
{
    return sdslen(link->redis->obuf);
}

static int connect_socket(int *ret, const struct sockaddr *address, socklen_t len)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), r;

    if (fd < 0)
        return err_origin(-errno);
    if (connect(fd, address, len) && errno != EINPROGRESS) {
        r = -errno;
        (void)close(fd);
        return err_origin(r);
    }
    *ret = fd;
    return 0;
}

/* Takes @fd, also on failure. */
static int wrap_socket(struct redis_link *link, int fd)
{
    redisOptions options = {.type = REDIS_CONN_USERFD, .options = REDIS_OPT_NONBLOCK};

    options.endpoint.fd = fd;
    link->redis = redisConnectWithOptions(&options);
    if (!link->redis) {
        (void)close(fd);
        return err_origin(-ENOMEM);
    }
    if (link->redis->err)
        return err_origin(-ENOMEM);
    redis_arena_attach(&link->arena, link->redis->reader);
    return 0;
}

static int open_handles(struct redis_link *link, struct loop *l)
{
    int r = uv_poll_init_socket(&l->uv, &link->poll, link->redis->fd);

    if (r)
        return err_origin(r);
    (void)uv_prepare_init(&l->uv, &link->flush); /* cannot fail */
    link->poll.data = link;
    link->flush.data = link;
    link->n_handles = 2;
    link->events = UV_WRITABLE;
    (void)uv_poll_start(&link->poll, UV_WRITABLE,
                        redis_link_on_poll); /* fails only with unknown events */
    return 0;
}

int redis_link_new(struct redis_link **ret, struct loop *l, const struct redis_link_options *o)
{
    struct redis_link *link = calloc(1, sizeof(*link));
    int fd = -1, r;

    if (!link)
        return err_origin(-ENOMEM);
    link->ops = o->ops;
    link->arg = o->arg;
    link->tls = o->tls;
    link->tls_host = o->tls_host;

    r = connect_socket(&fd, o->address, o->address_len);
    if (r == 0)
        r = wrap_socket(link, fd);
    if (r == 0)
        r = open_handles(link, l);
    if (r) {
        link_free(link);
        return err_trace(r);
    }
    *ret = link;
    return 0;
}

struct redis_chunk *redis_link_keep_reply(struct redis_link *link)
{
    return redis_arena_give(&link->arena);
}
