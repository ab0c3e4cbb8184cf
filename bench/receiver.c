/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/receiver.h"

#include "bench/connection.h"
#include "bench/now.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS_PER_TURN = 512,
    ACCEPTS_PER_TURN = 256,
    ANSWERS_BYTES_MAX = 16 << 20,
};

/* Connections inherit the options of the listening socket. Reno is the cheapest congestion control,
 * and does not pace: on loopback there is nothing to learn. */
static int listen_on(struct receiver *r, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t len = sizeof(address);
    static const char reno[] = "reno";
    int on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    r->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (r->listen_fd < 0 || setsockopt(r->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
        setsockopt(r->listen_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
        setsockopt(r->listen_fd, IPPROTO_TCP, TCP_CONGESTION, reno, sizeof(reno) - 1) ||
        bind(r->listen_fd, (struct sockaddr *)&address, sizeof(address)) ||
        listen(r->listen_fd, SOMAXCONN) ||
        getsockname(r->listen_fd, (struct sockaddr *)&address, &len))
        return -errno;
    r->port = ntohs(address.sin_port);
    return 0;
}

static int accept_wish(struct receiver *r, bool wanted)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    if (wanted == r->is_accepting)
        return 0;
    if (epoll_ctl(r->epoll_fd, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, r->listen_fd, &event))
        return -errno;
    r->is_accepting = wanted;
    return 0;
}

static int open_parts(struct receiver *r, const struct receiver_options *o, struct diag *diag)
{
    int result = counters_create(&r->counters, o->counters_path);

    if (result)
        return diag_set(diag, "--counters %s: %s", o->counters_path, strerror(-result));
    result = journal_open(&r->journal, o->journal_path);
    if (result)
        return diag_set(diag, "--log %s: %s", o->journal_path, strerror(-result));
    result = tally_init(&r->tally, &(struct tally_options){.counters = r->counters,
                                                           .window_us = o->window_us,
                                                           .ids_max = o->ids_max});
    if (result)
        return diag_set(diag, "--ids %zu: out of memory", o->ids_max);
    result = listen_on(r, o->port);
    if (result)
        return diag_set(diag, "--port %u: cannot listen on 127.0.0.1: %s", o->port,
                        strerror(-result));
    r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    result = r->epoll_fd < 0 ? -errno : accept_wish(r, true);
    return result ? diag_set(diag, "epoll: %s", strerror(-result)) : 0;
}

int receiver_open(struct receiver **ret, const struct receiver_options *o, struct diag *diag)
{
    struct receiver *r = calloc(1, sizeof(*r));
    int result;

    if (!r)
        return diag_set(diag, "out of memory");
    r->listen_fd = r->epoll_fd = -1;
    r->rules = o->rules;
    r->delay_us = o->delay_us;
    r->connections_max = o->connections_max;
    list_init(&r->connections);
    list_init(&r->delayed);
    buf_init(&r->answers, ANSWERS_BYTES_MAX);
    result = open_parts(r, o, diag);
    if (result) {
        (void)receiver_close(r);
        return result;
    }
    r->tally.start_us = now_us();
    *ret = r;
    return 0;
}

/* Out of descriptors counts as full: accepting goes on when a connection has gone. */
static int on_clients(struct receiver *r)
{
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd;

        if (counters_get(&r->counters->connections) >= r->connections_max)
            return accept_wish(r, false);
        fd = accept4(r->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return errno == EMFILE || errno == ENFILE ? accept_wish(r, false) : 0;
        (void)connection_open(r, fd); /* the client sees it closed */
    }
    return 0;
}

static void release_due(struct receiver *r)
{
    int64_t now = now_us();

    while (!list_is_empty(&r->delayed)) {
        struct connection *c = list_entry(r->delayed.next, struct connection, delayed);

        if (c->due_us > now)
            return;
        connection_on_due(r, c);
    }
}

static int wait_ms(const struct receiver *r)
{
    const struct connection *first;
    int64_t left_us;

    if (list_is_empty(&r->delayed))
        return -1;
    first = list_entry(r->delayed.next, struct connection, delayed);
    left_us = first->due_us - now_us();
    return left_us > 0 ? (int)(left_us / 1000) + 1 : 0;
}

int receiver_run(struct receiver *r, const volatile sig_atomic_t *stop, const sigset_t *mask)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int result = 0;

    while (!*stop && !result) {
        int n = epoll_pwait(r->epoll_fd, events, EVENTS_PER_TURN, wait_ms(r), mask);

        if (n < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                connection_on_events(r, events[i].data.ptr, events[i].events);
            else
                result = on_clients(r);
        }
        if (!list_is_empty(&r->delayed))
            release_due(r);
        if (!r->is_accepting && counters_get(&r->counters->connections) < r->connections_max / 2)
            result = accept_wish(r, true);
    }
    return result;
}

int receiver_close(struct receiver *r)
{
    int result;

    if (!r)
        return 0;
    while (!list_is_empty(&r->connections))
        connection_close(r, list_entry(r->connections.next, struct connection, all));
    result = journal_close(&r->journal);
    tally_fini(&r->tally);
    counters_unmap(r->counters);
    buf_fini(&r->answers);
    if (r->listen_fd >= 0)
        close(r->listen_fd);
    if (r->epoll_fd >= 0)
        close(r->epoll_fd);
    free(r);
    return result;
}
