/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/curl/curl_bridge.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* A descriptor that curl waits for.
 *
 * curl asks for a socket's events with each request and takes the wish back at its end. We leave
 * the poll as it is then: the next request on the connection finds it already there, and no
 * epoll_ctl is paid. Should an idle connection have news, they are not wanted, and the poll stops.
 */
struct curl_socket {
    uv_poll_t poll;
    struct curl_bridge *bridge;
    struct curl_shard *shard; /* may be gone when the socket is closing */
    curl_socket_t fd;
    int wish;    /* UV_READABLE | UV_WRITABLE as curl wants it now */
    int watched; /* what the poll waits for; may be more than the wish */
    bool has_poll;
    bool is_kept; /* a connection that stands */
};

static void on_socket_closed(uv_handle_t *handle);

/* ---- the table of sockets ---- */

static struct curl_socket *curl_bridge_find(const struct curl_bridge *b, curl_socket_t fd)
{
    return (size_t)fd < b->n_sockets ? b->sockets[fd] : NULL;
}

static int curl_bridge_make_room(struct curl_bridge *b, curl_socket_t fd)
{
    size_t n = MAX(b->n_sockets * 2, (size_t)fd + 64);
    struct curl_socket **sockets;

    if ((size_t)fd < b->n_sockets)
        return 0;
    sockets = realloc(b->sockets, n * sizeof(*sockets));
    if (!sockets)
        return err_origin(-ENOMEM);
    memset(sockets + b->n_sockets, 0, (n - b->n_sockets) * sizeof(*sockets));
    b->sockets = sockets;
    b->n_sockets = n;
    return 0;
}

static void curl_bridge_forget(struct curl_socket *s)
{
    struct curl_bridge *b = s->bridge;

    b->sockets[s->fd] = NULL;
    if (!s->has_poll) {
        free(s);
        return;
    }
    /* Out of epoll at once, so that the descriptor may be closed now. */
    b->n_open++;
    uv_close((uv_handle_t *)&s->poll, on_socket_closed);
}

static struct curl_socket *remember(struct curl_shard *shard, curl_socket_t fd)
{
    struct curl_socket *s = curl_bridge_find(shard->bridge, fd);

    if (s) /* closed without a word to us, and its number given out again */
        curl_bridge_forget(s);
    if (curl_bridge_make_room(shard->bridge, fd))
        return NULL;
    s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->bridge = shard->bridge;
    s->shard = shard;
    s->fd = fd;
    shard->bridge->sockets[fd] = s;
    return s;
}

/* ---- news for curl ---- */

/* Hands out all that has ended. After every action, as a transfer may end by the clock too. */
static void curl_bridge_drain(struct curl_shard *s)
{
    struct curl_bridge *b = s->bridge;
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(s->multi, &left))) {
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;

        b->ended(b->arg, easy, code); /* @message is gone */
    }
}

static void act(struct curl_shard *s, curl_socket_t fd, int events)
{
    int running;

    (void)curl_multi_socket_action(s->multi, fd, events, &running);
    curl_bridge_drain(s);
}

static void on_kick(void *arg)
{
    struct curl_bridge *b = arg;
    struct list now;
    struct list *node;

    list_init(&now);
    list_move_all(&now, &b->kicked);
    while ((node = list_pop(&now)))
        act(list_entry(node, struct curl_shard, kicked), CURL_SOCKET_TIMEOUT, 0);
}

static void timer_arm(struct curl_shard *s)
{
    int64_t now = (int64_t)uv_now(&s->bridge->loop->uv);

    s->timer_ms = s->due_ms;
    timer_start(&s->timer, s->due_ms - now);
}

static void end_own(struct curl_shard *s);

static void curl_bridge_on_timer(void *arg)
{
    struct curl_shard *s = arg;

    s->timer_ms = INT64_MAX;
    if (s->is_ending) {
        end_own(s);
        return;
    }
    if (s->due_ms == INT64_MAX)
        return;
    if (s->due_ms > (int64_t)uv_now(&s->bridge->loop->uv)) {
        timer_arm(s); /* curl moved its wish to later, and we let the timer run */
        return;
    }
    s->due_ms = INT64_MAX;
    act(s, CURL_SOCKET_TIMEOUT, 0);
}

static void watch(struct curl_socket *s, int events);

