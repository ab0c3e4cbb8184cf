/* SPDX-License-Identifier: Apache-2.0 */
/* http_server.c: see http_server.h.
 *
 * libmicrohttpd has an epoll descriptor of its own, which the loop watches; each time that it is ready, or a
 * timeout of its is over, MHD_run() does all that can be done. An exchange that is not answered at once
 * suspends its connection, and its answer resumes it.
 *
 *   connection   WAITING ──head──► RECEIVING ──body──► HELD ──answer──► SENDING ──taken──► WAITING
 *
 * All but HELD, whose time is its handler's, have a deadline, which is kept here: libmicrohttpd's own starts
 * anew with each byte. Each is a list of connections, the earliest deadline first. */
#include "common/runtime/http_server.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/runtime/http_exchange.h"
#include "common/runtime/http_listen.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HEAD_BYTES_MAX = 16 << 10, /* also what a connection costs */
    SWEEP_MS = 500,
};

struct connection {
    struct list link; /* of the list of its state; alone while HELD */
    struct MHD_Connection *mhd;
    int64_t deadline_ms; /* mono */
    bool is_shut;
    char peer[INET6_ADDRSTRLEN];
};

struct http_server {
    struct http_server_options options;
    struct loop *loop;
    struct MHD_Daemon *daemon;
    int listen_fd;
    unsigned port;
    uv_poll_t poll;
    struct timer timer; /* libmicrohttpd's next timeout */
    struct timer sweep; /* ours */
    struct defer run;   /* there is something to do without any descriptor being ready */
    struct defer end;   /* of http_server_close() */
    struct list waiting, receiving, sending;
    struct list pending; /* exchanges */
    unsigned n_pending, n_connections, n_closing;
    bool is_stopped, is_closing;
    defer_fn *on_closed;
    void *closed_arg;
};

/* ---- running libmicrohttpd ---- */

static void http_server_run(void *arg)
{
    struct http_server *s = arg;
    MHD_UNSIGNED_LONG_LONG timeout_ms;

    (void)MHD_run(s->daemon);
    if (MHD_get_timeout(s->daemon, &timeout_ms) == MHD_YES)
        timer_start(&s->timer, (int64_t)MIN(timeout_ms, 60000U));
    else
        timer_stop(&s->timer);
}

static void http_server_on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    http_server_run(poll->data);
}

/* ---- connections ---- */

static void await(struct http_server *s, struct connection *c, struct list *where)
{
    list_remove(&c->link);
    c->deadline_ms = clock_mono_ms() + s->options.receive_ms;
    list_push_back(where, &c->link);
}

/* libmicrohttpd sees that the socket has ended, and lets go of it. */
static void shut(struct connection *c)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

    list_remove(&c->link);
    c->is_shut = true;
    if (info)
        (void)shutdown(info->connect_fd, SHUT_RDWR);
}

static bool shut_first(struct list *connections)
{
    if (list_is_empty(connections))
        return false;
    shut(container_of(connections->next, struct connection, link));
    return true;
}

static void shut_late(struct list *connections)
{
    int64_t now_ms = clock_mono_ms();

    while (!list_is_empty(connections) &&
           container_of(connections->next, struct connection, link)->deadline_ms <= now_ms)
        (void)shut_first(connections);
}

static void on_sweep(void *arg)
{
    struct http_server *s = arg;

    shut_late(&s->waiting);
    shut_late(&s->receiving);
    shut_late(&s->sending);
    timer_start(&s->sweep, SWEEP_MS);
}

/* An IPv4 client of an IPv6 socket is called by its IPv4 address. */
static void write_peer(struct connection *c)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;

    if (address && address->sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &v4->sin_addr, c->peer, sizeof(c->peer));
    else if (address && address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        (void)inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], c->peer, sizeof(c->peer));
    else if (address && address->sa_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &v6->sin6_addr, c->peer, sizeof(c->peer));
}

static void open_connection(struct http_server *s, struct MHD_Connection *mhd, void **context)
{
    struct connection *c = calloc(1, sizeof(*c));
    bool is_full = ++s->n_connections >= s->options.connections_max;

    *context = c;
    if (!c)
        return; /* its first request is refused */
    c->mhd = mhd;
    list_init(&c->link);
    write_peer(c);
    if (is_full && !shut_first(&s->waiting))
        (void)shut_first(&s->receiving);
    await(s, c, &s->waiting);
}

