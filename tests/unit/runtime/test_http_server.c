/* SPDX-License-Identifier: Apache-2.0 */
/* The server and its clients are in one thread: whoever waits for an answer turns the loop meanwhile. */
#include "common/base/clock.h"
#include "common/runtime/http_server.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 20000, BODY_MAX = 1000, LARGE = 16 << 20, MIB = 1 << 20 };

static struct loop l;
static struct http_server *server;
static struct http_exchange *held[16];
static unsigned n_held, n_handled;
static bool is_closed;
static char seen[512]; /* method, path, body, peer of the last request */
static char *large;
static unsigned fds_before;

/* ---- the server ---- */

static void answer(struct http_exchange *x, unsigned status, struct span body)
{
    struct http_answer a = {.status = status,
                            .body = body,
                            .type = "text/plain",
                            .fields = {{"X-One", "1"}, {"X-Two", "2"}},
                            .n_fields = 2};

    http_exchange_answer(x, &a);
}

static void answer_query(struct http_exchange *x)
{
    const char *a = http_query(x, "a"), *b = http_query(x, "b"), *c = http_query(x, "c");
    char text[200];
    int n = snprintf(text, sizeof(text), "a=%s b=%s c=%s h=%s", a ? a : "NULL", b ? b : "NULL",
                     c ? c : "NULL", http_header(x, "x-MINE") ? http_header(x, "X-Mine") : "NULL");

    answer(x, 200, (struct span){text, (size_t)n});
}

static void handle(void *arg, struct http_exchange *x)
{
    struct span body = http_body(x);

    assert_ptr_equal(arg, &l);
    n_handled++;
    (void)snprintf(seen, sizeof(seen), "%s %s %.*s %s", http_method(x), http_path(x),
                   (int)MIN(body.len, 100u), body.data ? body.data : "", http_peer(x));
    if (strcmp(http_path(x), "/hold") == 0) {
        assert_true(n_held < ARRAY_LEN(held));
        held[n_held++] = x;
    } else if (strcmp(http_path(x), "/large") == 0) {
        answer(x, 200, (struct span){large, LARGE});
    } else if (strcmp(http_path(x), "/query") == 0) {
        answer_query(x);
    } else {
        answer(x, 200, body.len ? body : SPAN("hello"));
    }
}

static size_t body_max(void *arg, const struct http_exchange *x)
{
    (void)arg;
    return strcmp(http_path(x), "/roomy") == 0 ? LARGE : BODY_MAX;
}

static unsigned count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void start(unsigned connections_max, int64_t receive_ms)
{
    struct http_server_options o = {.listen = "127.0.0.1:0",
                                    .connections_max = connections_max,
                                    .receive_ms = receive_ms,
                                    .handle = handle,
                                    .body_max = body_max,
                                    .arg = &l};
    struct diag diag;

    assert_int_equal(http_server_new(&server, &l, &o, &diag), 0);
    assert_true(http_server_port(server) > 0);
}

static void on_closed(void *arg)
{
    assert_ptr_equal(arg, &is_closed);
    is_closed = true;
}

static void turn(void)
{
    (void)uv_run(&l.uv, UV_RUN_NOWAIT);
}

static void close_server(void)
{
    int64_t end_ms = clock_mono_ms() + WAIT_MS;

    if (!server)
        return;
    is_closed = false;
    http_server_close(server, on_closed, &is_closed);
    server = NULL;
    assert_false(is_closed);
    while (!is_closed && clock_mono_ms() < end_ms)
        turn();
    assert_true(is_closed);
}

static int set_up(void **state)
{
    (void)state;
    n_held = n_handled = 0;
    seen[0] = '\0';
    fds_before = count_fds();
    return loop_init(&l);
}

static int tear_down(void **state)
{
    (void)state;
    close_server();
    loop_fini(&l);
    assert_int_equal(count_fds(), fds_before);
    return 0;
}

/* ---- clients ---- */

static int dial(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)http_server_port(server)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

