/* SPDX-License-Identifier: Apache-2.0 */
/* scripted_server.h: the receiver that the tests of the HTTP client call: one thread, epoll, the path of a
 * request says how it is answered. Aborts on what must not happen. */
#ifndef GRAPNEL_TESTS_SUPPORT_SCRIPTED_SERVER_H
#define GRAPNEL_TESTS_SUPPORT_SCRIPTED_SERVER_H

#include "common/base/base.h"
#include <arpa/inet.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Unlike assert(), also there in a release build. */
#define MUST(x)                                                                                    \
    do {                                                                                           \
        if (!(x))                                                                                  \
            abort();                                                                               \
    } while (0)

enum { SERVER_FDS_MAX = 20000, SERVER_REQUEST_MAX = 300000, DRIP_MS = 20 };

struct server_connection {
    char *request;
    size_t len;
    unsigned n_requests; /* answered on this connection */
    const char *drip;    /* what is still to be sent, a byte a tick; NULL: nothing */
    bool drips_forever, is_held;
    bool resets; /* at the next tick, instead of sending */
};

struct scripted_server {
    int listener, epoll, wake;
    uint16_t port;
    pthread_t thread;
    struct server_connection *connections[SERVER_FDS_MAX];
    int drippers;
    atomic_uint n_accepted, n_requests, n_open;
    atomic_uint gather; /* "/gather" answers nobody until so many have asked */
    unsigned n_held;
    atomic_bool is_stopping;
    pthread_mutex_t lock;
    char last_request[4096]; /* under the lock */
};