static void curl_bridge_on_poll(uv_poll_t *poll, int status, int events)
{
    struct curl_socket *s = container_of(poll, struct curl_socket, poll);
    int mask = 0;

    if (!s->wish) {
        watch(s, 0);
        return;
    }
    if (status < 0) { /* libuv has stopped the poll */
        s->watched = 0;
        mask = CURL_CSELECT_ERR;
        events = UV_READABLE | UV_WRITABLE;
    }
    if (events & UV_READABLE)
        mask |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        mask |= CURL_CSELECT_OUT;
    act(s->shard, s->fd, mask);
    /* Careful: @s may be closing; its memory stays until the close callback. */
    if (!uv_is_closing((uv_handle_t *)poll) && s->wish && !s->watched)
        watch(s, s->wish);
}

static void watch(struct curl_socket *s, int events)
{
    int r;

    if (events == s->watched)
        return;
    if (!s->has_poll) {
        r = uv_poll_init_socket(&s->bridge->loop->uv, &s->poll, s->fd);
        if (r) { /* out of memory or of epoll's watches: the call ends by its deadline */
            log_warn("cannot watch a socket", LOG_ERR(r));
            return;
        }
        s->has_poll = true;
    }
    if (events)
        (void)uv_poll_start(&s->poll, events, curl_bridge_on_poll);
    else
        (void)uv_poll_stop(&s->poll);
    s->watched = events;
}

/* ---- curl's wishes; from inside curl ---- */

static int on_socket_wish(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct curl_shard *shard = arg;
    struct curl_socket *s = curl_bridge_find(shard->bridge, fd);

    (void)easy;
    (void)socket_arg;
    if (s && s->shard != shard) { /* closed in silence by another shard */
        curl_bridge_forget(s);
        s = NULL;
    }
    if (what == CURL_POLL_REMOVE) {
        if (s && s->is_kept)
            s->wish = 0; /* and go on watching, see above */
        else if (s)
            curl_bridge_forget(s);
        return 0;
    }
    if (!s)
        s = remember(shard, fd);
    if (!s)
        return -1;
    s->wish = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    watch(s, s->wish);
    return 0;
}

static int on_timer_wish(CURLM *multi, long timeout_ms, void *arg)
{
    struct curl_shard *s = arg;
    struct curl_bridge *b = s->bridge;

    (void)multi;
    if (s->is_ending)
        return 0;
    if (timeout_ms == 0) {
        list_remove(&s->kicked);
        list_push_back(&b->kicked, &s->kicked);
        loop_defer(b->loop, &b->kick);
        return 0;
    }
    list_remove(&s->kicked); /* what it was kicked for has been done meanwhile */
    s->due_ms = timeout_ms < 0 ? INT64_MAX : (int64_t)uv_now(&b->loop->uv) + timeout_ms;
    /* Never moved to later: most of the time it would be moved with each request. */
    if (s->due_ms < s->timer_ms)
        timer_arm(s);
    return 0;
}

curl_socket_t curl_shard_open_socket(struct curl_shard *s, const struct curl_sockaddr *address)
{
    int type = address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK;
    int fd = socket(address->family, type, address->protocol);

    if (fd < 0)
        return CURL_SOCKET_BAD;
    if (!remember(s, fd)) {
        close(fd);
        errno = ENOMEM;
        return CURL_SOCKET_BAD;
    }
    return fd;
}

void curl_shard_keep_socket(struct curl_shard *shard, curl_socket_t fd, int local_port)
{
    struct curl_socket *s = curl_bridge_find(shard->bridge, fd);
    union {
        struct sockaddr any;
        struct sockaddr_in in4;
        struct sockaddr_in6 in6;
    } own = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t len = sizeof(own);
    uint16_t port;

    if (!s || s->shard != shard || getsockname(fd, &own.any, &len))
        return;
    port = own.any.sa_family == AF_INET6 ? own.in6.sin6_port : own.in4.sin_port;
    s->is_kept = ntohs(port) == local_port;
}

int curl_bridge_close_socket(void *bridge, curl_socket_t fd)
{
    struct curl_socket *s = curl_bridge_find(bridge, fd);

    if (s)
        curl_bridge_forget(s);
    return close(fd);
}

/* ---- life ---- */

static void count_closed(struct curl_bridge *b)
{
    if (--b->n_open || !b->on_closed)
        return;
    free(b->sockets);
    b->sockets = NULL;
    b->on_closed(b->on_closed_arg);
}