/* False when the server has closed before it took all. */
static bool send_bytes(int fd, const char *data, size_t len)
{
    int64_t end_ms = clock_mono_ms() + WAIT_MS;

    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN)
            return false;
        data += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
        turn();
        assert_true(clock_mono_ms() < end_ms);
    }
    return true;
}

static void send_text(int fd, const char *text)
{
    assert_true(send_bytes(fd, text, strlen(text)));
}

struct response {
    int status;
    char head[4096];
    char body[4096]; /* the first bytes */
    size_t body_len;
};

/* One byte; 1, or 0 at the end (or reset). */
static int read_byte(int fd, char *ret)
{
    int64_t end_ms = clock_mono_ms() + WAIT_MS;
    struct pollfd p = {.fd = fd, .events = POLLIN};

    for (;;) {
        ssize_t n = recv(fd, ret, 1, MSG_DONTWAIT);

        if (n == 1)
            return 1;
        if (n == 0 || errno != EAGAIN)
            return 0;
        turn();
        (void)poll(&p, 1, 1);
        assert_true(clock_mono_ms() < end_ms);
    }
}

static bool read_head(int fd, struct response *r)
{
    size_t n = 0;

    while (n < 4 || memcmp(r->head + n - 4, "\r\n\r\n", 4) != 0) {
        assert_true(n < sizeof(r->head) - 1);
        if (!read_byte(fd, &r->head[n]))
            return false;
        n++;
    }
    r->head[n] = '\0';
    r->status = (int)strtol(r->head + strlen("HTTP/1.1 "), NULL, 10);
    return true;
}

/* False: the connection ended before a whole answer. */
static bool read_response(int fd, struct response *r, bool has_body)
{
    const char *length;
    char byte;

    memset(r, 0, sizeof(*r));
    if (!read_head(fd, r))
        return false;
    if (r->status == 100)
        return read_response(fd, r, has_body);
    length = strcasestr(r->head, "\r\nContent-Length:");
    if (!has_body || !length)
        return true;
    for (size_t left = strtoul(length + 17, NULL, 10); left > 0; left--) {
        if (!read_byte(fd, &byte))
            return false;
        if (r->body_len < sizeof(r->body) - 1)
            r->body[r->body_len++] = byte;
    }
    return true;
}

static void expect(int fd, int status, const char *body)
{
    struct response r;

    assert_true(read_response(fd, &r, true));
    assert_int_equal(r.status, status);
    if (body)
        assert_string_equal(r.body, body);
}

static void expect_end(int fd)
{
    char byte;

    while (read_byte(fd, &byte))
        ;
    close(fd);
}