static inline int listen_on_loopback(uint16_t *ret_port, int backlog)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    MUST(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, backlog) == 0);
    MUST(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

static inline void server_drop(struct scripted_server *s, int fd, bool by_reset)
{
    struct server_connection *c = s->connections[fd];
    struct linger linger = {1, 0};

    if (c->drip)
        s->drippers--;
    if (by_reset)
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    close(fd);
    free(c->request);
    free(c);
    s->connections[fd] = NULL;
    s->n_open--;
}

static inline void server_send(int fd, const char *text)
{
    /* Short enough for a socket buffer; the other side may have gone. */
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static inline void server_answer(int fd, const char *status, const char *headers, const char *body)
{
    char text[8192];

    (void)snprintf(text, sizeof(text), "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status,
                   headers, strlen(body), body);
    server_send(fd, text);
}

static inline void server_drip(struct scripted_server *s, struct server_connection *c,
                               const char *text, bool forever)
{
    c->drip = text;
    c->drips_forever = forever;
    s->drippers++;
}

/* Sends as much as the socket takes, some MiB on loopback. */
static inline void server_flood(int fd)
{
    static char chunk[65536];

    memset(chunk, 'x', sizeof(chunk));
    while (send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
        ;
}

static inline void server_gather(struct scripted_server *s, int fd)
{
    s->connections[fd]->is_held = true;
    if (++s->n_held < s->gather)
        return;
    for (int i = 0; i < SERVER_FDS_MAX; i++) {
        if (!s->connections[i] || !s->connections[i]->is_held)
            continue;
        s->connections[i]->is_held = false;
        server_answer(i, "200 OK", "", "gathered");
    }
    s->n_held = 0;
}

static inline bool is_path(const char *request, const char *path)
{
    size_t len = strlen(path);

    return strncmp(request, "POST ", 5) == 0 && strncmp(request + 5, path, len) == 0 &&
           request[5 + len] == ' ';
}

/* May drop the connection. */
static inline void server_act(struct scripted_server *s, int fd)
{
    struct server_connection *c = s->connections[fd];
    const char *r = c->request;

    c->n_requests++;
    if (is_path(r, "/ok"))
        server_answer(fd, "200 OK", "", "fine");
    else if (is_path(r, "/204"))
        server_send(fd, "HTTP/1.1 204 No Content\r\n\r\n");
    else if (strncmp(r, "POST /echo?", 11) == 0)
        server_answer(fd, "200 OK", "", c->request);
    else if (is_path(r, "/continue"))
        server_send(fd, "HTTP/1.1 100 Continue\r\n\r\n"
                        "HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n"
                        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate");
    else if (is_path(r, "/chunked"))
        server_send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "4\r\nfirs\r\n9\r\nt, second\r\n0\r\n\r\n");
    else if (is_path(r, "/bad-chunk"))
        server_send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    else if (is_path(r, "/redirect"))
        server_answer(fd, "302 Found", "Location: /ok\r\n", "");
    else if (is_path(r, "/later"))
        server_answer(fd, "503 Service Unavailable", "rEtRy-AfTeR: \t120 \r\n", "later");
    else if (is_path(r, "/later-long"))
        server_answer(fd, "503 Busy",
                      "Retry-After: "
                      "1234567890123456789012345678901234567890123456789012345678901234567890"
                      "1234567890123456789012345678901234567890123456789012345678901234567890"
                      "1234567890123456789012345678901234567890123456789012345678901234567890"
                      "1234567890123456789012345678901234567890123456789012345678901234567890\r\n",
                      "");
    else if (is_path(r, "/bye")) {
        server_answer(fd, "200 OK", "Connection: close\r\n", "bye");
        server_drop(s, fd, false);
    } else if (is_path(r, "/once")) { /* the second request on a connection gets no answer */
        if (c->n_requests == 1)
            server_answer(fd, "200 OK", "", "once");
        else
            server_drop(s, fd, false);
    } else if (is_path(r, "/close"))
        server_drop(s, fd, false);
    else if (is_path(r, "/reset"))
        server_drop(s, fd, true);
    else if (is_path(r, "/reset-later")) {
        c->resets = true;
        server_drip(s, c, "", false);
    } else if (is_path(r, "/garbage")) {
        server_send(fd, "SSH-2.0-\x01OpenSSH_9.2\r\nhello\r\n");
        server_drop(s, fd, false);
    } else if (is_path(r, "/truncated")) {
        server_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
        server_drop(s, fd, false);
    } else if (is_path(r, "/drip-body")) {
        server_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        server_drip(s, c, "0123456789", true);
    } else if (is_path(r, "/drip-headers")) {
        server_send(fd, "HTTP/1.1 200 OK\r\n");
        server_drip(s, c, "A: b\r\nC: ", true);
    } else if (is_path(r, "/huge-body")) {
        server_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 4194304\r\n\r\n");
        server_flood(fd);
    } else if (is_path(r, "/long-header")) {
        server_send(fd, "HTTP/1.1 200 OK\r\nX-Long: ");
        server_flood(fd);
    } else if (is_path(r, "/many-headers")) {
        server_send(fd, "HTTP/1.1 200 OK\r\n");
        for (unsigned i = 0; i < 1000; i++)
            server_send(fd, "X-A: b\r\n");
    } else if (is_path(r, "/big-headers")) {
        static char line[9000];

        server_send(fd, "HTTP/1.1 200 OK\r\n");
        for (unsigned i = 0; i < 20; i++) {
            (void)snprintf(line, sizeof(line), "X-B: %08000u\r\n", i);
            server_send(fd, line);
        }
    } else if (is_path(r, "/gather"))
        server_gather(s, fd);
    else if (!is_path(r, "/silent"))
        server_answer(fd, "404 Not Found", "", "no such script");
}

/* Is a whole request there? Then acts on it and empties the buffer. */
static inline void server_parse(struct scripted_server *s, int fd)
{
    struct server_connection *c = s->connections[fd];
    char *end, *length;
    size_t body = 0;

    c->request[c->len] = '\0';
    end = strstr(c->request, "\r\n\r\n");
    if (!end)
        return;
    length = strcasestr(c->request, "\r\nContent-Length: ");
    if (length)
        body = strtoul(length + 18, NULL, 10);
    if (c->len < (size_t)(end + 4 - c->request) + body)
        return;

    pthread_mutex_lock(&s->lock);
    (void)snprintf(s->last_request, sizeof(s->last_request), "%s", c->request);
    pthread_mutex_unlock(&s->lock);
    s->n_requests++;
    server_act(s, fd);
    if (s->connections[fd] == c)
        c->len = 0;
}

static inline void server_read(struct scripted_server *s, int fd)
{
    struct server_connection *c = s->connections[fd];
    ssize_t n = recv(fd, c->request + c->len, SERVER_REQUEST_MAX - 1 - c->len, MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        server_drop(s, fd, false);
        return;
    }
    c->len += (size_t)n;
    server_parse(s, fd);
}

static inline void server_accept(struct scripted_server *s)
{
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

    if (fd < 0)
        return;
    MUST(fd < SERVER_FDS_MAX);
    s->connections[fd] = calloc(1, sizeof(struct server_connection));
    s->connections[fd]->request = malloc(SERVER_REQUEST_MAX); /* touched only as far as used */
    s->n_accepted++;
    s->n_open++;
    MUST(epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) == 0);
}

static inline void server_tick(struct scripted_server *s)
{
    for (int fd = 0; fd < SERVER_FDS_MAX && s->drippers; fd++) {
        struct server_connection *c = s->connections[fd];

        if (!c || !c->drip)
            continue;
        if (c->resets || send(fd, c->drip, 1, MSG_NOSIGNAL) != 1) {
            server_drop(s, fd, c->resets);
            continue;
        }
        c->drip++;
        if (!*c->drip)
            c->drip = c->drips_forever ? "X" : NULL;
    }
}

static inline void *server_run(void *arg)
{
    struct scripted_server *s = arg;
    struct epoll_event events[256];

    while (!s->is_stopping) {
        int n = epoll_wait(s->epoll, events, 256, s->drippers ? DRIP_MS : -1);

        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == s->listener)
                server_accept(s);
            else if (events[i].data.fd != s->wake && s->connections[events[i].data.fd])
                server_read(s, events[i].data.fd);
        }
        server_tick(s);
    }
    for (int fd = 0; fd < SERVER_FDS_MAX; fd++)
        if (s->connections[fd])
            server_drop(s, fd, false);
    return NULL;
}

static inline struct scripted_server *server_start(void)
{
    struct scripted_server *s = calloc(1, sizeof(*s));
    struct epoll_event e = {.events = EPOLLIN};

    pthread_mutex_init(&s->lock, NULL);
    s->listener = listen_on_loopback(&s->port, 4096);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->wake = eventfd(0, EFD_CLOEXEC);
    e.data.fd = s->listener;
    MUST(epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &e) == 0);
    e.data.fd = s->wake;
    MUST(epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->wake, &e) == 0);
    MUST(pthread_create(&s->thread, NULL, server_run, s) == 0);
    return s;
}

static inline void server_stop(struct scripted_server *s)
{
    s->is_stopping = true;
    MUST(eventfd_write(s->wake, 1) == 0);
    pthread_join(s->thread, NULL);
    pthread_mutex_destroy(&s->lock);
    close(s->listener);
    close(s->epoll);
    close(s->wake);
    free(s);
}

#endif
