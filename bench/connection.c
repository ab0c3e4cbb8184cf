/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/connection.h"

#include "bench/answer.h"
#include "bench/now.h"
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READ_MORE_BYTES = 16384,
    IN_BYTES_MAX = REQUEST_HEAD_MAX + REQUEST_BODY_MAX + READ_MORE_BYTES,
    OUT_BYTES_MAX = 16 << 20,
};

int connection_open(struct receiver *r, int fd)
{
    struct connection *c = calloc(1, sizeof(*c));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

    if (!c || epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
        int result = c ? -errno : -ENOMEM;

        free(c);
        close(fd);
        return result;
    }
    c->fd = fd;
    buf_init(&c->in, IN_BYTES_MAX);
    buf_init(&c->out, OUT_BYTES_MAX);
    list_init(&c->delayed);
    list_push_back(&r->connections, &c->all);
    counters_add(&r->counters->connections, 1);
    return 0;
}

static void hold(struct receiver *r, struct connection *c, enum connection_state state)
{
    struct counters *counters = r->counters;

    c->state = state;
    counters_add(&counters->held, 1);
    if (counters_get(&counters->held) > counters_get(&counters->held_most))
        counters->held_most = counters_get(&counters->held);
}

static void connection_let_go(struct receiver *r, struct connection *c)
{
    if (c->state == CONNECTION_READING)
        return;
    list_remove(&c->delayed);
    c->state = CONNECTION_READING;
    counters_add(&r->counters->held, (uint64_t)-1);
}

void connection_close(struct receiver *r, struct connection *c)
{
    connection_let_go(r, c);
    list_remove(&c->all);
    close(c->fd);
    buf_fini(&c->in);
    buf_fini(&c->out);
    free(c);
    counters_add(&r->counters->connections, (uint64_t)-1);
}

static void connection_do_answer(struct receiver *r, int status)
{
    counters_add(status < 300 ? &r->counters->answered : &r->counters->failed, 1);
    answer_status(&r->answers, status);
}

static void connection_take_request(struct receiver *r, struct connection *c,
                                    const struct request *request)
{
    int64_t latency_us;
    int status;

    if (answer_control(r, request, &r->answers))
        return;
    latency_us = tally_request(&r->tally, request, r->now_us);
    status = rules_judge(&r->rules, request->path, request->attempt);
    journal_write(&r->journal, request, r->now_us, status == RULE_HANG ? 0 : status, latency_us);
    if (status == RULE_HANG) {
        hold(r, c, CONNECTION_HANGING);
    } else if (r->delay_us) {
        hold(r, c, CONNECTION_DELAYED);
        c->status = status;
        c->due_us = r->now_us + r->delay_us;
        list_push_back(&r->delayed, &c->delayed);
    } else {
        connection_do_answer(r, status);
    }
}

/* Takes requests off the front of @bytes while they may be answered. Returns what is left. */
static struct span consume(struct receiver *r, struct connection *c, struct span bytes)
{
    struct request request;
    int result;

    while (bytes.len && c->state == CONNECTION_READING && !c->closes && !c->is_writing) {
        result = request_parse(bytes, &request);
        if (result == REQUEST_PARTIAL)
            break;
        if (result) {
            answer_status(&r->answers, result == -EMSGSIZE ? 413 : 400);
            c->closes = true;
            break;
        }
        connection_take_request(r, c, &request);
        c->closes = request.closes;
        bytes.data += request.bytes;
        bytes.len -= request.bytes;
    }
    return bytes;
}

/* @rest may lie in c->in itself or elsewhere. */
static int keep_rest(struct connection *c, struct span rest)
{
    if (!rest.len) {
        if (c->in.len)
            buf_fini(&c->in); /* most connections never need one: give a large one back */
        return 0;
    }
    if (c->in.len) {
        memmove(c->in.data, rest.data, rest.len);
        c->in.len = rest.len;
        return 0;
    }
    buf_add_span(&c->in, rest);
    return buf_result(&c->in);
}

static int wish(struct receiver *r, struct connection *c, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};

    return epoll_ctl(r->epoll_fd, EPOLL_CTL_MOD, c->fd, &event) ? -errno : 0;
}

/* Writes what it can of @bytes and keeps the rest in @out. */
static int write_answers(struct receiver *r, struct connection *c, struct span bytes)
{
    ssize_t n = 0;

    if (!c->is_writing && bytes.len) {
        n = send(c->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return -errno;
        n = MAX(n, 0);
    }
    if ((size_t)n == bytes.len)
        return 0;
    buf_add(&c->out, bytes.data + n, bytes.len - (size_t)n);
    if (buf_result(&c->out) || c->is_writing)
        return buf_result(&c->out);
    c->is_writing = true;
    return wish(r, c, EPOLLIN | EPOLLOUT);
}

/* What every turn of a connection ends with. Answers -ESHUTDOWN when it is to be closed. */
static int finish_turn(struct receiver *r, struct connection *c, struct span rest)
{
    int result;

    result = keep_rest(c, rest);
    if (result)
        return result;
    if (buf_result(&r->answers))
        return buf_result(&r->answers);
    result = write_answers(r, c, buf_span(&r->answers));
    if (result)
        return result;
    return c->closes && !c->is_writing && c->state == CONNECTION_READING ? -ESHUTDOWN : 0;
}

static int on_readable(struct receiver *r, struct connection *c)
{
    bool is_direct = !c->in.len; /* the usual case: whole requests, no copy */
    char *to = is_direct ? r->read_bytes : buf_reserve(&c->in, READ_MORE_BYTES);
    ssize_t n;

    if (!to)
        return buf_result(&c->in);
    n = recv(c->fd, to, is_direct ? sizeof(r->read_bytes) : READ_MORE_BYTES, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (n == 0)
        return -ESHUTDOWN;
    r->now_us = now_us();
    if (!is_direct)
        buf_wrote(&c->in, (size_t)n);
    return finish_turn(r, c,
                       consume(r, c, is_direct ? (struct span){to, (size_t)n} : buf_span(&c->in)));
}

static int on_writable(struct receiver *r, struct connection *c)
{
    ssize_t n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL);
    int result;

    if (n < 0)
        return errno == EAGAIN ? 0 : -errno;
    memmove(c->out.data, c->out.data + n, c->out.len - (size_t)n);
    c->out.len -= (size_t)n;
    if (c->out.len)
        return 0;
    buf_fini(&c->out);
    c->is_writing = false;
    result = wish(r, c, EPOLLIN);
    if (result)
        return result;
    return finish_turn(r, c, consume(r, c, buf_span(&c->in)));
}

void connection_on_events(struct receiver *r, struct connection *c, uint32_t events)
{
    int result = 0;

    buf_clear(&r->answers);
    if (events & EPOLLOUT && c->is_writing)
        result = on_writable(r, c);
    buf_clear(&r->answers);
    if (!result && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        result = on_readable(r, c);
    if (result)
        connection_close(r, c);
}

void connection_on_due(struct receiver *r, struct connection *c)
{
    connection_let_go(r, c);
    buf_clear(&r->answers);
    r->now_us = now_us();
    connection_do_answer(r, c->status);
    if (finish_turn(r, c, c->closes ? (struct span){0} : consume(r, c, buf_span(&c->in))))
        connection_close(r, c);
}