/* On a connection of its own. */
static void expect_served(void)
{
    int fd = dial();

    send_text(fd, "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(fd, 200, "hello");
    close(fd);
}

static void wait_for_held(unsigned n)
{
    int64_t end_ms = clock_mono_ms() + WAIT_MS;

    while (n_held < n && clock_mono_ms() < end_ms)
        turn();
    assert_int_equal(n_held, n);
}

static void wait_for_fds(unsigned n)
{
    int64_t end_ms = clock_mono_ms() + WAIT_MS;

    while (count_fds() != n && clock_mono_ms() < end_ms)
        turn();
    assert_int_equal(count_fds(), n);
}

/* ---- tests ---- */

static void answers_at_once_and_keeps_the_connection(void **state)
{
    struct response r;
    int fd;

    (void)state;
    start(10, 5000);
    fd = dial();
    send_text(fd, "GET /echo?x=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(read_response(fd, &r, true));
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "hello");
    assert_non_null(strstr(r.head, "\r\nContent-Type: text/plain\r\n"));
    assert_non_null(strstr(r.head, "\r\nX-One: 1\r\n"));
    assert_non_null(strstr(r.head, "\r\nX-Two: 2\r\n"));
    assert_string_equal(seen, "GET /echo  127.0.0.1");
    send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    expect(fd, 200, "abc");
    assert_string_equal(seen, "POST /echo abc 127.0.0.1");
    send_text(fd, "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    expect(fd, 200, "hello");
    expect_end(fd);
}

static void answers_later(void **state)
{
    int fd;

    (void)state;
    start(10, 5000);
    fd = dial();
    for (unsigned i = 0; i < 3; i++) {
        send_text(fd, "POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
        wait_for_held(1);
        assert_int_equal(http_server_pending(server), 1);
        assert_string_equal(http_path(held[0]), "/hold");
        assert_int_equal(http_body(held[0]).len, 2);
        n_held = 0;
        answer(held[0], 201, SPAN("later"));
        assert_int_equal(http_server_pending(server), 0);
        expect(fd, 201, "later");
    }
    close(fd);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    int fd;

    (void)state;
    start(10, 5000);
    fd = dial();
    send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1"
                  "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"
                  "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n3"
                  "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(fd, 200, "1");
    wait_for_held(1);
    assert_int_equal(n_handled, 2); /* those behind wait */
    answer(held[0], 200, SPAN("2"));
    expect(fd, 200, "2");
    expect(fd, 200, "3");
    wait_for_held(2);
    answer(held[1], 200, SPAN("4"));
    expect(fd, 200, "4");
    close(fd);
}

static void many_pipelined_requests(void **state)
{
    static const char one[] = "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd;

    (void)state;
    start(10, 5000);
    fd = dial();
    for (unsigned i = 0; i < 500; i++)
        send_text(fd, one);
    for (unsigned i = 0; i < 500; i++)
        expect(fd, 200, "hello");
    close(fd);
}

static void chunked_bodies_are_put_together(void **state)
{
    int fd;

    (void)state;
    start(10, 5000);
    fd = dial();
    send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\nabc\r\n");
    send_text(fd, "4\r\ndefg\r\n");
    send_text(fd, "0\r\nTrailer: x\r\n\r\n");
    expect(fd, 200, "abcdefg");
    send_text(fd, "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"); /* nothing of it is left over */
    expect(fd, 200, "hello");
    close(fd);
}

/* They are legal, and nobody sends them: libmicrohttpd 0.9 skips them, 1.0.1 refuses them. */
static void extensions_of_chunks_do_no_harm(void **state)
{
    struct response r;
    int fd;

    (void)state;
    start(10, 5000);
    fd = dial();
    send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3;why=not\r\nabc\r\n0\r\n\r\n");
    assert_true(read_response(fd, &r, true));
    assert_true(r.status == 200 ? strcmp(r.body, "abc") == 0 : r.status == 400);
    close(fd);
    expect_served();
}

static void every_method_reaches_the_handler(void **state)
{
    static const char *const methods[] = {"GET", "OPTIONS", "PUT", "DELETE", "PATCH", "BREW"};
    struct response r;
    char text[100];
    int fd;

    (void)state;
    start(10, 5000);
    fd = dial();
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        (void)snprintf(text, sizeof(text), "%s /echo HTTP/1.1\r\nHost: x\r\n\r\n", methods[i]);
        send_text(fd, text);
        expect(fd, 200, "hello");
        assert_memory_equal(seen, methods[i], strlen(methods[i]));
    }
    send_text(fd, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(fd, 200, "hello");
    assert_string_equal(seen, "OPTIONS *  127.0.0.1");
    send_text(fd, "HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(read_response(fd, &r, false)); /* a length, and no body: */
    assert_non_null(strstr(r.head, "\r\nContent-Length: 5\r\n"));
    send_text(fd, "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(fd, 200, "hello");
    close(fd);
}

static void paths_come_as_they_are_and_queries_decoded(void **state)
{
    int fd;

    (void)state;
    start(10, 5000);
    fd = dial();
    send_text(fd, "GET /a%2Fb/%00%41?a=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(fd, 200, "hello");
    assert_string_equal(seen, "GET /a%2Fb/%00%41  127.0.0.1");
    send_text(fd, "GET /query?a=%41+b%26&b&a=2&cc=3 HTTP/1.1\r\nHost: x\r\nX-Mine: yes\r\n\r\n");
    expect(fd, 200, "a=A b& b= c=NULL h=yes");
    send_text(fd, "GET /query?a=1%002 HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(fd, 400, NULL);
    expect_end(fd);
}

/* ---- sizes ---- */

static char *filler(size_t len)
{
    char *text = malloc(len + 1);

    assert_non_null(text);
    memset(text, 'a', len);
    text[len] = '\0';
    return text;
}

static void bodies_of_the_largest_size_are_taken(void **state)
{
    char head[100], *body = filler(BODY_MAX);
    int fd;

    (void)state;
    start(10, 5000);
    fd = dial();
    (void)snprintf(head, sizeof(head),
                   "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", BODY_MAX);
    send_text(fd, head);
    send_text(fd, body);
    expect(fd, 200, body);
    (void)snprintf(head, sizeof(head),
                   "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n",
                   (unsigned)BODY_MAX);
    send_text(fd, head);
    send_text(fd, body);
    send_text(fd, "\r\n0\r\n\r\n");
    expect(fd, 200, body);
    close(fd);
    free(body);
}

static void large_bodies_are_refused(void **state)
{
    char head[160], *body = filler(MIB);
    struct response r;
    int fd;

    (void)state;
    start(10, 5000);
    fd = dial(); /* one byte too many; a client that sends all of it before it reads */
    (void)snprintf(head, sizeof(head),
                   "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", BODY_MAX + 1);
    send_text(fd, head);
    assert_true(send_bytes(fd, body, BODY_MAX + 1));
    assert_true(read_response(fd, &r, true));
    assert_int_equal(r.status, 413);
    assert_string_equal(r.body,
                        "{\"type\":\"about:blank\",\"title\":\"Content Too Large\",\"status\":413,"
                        "\"detail\":\"the body is larger than this call takes\"}");
    expect_end(fd);

    fd = dial(); /* much too many, the same */
    (void)snprintf(head, sizeof(head),
                   "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", 10 * MIB);
    send_text(fd, head);
    for (unsigned i = 0; i < 10; i++)
        assert_true(send_bytes(fd, body, MIB));
    expect(fd, 413, NULL);
    expect_end(fd);

    fd = dial(); /* by chunks */
    send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (unsigned i = 0; i < 10; i++) {
        send_text(fd, "100000\r\n");
        assert_true(send_bytes(fd, body, MIB));
        send_text(fd, "\r\n");
    }
    send_text(fd, "0\r\n\r\n");
    expect(fd, 413, NULL);
    expect_end(fd);
    assert_int_equal(n_handled, 0);
    expect_served();
    free(body);
}

static void hopeless_bodies_are_refused_at_once(void **state)
{
    int fd;

    (void)state;
    start(10, 5000);
    fd = dial(); /* a client that waits for leave */
    send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n"
                  "Expect: 100-continue\r\n\r\n");
    expect(fd, 413, NULL);
    expect_end(fd);
    fd = dial();
    send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000000\r\n\r\n");
    expect(fd, 413, NULL);
    expect_end(fd);
    fd = dial(); /* no number, or none that fits */
    send_text(fd,
              "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n");
    expect_end(fd);
    fd = dial();
    send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n");
    expect_end(fd);
    assert_int_equal(n_handled, 0);
    fd = dial(); /* and one that gets it */
    send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                  "Expect: 100-continue\r\n\r\n");
    send_text(fd, "ok");
    expect(fd, 200, "ok");
    close(fd);
}

static size_t resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    char line[128];

    assert_non_null(f);
    assert_non_null(fgets(line, sizeof(line), f));
    (void)fclose(f);
    return strtoul(strchr(line, ' '), NULL, 10) * 4096;
}

static void endless_input_is_cut_and_not_kept(void **state)
{
    char *mib = filler(MIB);
    size_t before = resident_bytes();
    bool is_taken = true;
    unsigned n;
    int fd;

    (void)state;
    start(10, 60000);
    fd = dial();
    send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (n = 0; n < 100 && is_taken; n++)
        is_taken = send_bytes(fd, "100000\r\n", 8) && send_bytes(fd, mib, MIB) &&
                   send_bytes(fd, "\r\n", 2);
    assert_false(is_taken);
    expect_end(fd);

    fd = dial(); /* one header without an end */
    assert_true(send_bytes(fd, "GET /echo HTTP/1.1\r\nHost: x\r\nX: ", 32));
    for (n = 0, is_taken = true; n < 100 && is_taken; n++)
        is_taken = send_bytes(fd, mib, MIB);
    assert_false(is_taken);
    expect_end(fd);

    fd = dial(); /* many */
    (void)send_bytes(fd, "GET /echo HTTP/1.1\r\nHost: x\r\n", 29);
    for (n = 0, is_taken = true; n < 1000000 && is_taken; n++)
        is_taken = send_bytes(fd, "X-A: b\r\n", 8);
    assert_false(is_taken);
    expect_end(fd);

    fd = dial(); /* a request line without an end, and none at all */
    for (n = 0, is_taken = true; n < 100 && is_taken; n++)
        is_taken = send_bytes(fd, mib, MIB);
    assert_false(is_taken);
    expect_end(fd);
    assert_int_equal(n_handled, 0);
    assert_true(resident_bytes() < before + (size_t)40 * MIB);
    expect_served();
    free(mib);
}

static void what_is_no_http_is_refused(void **state)
{
    static const char *const texts[] = {
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "GET\r\n\r\n",
        "GET /echo HTTP/1.1\r\nno colon\r\nHost: x\r\n\r\n",
        "GET /echo HTTP/1.1\r\n\r\n", /* no Host */
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: five\r\n\r\nabcde",
    };

    (void)state;
    start(10, 1000);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        int fd = dial();

        send_text(fd, texts[i]);
        (void)shutdown(fd, SHUT_WR);
        expect_end(fd);
        assert_int_equal(n_handled, 0);
    }
    expect_served();
}

/* ---- time ---- */

static void slow_clients_are_cut(void **state)
{
    static const char *const texts[] = {
        "",
        "GET /ec",
        "GET /echo HTTP/1.1\r\nHost: x\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n"};
    int fds[ARRAY_LEN(texts)];

    (void)state;
    start(10, 100);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        fds[i] = dial();
        send_text(fds[i], texts[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        expect_end(fds[i]);
    assert_int_equal(n_handled, 0);
    expect_served();
}

/* Each byte comes soon after the last. */
static void dripping_clients_are_cut(void **state)
{
    int64_t end_ms = clock_mono_ms() + WAIT_MS;
    bool is_taken = true;
    int fd;

    (void)state;
    start(10, 300);
    fd = dial();
    send_text(fd, "GET /echo HTTP/1.1\r\nHost: x\r\nX: ");
    while (is_taken && clock_mono_ms() < end_ms) {
        is_taken = send_bytes(fd, "a", 1);
        turn();
        (void)poll(NULL, 0, 10);
    }
    assert_false(is_taken);
    expect_end(fd);
    assert_int_equal(n_handled, 0);
}

static void idle_connections_are_closed_and_held_ones_are_not(void **state)
{
    int idle, holding;

    (void)state;
    start(10, 100);
    holding = dial();
    send_text(holding, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for_held(1);
    idle = dial();
    send_text(idle, "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(idle, 200, "hello");
    expect_end(idle); /* by then the other one has waited for longer */
    answer(held[0], 200, SPAN("late"));
    expect(holding, 200, "late");
    close(holding);
}

static void who_does_not_take_the_answer_is_cut(void **state)
{
    unsigned fds;
    int fd;

    (void)state;
    large = filler(LARGE);
    start(10, 100);
    fds = count_fds();
    fd = dial();
    send_text(fd, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for_fds(fds + 1); /* the server's end is gone */
    expect_end(fd);
    assert_int_equal(n_handled, 1);
    expect_served();
    free(large);
}

static void large_answers_arrive_whole(void **state)
{
    struct response r;
    char byte;
    int fd;

    (void)state;
    large = filler(LARGE);
    start(10, 10000);
    fd = dial();
    send_text(fd, "GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    memset(&r, 0, sizeof(r));
    assert_true(read_head(fd, &r));
    for (size_t left = LARGE; left > 0;) {
        static char part[65536];
        ssize_t n = recv(fd, part, sizeof(part), MSG_DONTWAIT);

        assert_true(n > 0 || (n < 0 && errno == EAGAIN));
        left -= n > 0 ? (size_t)n : 0;
        turn();
    }
    assert_int_equal(read_byte(fd, &byte), 0);
    close(fd);
    free(large);
}

/* ---- ends ---- */

static void a_client_goes_while_its_exchange_is_held(void **state)
{
    unsigned fds;
    int fd;

    (void)state;
    start(10, 5000);
    fds = count_fds();
    fd = dial();
    send_text(fd, "POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
    wait_for_held(1);
    close(fd);
    expect_served();
    assert_int_equal(http_server_pending(server), 1);
    assert_string_equal(http_path(held[0]), "/hold");
    answer(held[0], 200, SPAN("nobody hears"));
    assert_int_equal(http_server_pending(server), 0);
    wait_for_fds(fds);
    expect_served();
}

static void close_answers_for_those_that_are_held(void **state)
{
    struct response r;
    int first, second, idle;

    (void)state;
    start(10, 5000);
    first = dial();
    send_text(first, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for_held(1);
    second = dial();
    send_text(second, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for_held(2);
    idle = dial();
    turn();
    close_server();
    assert_true(read_response(first, &r, true));
    assert_int_equal(r.status, 503);
    assert_true(read_response(second, &r, true));
    assert_int_equal(r.status, 503);
    expect_end(first);
    expect_end(second);
    expect_end(idle);
    for (unsigned i = 0; i < 2; i++) { /* lent texts are gone, not dangling */
        assert_string_equal(http_method(held[i]), "");
        assert_null(http_header(held[i], "Host"));
        assert_null(http_query(held[i], "a"));
        answer(held[i], 200, SPAN("nobody hears"));
    }
}

static void an_answer_and_close_in_one_turn(void **state)
{
    int fd;

    (void)state;
    start(10, 5000);
    fd = dial();
    send_text(fd, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for_held(1);
    answer(held[0], 200, SPAN("last"));
    close_server();
    expect(fd, 200, "last");
    expect_end(fd);
}

static void after_stop_those_who_are_there_may_finish(void **state)
{
    struct response r;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd, other;

    (void)state;
    start(10, 5000);
    a.sin_port = htons((uint16_t)http_server_port(server));
    fd = dial();
    send_text(fd, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for_held(1);
    http_server_stop(server);
    http_server_stop(server);
    other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(other, (struct sockaddr *)&a, sizeof(a)), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(other);
    answer(held[0], 200, SPAN("done"));
    assert_true(read_response(fd, &r, true));
    assert_string_equal(r.body, "done");
    assert_non_null(strstr(r.head, "\r\nConnection: close\r\n"));
    expect_end(fd);
}

/* ---- many ---- */

static void the_longest_waiting_makes_room(void **state)
{
    enum { CLIENTS = 2000, MOST = 500 };
    static int fds[CLIENTS];
    unsigned before, n_closed = 0;
    char byte;

    (void)state;
    start(MOST, 60000);
    before = count_fds();
    for (unsigned i = 0; i < CLIENTS; i++) {
        fds[i] = dial();
        turn();
        if (i == MOST - 2) /* all places but one are taken */
            wait_for_fds(before + 2 * (MOST - 1));
    }
    expect_served();
    assert_true(count_fds() <= before + CLIENTS + MOST);
    assert_int_equal(read_byte(fds[0], &byte), 0);
    for (unsigned i = 0; i < CLIENTS; i++)
        n_closed += recv(fds[i], &byte, 1, MSG_DONTWAIT) == 0;
    assert_true(n_closed >= CLIENTS - MOST);
    assert_int_equal(recv(fds[CLIENTS - 1], &byte, 1, MSG_DONTWAIT), -1); /* the last one stays */
    send_text(fds[CLIENTS - 1], "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(fds[CLIENTS - 1], 200, "hello");
    for (unsigned i = 0; i < CLIENTS; i++)
        close(fds[i]);
    wait_for_fds(before);
}

/* Slow bodies in all places, and one exchange that is held, which nobody may take away. */
static void slow_bodies_make_room_too(void **state)
{
    enum { MOST = 20, CLIENTS = 60 };
    int fds[CLIENTS], holding;

    (void)state;
    start(MOST, 60000);
    holding = dial();
    send_text(holding, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for_held(1);
    for (unsigned i = 0; i < CLIENTS; i++) {
        fds[i] = dial();
        send_text(fds[i], "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nab");
    }
    expect_served();
    answer(held[0], 200, SPAN("still here"));
    expect(holding, 200, "still here");
    close(holding);
    for (unsigned i = 0; i < CLIENTS; i++)
        close(fds[i]);
}

/* ---- addresses ---- */

static void refuse_address(const char *address, const char *words)
{
    struct http_server_options o = {.listen = address,
                                    .connections_max = 10,
                                    .receive_ms = 1000,
                                    .handle = handle,
                                    .body_max = body_max};
    struct http_server *s;
    struct diag diag = {""};

    assert_int_equal(http_server_new(&s, &l, &o, &diag), -EINVAL);
    assert_memory_equal(diag.text, "listen: ", 8);
    assert_non_null(strstr(diag.text, words));
}

static void addresses(void **state)
{
    char taken[40];

    (void)state;
    refuse_address("8080", "expected an address and a port");
    refuse_address("", "expected");
    refuse_address("127.0.0.1", "expected");
    refuse_address("127.0.0.1:", "expected");
    refuse_address("127.0.0.1:70000", "expected");
    refuse_address("127.0.0.1:-1", "expected");
    refuse_address("127.0.0.1:http", "expected");
    refuse_address("localhost:80", "expected");
    refuse_address("::1", "expected");
    refuse_address("8.8.8.8:0", "Cannot assign requested address");
    start(10, 1000);
    (void)snprintf(taken, sizeof(taken), "127.0.0.1:%u", http_server_port(server));
    refuse_address(taken, "Address already in use");
}

/* libuv's own two descriptors come with the first loop, and stay. */
static int warm_up(void **state)
{
    (void)state;
    if (loop_init(&l))
        return -1;
    loop_fini(&l);
    return 0;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        T(answers_at_once_and_keeps_the_connection),
        T(answers_later),
        T(pipelined_requests_are_answered_in_order),
        T(many_pipelined_requests),
        T(chunked_bodies_are_put_together),
        T(extensions_of_chunks_do_no_harm),
        T(every_method_reaches_the_handler),
        T(paths_come_as_they_are_and_queries_decoded),
        T(bodies_of_the_largest_size_are_taken),
        T(large_bodies_are_refused),
        T(hopeless_bodies_are_refused_at_once),
        T(endless_input_is_cut_and_not_kept),
        T(what_is_no_http_is_refused),
        T(slow_clients_are_cut),
        T(dripping_clients_are_cut),
        T(idle_connections_are_closed_and_held_ones_are_not),
        T(who_does_not_take_the_answer_is_cut),
        T(large_answers_arrive_whole),
        T(a_client_goes_while_its_exchange_is_held),
        T(close_answers_for_those_that_are_held),
        T(an_answer_and_close_in_one_turn),
        T(after_stop_those_who_are_there_may_finish),
        T(the_longest_waiting_makes_room),
        T(slow_bodies_make_room_too),
        T(addresses),
    };
    struct rlimit limit;

    (void)signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    return cmocka_run_group_tests(tests, warm_up, NULL);
}
