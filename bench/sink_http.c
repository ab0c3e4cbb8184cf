/* SPDX-License-Identifier: Apache-2.0 */
/* sink_http.c: one connection, pipelined: a batch is one write, then its answers are awaited. */
#include "bench/sink.h"

#include "common/base/buf.h"
#include "common/base/text.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { REQUESTS_BYTES_MAX = 64 << 20, ANSWER_WAIT_S = 10 };

struct sink_http {
    struct sink sink;
    int fd;
    uint64_t next_id;
    struct buf requests;
};

static void add_request(struct sink_http *s, const struct sink_event *e)
{
    struct buf *b = &s->requests;

    buf_printf(b,
               "POST /t/%s/direct HTTP/1.1\r\nHost: receiver\r\nwebhook-id: whd_%d_%llu\r\n"
               "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
               e->tenant, (int)getpid(), (unsigned long long)s->next_id++, e->data.len);
    buf_add_span(b, e->data);
}

static int write_all(int fd, struct span bytes)
{
    while (bytes.len) {
        ssize_t n = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR)
            return -errno;
        bytes.data += MAX(n, 0);
        bytes.len -= (size_t)MAX(n, 0);
    }
    return 0;
}

/* The receiver's answers to us are all its plain 200, 40 bytes that end in "\r\n\r\nok". */
static int read_answers(int fd, size_t n)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    size_t at = 0;
    char bytes[16384];

    while (n) {
        ssize_t got = recv(fd, bytes, MIN(sizeof(bytes), n * (sizeof(answer) - 1) - at), 0);

        if (got <= 0)
            return got ? -errno : -ECONNRESET;
        for (ssize_t i = 0; i < got; i++) {
            if (bytes[i] != answer[at])
                return -EPROTO;
            at = (at + 1) % (sizeof(answer) - 1);
            n -= at == 0;
        }
    }
    return 0;
}

static int http_publish(struct sink *sink, const struct sink_event *events, size_t n,
                        size_t *ret_accepted, struct diag *diag)
{
    struct sink_http *s = container_of(sink, struct sink_http, sink);
    int r;

    *ret_accepted = 0;
    buf_clear(&s->requests);
    for (size_t i = 0; i < n; i++)
        add_request(s, &events[i]);
    r = buf_result(&s->requests);
    if (!r)
        r = write_all(s->fd, buf_span(&s->requests));
    if (!r)
        r = read_answers(s->fd, n);
    if (r) {
        (void)diag_set(diag, "post: %s", strerror(-r));
        return r;
    }
    *ret_accepted = n;
    return 0;
}

static void http_close(struct sink *sink)
{
    struct sink_http *s = container_of(sink, struct sink_http, sink);

    if (s->fd >= 0)
        close(s->fd);
    buf_fini(&s->requests);
    free(s);
}

static const struct sink_ops http_ops = {.publish = http_publish, .close = http_close};

/* "127.0.0.1:8080" */
static int sink_http_parse_address(struct sockaddr_in *ret, const char *text)
{
    const char *colon = strchr(text, ':');
    char host[INET_ADDRSTRLEN];
    uint64_t port;

    if (!colon || (size_t)(colon - text) >= sizeof(host) || parse_u64(span_of(colon + 1), &port) ||
        port > 65535)
        return -EINVAL;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    *ret = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return inet_pton(AF_INET, host, &ret->sin_addr) == 1 ? 0 : -EINVAL;
}

static int connect_to(struct sink_http *s, const struct sockaddr_in *address)
{
    struct timeval wait = {.tv_sec = ANSWER_WAIT_S};
    int on = 1;

    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->fd < 0 || setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) ||
        setsockopt(s->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) ||
        setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
        connect(s->fd, (const struct sockaddr *)address, sizeof(*address)))
        return -errno;
    return 0;
}

int sink_http_open(struct sink **ret, const char *host_port, size_t batch_max, struct diag *diag)
{
    struct sockaddr_in address;
    struct sink_http *s;
    int r;

    (void)batch_max; /* the buffer grows as needed */
    if (sink_http_parse_address(&address, host_port))
        return diag_set(diag, "--post \"%s\": expected ADDRESS:PORT", host_port);
    s = calloc(1, sizeof(*s));
    if (!s)
        return diag_set(diag, "out of memory");
    s->sink.ops = &http_ops;
    buf_init(&s->requests, REQUESTS_BYTES_MAX);
    r = connect_to(s, &address);
    if (r) {
        http_close(&s->sink);
        (void)diag_set(diag, "--post %s: %s", host_port, strerror(-r));
        return r;
    }
    *ret = &s->sink;
    return 0;
}