/* When all connections were taken, libmicrohttpd listens again only with its next run. */
static void close_connection(struct http_server *s, struct connection *c)
{
    if (s->n_connections-- >= s->options.connections_max && !s->is_closing)
        loop_defer(s->loop, &s->run);
    if (!c)
        return;
    list_remove(&c->link);
    free(c);
}

static void on_connection(void *arg, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_CLOSED)
        close_connection(arg, *context);
    else
        open_connection(arg, mhd, context);
}

static struct connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

/* ---- exchanges ---- */

static enum MHD_Result queue(struct http_server *s, struct http_exchange *x)
{
    if (!x->response)
        return MHD_NO; /* no memory to say anything with */
    await(s, connection_of(x->mhd), &s->sending);
    return MHD_queue_response(x->mhd, x->status, x->response);
}

static enum MHD_Result http_server_refuse(struct http_server *s, struct http_exchange *x)
{
    http_exchange_fill_refusal(x);
    return queue(s, x);
}

/* To whom it may concern; answered on the spot, or suspended until it is. */
static enum MHD_Result hand_over(struct http_server *s, struct http_exchange *x)
{
    struct MHD_Connection *mhd = x->mhd;

    if (s->is_closing)
        return MHD_NO;
    list_remove(&connection_of(mhd)->link);
    x->is_held = true;
    list_push_back(&s->pending, &x->link);
    s->n_pending++;
    s->options.handle(s->options.arg, x);
    if (x->is_answered)
        return queue(s, x);
    x->is_suspended = true;
    MHD_suspend_connection(mhd);
    return MHD_YES;
}

/* The head has come. */
static enum MHD_Result http_server_begin(struct http_server *s, struct http_exchange *x,
                                         struct MHD_Connection *mhd, const char *method)
{
    struct connection *c = connection_of(mhd);

    if (!c)
        return MHD_NO;
    http_exchange_take_head(x, mhd, method, c->peer);
    http_exchange_expect_body(x, s->options.body_max(s->options.arg, x));
    await(s, c, &s->receiving);
    return http_exchange_is_hopeless(x) ? http_server_refuse(s, x) : MHD_YES;
}

static enum MHD_Result http_server_on_request(void *arg, struct MHD_Connection *mhd,
                                              const char *path, const char *method,
                                              const char *version, const char *data, size_t *len,
                                              void **context)
{
    struct http_server *s = arg;
    struct http_exchange *x = *context;

    (void)version, (void)path; /* which is decoded; see http_server_on_uri() */
    if (!x)
        return MHD_NO;
    if (!x->has_head)
        return http_server_begin(s, x, mhd, method);
    if (*len) {
        bool is_bearable = http_exchange_add_body(x, data, *len);

        *len = 0;
        return is_bearable ? MHD_YES : MHD_NO;
    }
    if (x->is_answered)
        return queue(s, x);
    if (x->response)
        return MHD_YES; /* refused already */
    return x->is_too_large ? http_server_refuse(s, x) : hand_over(s, x);
}

/* The request line has come. */
static void *http_server_on_uri(void *arg, const char *uri, struct MHD_Connection *mhd)
{
    (void)mhd;
    return http_exchange_new(arg, uri);
}

static void http_server_on_completed(void *arg, struct MHD_Connection *mhd, void **context,
                                     enum MHD_RequestTerminationCode code)
{
    struct http_server *s = arg;
    struct http_exchange *x = *context;
    struct connection *c = connection_of(mhd);

    (void)code;
    if (c && !c->is_shut)
        await(s, c, &s->waiting);
    if (!x)
        return;
    *context = NULL;
    http_exchange_part(x);
    if (!x->is_held)
        http_exchange_free(x);
}

static void resume(struct http_exchange *x)
{
    x->is_suspended = false;
    MHD_resume_connection(x->mhd);
}

void http_exchange_answer(struct http_exchange *x, const struct http_answer *a)
{
    struct http_server *s = x->server;

    x->is_held = false;
    list_remove(&x->link);
    if (s)
        s->n_pending--;
    if (!s || !x->mhd) { /* without a server there is no connection either */
        http_exchange_free(x);
        return;
    }
    http_exchange_fill(x, a, s->is_stopped);
    x->is_answered = true;
    if (!x->is_suspended)
        return; /* hand_over() goes on with it */
    resume(x);
    loop_defer(s->loop, &s->run); /* its descriptor does not become ready by that */
}

/* ---- starting ---- */