static void on_socket_closed(uv_handle_t *handle)
{
    struct curl_socket *s = container_of((uv_poll_t *)handle, struct curl_socket, poll);
    struct curl_bridge *b = s->bridge;

    free(s);
    count_closed(b);
}

static void curl_bridge_on_timer_closed(void *arg)
{
    struct curl_shard *s = arg;

    count_closed(s->bridge);
}

static int shard_init(struct curl_shard *s, struct curl_bridge *b, unsigned connections_max)
{
    long limit = (long)(connections_max + CURL_SHARDS / 2 - 1) / (CURL_SHARDS / 2);

    s->bridge = b;
    s->timer_ms = s->due_ms = INT64_MAX;
    list_init(&s->kicked);
    s->multi = curl_multi_init();
    if (!s->multi)
        return err_origin(-ENOMEM);
    if (curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wish) ||
        curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s) ||
        curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, on_timer_wish) ||
        curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s) ||
        curl_multi_setopt(s->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) ||
        curl_multi_setopt(s->multi, CURLMOPT_MAXCONNECTS, MAX(limit, 4L)))
        return err_origin(-EINVAL);
    return 0;
}

int curl_bridge_init(struct curl_bridge *b, struct loop *l, unsigned n_shards,
                     unsigned connections_max, curl_ended_fn *ended, void *arg)
{
    int r = 0;

    *b = (struct curl_bridge){.loop = l, .n_shards = n_shards, .ended = ended, .arg = arg};
    list_init(&b->kicked);
    defer_init(&b->kick, on_kick, b);
    for (unsigned i = 0; i < b->n_shards && !r; i++)
        r = shard_init(&b->shards[i], b, connections_max);
    if (r) {
        for (unsigned i = 0; i < b->n_shards; i++)
            curl_multi_cleanup(b->shards[i].multi);
        return err_trace(r);
    }
    /* Only now, so that what failed above has no handle to close. */
    for (unsigned i = 0; i < b->n_shards; i++) {
        (void)timer_init(&b->shards[i].timer, l, curl_bridge_on_timer, &b->shards[i]);
        b->n_open++;
    }
    return 0;
}

void curl_bridge_close(struct curl_bridge *b, defer_fn *on_closed, void *arg)
{
    b->on_closed = on_closed;
    b->on_closed_arg = arg;
    for (unsigned i = 0; i < b->n_shards; i++) {
        struct curl_shard *s = &b->shards[i];

        curl_multi_cleanup(s->multi); /* closes the idle connections, hence their sockets */
        list_remove(&s->kicked);
        timer_close(&s->timer, curl_bridge_on_timer_closed);
    }
    defer_cancel(&b->kick);
    for (size_t i = 0; i < b->n_sockets; i++)
        if (b->sockets[i]) /* closed in silence */
            curl_bridge_forget(b->sockets[i]);
}

static void on_own_closed(void *arg)
{
    struct curl_shard *s = arg;
    struct curl_bridge *b = s->bridge;

    free(s);
    count_closed(b);
}

static void end_own(struct curl_shard *s)
{
    curl_multi_cleanup(s->multi);
    list_remove(&s->kicked);
    timer_close(&s->timer, on_own_closed);
}

int curl_shard_new(struct curl_shard **ret, struct curl_bridge *b)
{
    struct curl_shard *s = calloc(1, sizeof(*s));
    int r = s ? shard_init(s, b, 1) : err_origin(-ENOMEM);

    if (r) {
        if (s)
            curl_multi_cleanup(s->multi);
        free(s);
        return r;
    }
    (void)timer_init(&s->timer, b->loop, curl_bridge_on_timer, s);
    b->n_open++;
    *ret = s;
    return 0;
}

/* Not at once: this may be called from inside curl_bridge_drain(). */
void curl_shard_free(struct curl_shard *s)
{
    s->is_ending = true;
    timer_start(&s->timer, 0);
}

int curl_shard_add(struct curl_shard *s, CURL *easy)
{
    return curl_multi_add_handle(s->multi, easy) ? err_origin(-ENOMEM) : 0;
}

void curl_shard_remove(struct curl_shard *s, CURL *easy)
{
    (void)curl_multi_remove_handle(s->multi, easy);
}
