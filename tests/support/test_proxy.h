/* SPDX-License-Identifier: Apache-2.0 */
/* test_proxy.h: a proxy for the tests of the HTTP client: HTTP CONNECT, also behind TLS, or SOCKS5;
 * a thread per connection. It resolves every name to 127.0.0.1. Aborts on what must not happen. */
#ifndef GRAPNEL_TESTS_SUPPORT_TEST_PROXY_H
#define GRAPNEL_TESTS_SUPPORT_TEST_PROXY_H

#include "tests/support/tls_server.h"
#include <poll.h>
#include <signal.h>

enum { PROXY_CONNECTIONS_MAX = 256 };

enum proxy_mode {
    PROXY_WORKS,
    PROXY_REFUSES, /* by @refusal, or SOCKS5's reply 2 */
    PROXY_TALKS_GARBAGE,
    PROXY_HANGS,
    PROXY_CLOSES, /* what it has read */
};

struct test_proxy {
    int listener;
    uint16_t port;
    pthread_t thread;
    bool is_socks;
    SSL_CTX *tls;      /* NULL: none */
    const char *login; /* "user:password" that it wants; NULL: none */
    const char *refusal;
    _Atomic(enum proxy_mode) mode;
    atomic_uint n_connections, n_tunnels;
    char last_request[4096]; /* CONNECT's head, or SOCKS5's "host:port". Valid after an answer. */
    char last_login[600];
    bool has_seen_client_cert;
    pthread_t connections[PROXY_CONNECTIONS_MAX];
};

struct proxy_link {
    struct test_proxy *proxy;
    int fd;
    SSL *ssl;
};

static inline ssize_t proxy_read(struct proxy_link *l, void *to, size_t len)
{
    return l->ssl ? SSL_read(l->ssl, to, (int)len) : recv(l->fd, to, len, 0);
}