static struct MHD_Daemon *start_daemon(struct http_server *s)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                            http_server_on_request, s, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                            MHD_OPTION_LISTEN_SOCKET, s->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
                            s->options.connections_max, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t)HEAD_BYTES_MAX, MHD_OPTION_URI_LOG_CALLBACK, http_server_on_uri,
                            s, MHD_OPTION_NOTIFY_COMPLETED, http_server_on_completed, s,
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_END);
}

/* On failure the socket is closed. */
static int http_server_start(struct http_server *s)
{
    const union MHD_DaemonInfo *info;
    int r;

    s->daemon = start_daemon(s);
    if (!s->daemon) {
        (void)close(s->listen_fd);
        return err_origin(-ENOMEM);
    }
    info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    r = info ? uv_poll_init(&s->loop->uv, &s->poll, info->epoll_fd) : -EINVAL;
    if (r) {
        MHD_stop_daemon(s->daemon); /* closes it */
        return err_origin(r);
    }
    s->poll.data = s;
    (void)timer_init(&s->timer, s->loop, http_server_run, s);
    (void)timer_init(&s->sweep, s->loop, on_sweep, s);
    (void)uv_poll_start(&s->poll, UV_READABLE, http_server_on_poll);
    timer_start(&s->sweep, SWEEP_MS);
    return 0;
}

static void end(void *arg);

int http_server_new(struct http_server **ret, struct loop *l, const struct http_server_options *o,
                    struct diag *diag)
{
    struct http_server *s = calloc(1, sizeof(*s));
    int r;

    if (!s)
        return err_origin(-ENOMEM);
    s->options = *o;
    s->loop = l;
    list_init(&s->waiting);
    list_init(&s->receiving);
    list_init(&s->sending);
    list_init(&s->pending);
    defer_init(&s->run, http_server_run, s);
    defer_init(&s->end, end, s);
    s->listen_fd = http_listen(o->listen, diag);
    r = s->listen_fd < 0 ? s->listen_fd : http_server_start(s);
    if (r) {
        free(s);
        return r;
    }
    s->port = http_listen_port(s->listen_fd);
    *ret = s;
    return 0;
}

unsigned http_server_port(const struct http_server *s)
{
    return s->port;
}

unsigned http_server_pending(const struct http_server *s)
{
    return s->n_pending;
}

/* ---- ending ---- */

void http_server_stop(struct http_server *s)
{
    if (s->is_stopped)
        return;
    s->is_stopped = true;
    (void)MHD_quiesce_daemon(s->daemon); /* the socket is ours again */
    (void)close(s->listen_fd);
    loop_defer(s->loop, &s->run);
}

/* Who holds it is still to give it back; nobody will hear the answer. */
static void http_server_let_go(struct http_server *s)
{
    static const struct http_answer away = {.status = MHD_HTTP_SERVICE_UNAVAILABLE};

    while (!list_is_empty(&s->pending)) {
        struct http_exchange *x = container_of(s->pending.next, struct http_exchange, link);

        list_remove(&x->link);
        x->server = NULL;
        http_exchange_fill(x, &away, true);
        x->is_answered = true;
        resume(x);
    }
    s->n_pending = 0;
}

static void http_server_on_part_closed(struct http_server *s)
{
    if (--s->n_closing)
        return;
    s->on_closed(s->closed_arg);
    free(s);
}

static void http_server_on_timer_closed(void *arg)
{
    http_server_on_part_closed(arg);
}

static void http_server_on_poll_closed(uv_handle_t *handle)
{
    http_server_on_part_closed(handle->data);
}

static void end(void *arg)
{
    struct http_server *s = arg;

    http_server_let_go(s);
    (void)MHD_run(s->daemon); /* what can be sent at once is sent */
    (void)MHD_run(s->daemon);
    (void)uv_poll_stop(&s->poll);
    MHD_stop_daemon(s->daemon);
    defer_cancel(&s->run);
    s->n_closing = 3;
    timer_close(&s->timer, http_server_on_timer_closed);
    timer_close(&s->sweep, http_server_on_timer_closed);
    uv_close((uv_handle_t *)&s->poll, http_server_on_poll_closed);
}

void http_server_close(struct http_server *s, defer_fn *on_closed, void *arg)
{
    s->on_closed = on_closed;
    s->closed_arg = arg;
    s->is_closing = true;
    http_server_stop(s);
    loop_defer(s->loop, &s->end);
}