static inline bool proxy_write(struct proxy_link *l, const void *from, size_t len)
{
    if (l->ssl)
        return SSL_write(l->ssl, from, (int)len) == (int)len;
    return send(l->fd, from, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static inline bool proxy_read_all(struct proxy_link *l, void *to, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = proxy_read(l, (char *)to + at, len - at);

        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

static inline int proxy_connect(unsigned port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    a.sin_port = htons((uint16_t)port);
    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Both ways, until either side closes. */
static inline void proxy_relay(struct proxy_link *l, int to)
{
    struct pollfd fds[2] = {{.fd = l->fd, .events = POLLIN}, {.fd = to, .events = POLLIN}};
    char data[16384];

    for (;;) {
        bool is_pending = l->ssl && SSL_pending(l->ssl);
        ssize_t n;

        MUST(poll(fds, 2, is_pending ? 0 : -1) >= 0);
        if (is_pending || fds[0].revents) {
            n = proxy_read(l, data, sizeof(data));
            if (n <= 0 || send(to, data, (size_t)n, MSG_NOSIGNAL) != n)
                return;
        }
        if (fds[1].revents) {
            n = recv(to, data, sizeof(data), 0);
            if (n <= 0 || !proxy_write(l, data, (size_t)n))
                return;
        }
    }
}

static inline void proxy_hang(struct proxy_link *l)
{
    char data[4096];

    while (proxy_read(l, data, sizeof(data)) > 0)
        ;
}

/* True: go on. */
static inline bool proxy_behaves(struct proxy_link *l)
{
    switch (l->proxy->mode) {
    case PROXY_TALKS_GARBAGE:
        (void)proxy_write(l, "\x01\x02 go away\r\n\r\n", 13);
        return false;
    case PROXY_HANGS:
        proxy_hang(l);
        return false;
    case PROXY_CLOSES:
        return false;
    case PROXY_WORKS:
    case PROXY_REFUSES:
        break;
    }
    return true;
}

static inline int proxy_tunnel(struct proxy_link *l, const char *host_port, unsigned *ret_port)
{
    const char *colon = strrchr(host_port, ':');

    MUST(colon);
    *ret_port = (unsigned)strtoul(colon + 1, NULL, 10);
    l->proxy->n_tunnels++;
    return proxy_connect(*ret_port);
}

static inline void proxy_note_login(struct test_proxy *p, const char *head)
{
    const char *line = strstr(head, "\r\nProxy-Authorization: Basic ");
    unsigned char text[600] = "";
    int len = 0;

    if (line) {
        line += 29;
        len = EVP_DecodeBlock(text, (const unsigned char *)line, (int)strcspn(line, "\r"));
        MUST(len >= 0 && (size_t)len < sizeof(text));
    }
    (void)snprintf(p->last_login, sizeof(p->last_login), "%.*s", len, (char *)text);
}

static inline void proxy_serve_http(struct proxy_link *l)
{
    static const char unauthorized[] =
        "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
        "Content-Length: 0\r\n\r\n";
    struct test_proxy *p = l->proxy;
    char head[4096] = "", target[300];
    size_t len = 0;
    unsigned port;
    int to;

    while (!strstr(head, "\r\n\r\n")) {
        if (len == sizeof(head) - 1 || !proxy_read_all(l, head + len, 1))
            return;
        head[++len] = '\0';
    }
    memcpy(p->last_request, head, sizeof(head));
    proxy_note_login(p, head);
    if (!proxy_behaves(l))
        return;
    if (p->login && strcmp(p->login, p->last_login) != 0) {
        (void)proxy_write(l, unauthorized, strlen(unauthorized));
        return;
    }
    if (p->mode == PROXY_REFUSES) {
        (void)proxy_write(l, p->refusal, strlen(p->refusal));
        return;
    }
    MUST(sscanf(head, "CONNECT %299s HTTP/1.1\r\n", target) == 1);
    to = proxy_tunnel(l, target, &port);
    if (to < 0) {
        (void)proxy_write(l, "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", 38);
        return;
    }
    if (proxy_write(l, "HTTP/1.1 200 Here\r\nRetry-After: 77\r\n\r\n", 38))
        proxy_relay(l, to);
    close(to);
}

static inline bool socks_login(struct proxy_link *l)
{
    struct test_proxy *p = l->proxy;
    unsigned char len[2];
    char user[256] = "", password[256] = "";

    if (!proxy_write(l, "\x05\x02", 2) || !proxy_read_all(l, len, 2) || len[0] != 1 ||
        !proxy_read_all(l, user, len[1]) || !proxy_read_all(l, len, 1) ||
        !proxy_read_all(l, password, len[0]))
        return false;
    (void)snprintf(p->last_login, sizeof(p->last_login), "%s:%s", user, password);
    return proxy_write(l, strcmp(p->login, p->last_login) == 0 ? "\x01\x00" : "\x01\x01", 2) &&
           strcmp(p->login, p->last_login) == 0;
}

/* RFC 1928; 1929 for the password. */
static inline void proxy_serve_socks(struct proxy_link *l)
{
    struct test_proxy *p = l->proxy;
    unsigned char bytes[4], methods[256], port_bytes[2], len;
    char host[256] = "";
    unsigned port;
    int to;

    if (!proxy_read_all(l, bytes, 2) || !proxy_read_all(l, methods, bytes[1]) || !proxy_behaves(l))
        return;
    MUST(bytes[0] == 5);
    if (p->login) {
        if (!memchr(methods, 2, bytes[1])) {
            (void)proxy_write(l, "\x05\xff", 2);
            return;
        }
        if (!socks_login(l))
            return;
    } else if (!proxy_write(l, "\x05\x00", 2)) {
        return;
    }
    if (!proxy_read_all(l, bytes, 4))
        return;
    if (bytes[3] == 3) {
        MUST(proxy_read_all(l, &len, 1) && proxy_read_all(l, host, len));
    } else {
        MUST(bytes[3] == 1 && proxy_read_all(l, bytes, 4));
        (void)snprintf(host, sizeof(host), "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
    }
    MUST(proxy_read_all(l, port_bytes, 2));
    (void)snprintf(p->last_request, sizeof(p->last_request), "%s:%u", host,
                   port_bytes[0] * 256u + port_bytes[1]);
    to = p->mode == PROXY_REFUSES ? -1 : proxy_tunnel(l, p->last_request, &port);
    (void)proxy_write(l, to < 0 ? "\x05\x02\x00\x01\0\0\0\0\0\0" : "\x05\x00\x00\x01\0\0\0\0\0\0",
                      10);
    if (to < 0)
        return;
    proxy_relay(l, to);
    close(to);
}

static inline void *proxy_serve(void *arg)
{
    struct proxy_link *l = arg;
    sigset_t pipe_only;

    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    MUST(pthread_sigmask(SIG_BLOCK, &pipe_only, NULL) == 0);
    if (l->proxy->tls) {
        l->ssl = SSL_new(l->proxy->tls);
        MUST(l->ssl && SSL_set_fd(l->ssl, l->fd));
    }
    if (!l->ssl || SSL_accept(l->ssl) == 1) {
        if (l->ssl && SSL_get0_peer_certificate(l->ssl))
            l->proxy->has_seen_client_cert = true;
        if (l->proxy->is_socks)
            proxy_serve_socks(l);
        else
            proxy_serve_http(l);
    }
    ERR_clear_error();
    SSL_free(l->ssl);
    tls_linger(l->fd); /* so that the last words are read */
    close(l->fd);
    free(l);
    return NULL;
}

static inline void *proxy_run(void *arg)
{
    struct test_proxy *p = arg;
    int fd;

    while ((fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        struct proxy_link *l = malloc(sizeof(*l));

        MUST(l && p->n_connections < PROXY_CONNECTIONS_MAX);
        *l = (struct proxy_link){p, fd, NULL};
        MUST(pthread_create(&p->connections[p->n_connections], NULL, proxy_serve, l) == 0);
        p->n_connections++;
    }
    return NULL;
}

/* @identity: the proxy's own certificate, when the way to it is TLS; borrowed until the stop. */
static inline struct test_proxy *proxy_start(bool is_socks, const struct tls_identity *identity)
{
    struct test_proxy *p = calloc(1, sizeof(*p));

    p->is_socks = is_socks;
    p->refusal = "HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno\n";
    if (identity) {
        p->tls = SSL_CTX_new(TLS_server_method());
        MUST(SSL_CTX_use_certificate(p->tls, identity->certificate));
        MUST(SSL_CTX_use_PrivateKey(p->tls, identity->key));
        MUST(SSL_CTX_set_session_id_context(p->tls, (const unsigned char *)"proxy", 5));
        SSL_CTX_set_verify(p->tls, SSL_VERIFY_PEER, tls_any_client);
    }
    p->listener = listen_on_loopback(&p->port, 512);
    MUST(pthread_create(&p->thread, NULL, proxy_run, p) == 0);
    return p;
}

/* The client must have closed its connections. */
static inline void proxy_stop(struct test_proxy *p)
{
    (void)shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    for (unsigned i = 0; i < p->n_connections; i++)
        pthread_join(p->connections[i], NULL);
    close(p->listener);
    SSL_CTX_free(p->tls);
    free(p);
}

#endif
