/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/clock.h"
#include "tests/support/http_fixture.h"
#include <poll.h>

/* ---- answers ---- */

static void test_reuses_the_connection(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 20; i++) {
        struct probe p = {.n_done = 0};

        start(f, &p, "/ok", 10000);
        wait_done(&p);
        check_ok(&p, 200, "fine");
        assert_true(i == 0 ? p.result.connect_us > 0 : p.result.connect_us == 0);
    }
    assert_int_equal(f->server->n_accepted, 1);
    assert_int_equal(http_client_stats(f->client).connects, 1);
    assert_int_equal(http_client_stats(f->client).calls, 20);
    assert_int_equal(http_client_stats(f->client).in_flight, 0);
}

static void test_answers(void **state)
{
    struct fixture *f = *state;

    call_ok(f, "/204", 204, "");
    call_ok(f, "/chunked", 200, "first, second");
    call_ok(f, "/redirect", 302, "");
    call_ok(f, "/nowhere", 404, "no such script");
    call_ok(f, "/continue", 200, "late");
    call_ok(f, "/ok", 200, "fine");
    assert_int_equal(f->server->n_accepted, 1);
    assert_int_equal(f->server->n_requests, 6); /* the redirect was not followed */
    call_ok(f, "/bye", 200, "bye");
    call_ok(f, "/ok", 200, "fine");
    assert_int_equal(f->server->n_accepted, 2);
}

static void test_retry_after(void **state)
{
    struct fixture *f = *state;
    struct probe p = {.n_done = 0};

    start(f, &p, "/later", 10000);
    wait_done(&p);
    check_ok(&p, 503, "later");
    assert_string_equal(p.retry_after, "120");
    assert_int_equal(p.result.retry_after.len, 3);
    start(f, &p, "/ok", 10000); /* the same handle: nothing is left over */
    wait_done(&p);
    assert_string_equal(p.retry_after, "");
    start(f, &p, "/continue", 10000); /* what a 103 says is not the answer's */
    wait_done(&p);
    assert_string_equal(p.retry_after, "");
    start(f, &p, "/later-long", 10000); /* over 256 bytes: ignored */
    wait_done(&p);
    check_ok(&p, 503, "");
    assert_string_equal(p.retry_after, "");
}

static void test_what_is_sent(void **state)
{
    static const struct span lines[] = {
        {"Content-Type: application/json; charset=utf-8", 45},
        {"X-Empty: ", 9},
        {"X-Signature: v1,abc=", 20},
        {"X-Colons: a:b: :", 16}, /* a value's last colon is no name's */
    };
    struct fixture *f = *state;
    struct probe p = {.call = {.headers = lines, .n_headers = 4, .body = SPAN("a\0b")}};
    char expected[512];

    start(f, &p, "/echo?x=1&y=%20", 10000);
    wait_done(&p);
    (void)snprintf(expected, sizeof(expected),
                   "POST /echo?x=1&y=%%20 HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                   "Content-Type: application/json; charset=utf-8\r\nX-Empty:\r\n"
                   "X-Signature: v1,abc=\r\nX-Colons: a:b: :\r\nContent-Length: 3\r\n\r\na",
                   f->server->port);
    assert_string_equal(f->server->last_request, expected);
}

static void test_nothing_is_added(void **state)
{
    struct fixture *f = *state;
    struct probe p = {.call = {.headers = plain_headers, .n_headers = 0}};
    char expected[512], *body = malloc(200001);

    memset(body, 'b', 200000);
    body[200000] = '\0';
    p.call.body = (struct span){body, 200000}; /* curl would send Expect for such a size */
    start(f, &p, "/ok", 10000);
    wait_done(&p);
    check_ok(&p, 200, "fine");
    (void)snprintf(expected, sizeof(expected),
                   "POST /ok HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: 200000\r\n\r\nbbb",
                   f->server->port);
    assert_memory_equal(f->server->last_request, expected, strlen(expected));
    p.call.body = (struct span){body, 0};
    start(f, &p, "/ok", 10000);
    wait_done(&p);
    check_ok(&p, 200, "fine");
    assert_non_null(strstr(f->server->last_request, "Content-Length: 0\r\n\r\n"));
    free(body);
}

static void test_bad_headers_are_not_sent(void **state)
{
    static const struct span split[] = {{"X-A: b\r\nX-C: d", 14}};
    static const struct span nul[] = {{"X-A: b\0c", 8}};
    struct fixture *f = *state;
    struct span *many = calloc(65, sizeof(*many));
    struct probe p = {.call = {.headers = split, .n_headers = 1}};

    start(f, &p, "/ok", 10000);
    wait_done(&p);
    check_error(&p, OUTCOME_UNKNOWN_ERROR, "a request header holds CR, LF or NUL; expected none");
    p.call.headers = nul;
    start(f, &p, "/ok", 10000);
    wait_done(&p);
    check_error(&p, OUTCOME_UNKNOWN_ERROR, "CR, LF or NUL");
    for (unsigned i = 0; i < 65; i++)
        many[i] = SPAN("X-A: b");
    p.call.headers = many;
    p.call.n_headers = 65;
    start(f, &p, "/ok", 10000);
    wait_done(&p);
    check_error(&p, OUTCOME_UNKNOWN_ERROR, "too many request headers");
    p.call.n_headers = 64;
    start(f, &p, "/ok", 10000);
    wait_done(&p);
    check_ok(&p, 200, "fine");
    assert_int_equal(f->server->n_requests, 1);
    free(many);
}

static void test_huge_body_counts_by_its_status(void **state)
{
    struct fixture *f = *state;
    struct probe p = {.n_done = 0};

    start(f, &p, "/huge-body", 10000);
    wait_done(&p);
    assert_int_equal(p.result.error, OUTCOME_OK);
    assert_int_equal(p.result.status, 200);
    assert_int_equal(p.result.body.len, 1024); /* response_bytes_kept */
    call_ok(f, "/ok", 200, "fine");
    assert_int_equal(f->server->n_accepted, 2); /* the first one was closed */
}

static void test_huge_headers(void **state)
{
    struct fixture *f = *state;

    call_error(f, "/many-headers", 10000, OUTCOME_NETWORK_ERROR,
               "the answer's headers exceed 256 lines or 64 KiB");
    call_error(f, "/big-headers", 10000, OUTCOME_NETWORK_ERROR, "the answer's headers exceed");
    call_error(f, "/long-header", 10000, OUTCOME_NETWORK_ERROR, "");
    call_ok(f, "/ok", 200, "fine");
}

static void test_broken_answers(void **state)
{
    struct fixture *f = *state;

    call_error(f, "/garbage", 10000, OUTCOME_NETWORK_ERROR, "HTTP");
    call_error(f, "/close", 10000, OUTCOME_NETWORK_ERROR, "Empty reply");
    call_error(f, "/reset", 10000, OUTCOME_NETWORK_ERROR, "reset");
    call_error(f, "/truncated", 10000, OUTCOME_NETWORK_ERROR, "");
    call_error(f, "/bad-chunk", 10000, OUTCOME_NETWORK_ERROR, "");
    call_ok(f, "/ok", 200, "fine");
    /* On a reused connection curl has no timer that would find it: the loop must tell. */
    call_error(f, "/reset-later", 10000, OUTCOME_NETWORK_ERROR, "closed before an answer came");
    call_ok(f, "/ok", 200, "fine");
}

/* curl would send it again by itself, and the receiver would count two. */
static void test_dead_connection_is_not_sent_to_again(void **state)
{
    struct fixture *f = *state;
    struct probe p = {.call = {.may_send = on_may_send}, .allows = true};

    call_ok(f, "/once", 200, "once");
    start(f, &p, "/once", 10000);
    wait_done(&p);
    check_error(&p, OUTCOME_NETWORK_ERROR, "the connection was closed before an answer came");
    assert_true(p.result.started_us > 0);
    assert_int_equal(p.n_asked, 1);
    assert_int_equal(f->server->n_requests, 2);
    assert_int_equal(f->server->n_accepted, 1);
}

/* A pooled handle that carried other calls before must not go back to where they went. */
static void test_dead_connection_and_other_targets(void **state)
{
    struct fixture *f = *state;
    struct scripted_server *other = server_start();
    struct probe p = {.n_done = 0};
    char url[256];

    start_url(f, &p, url_on(url, "http", "127.0.0.1", other->port, "/ok"), 10000);
    wait_done(&p);
    call_ok(f, "/once", 200, "once");
    call_error(f, "/once", 10000, OUTCOME_NETWORK_ERROR, "closed before an answer came");
    assert_int_equal(other->n_requests, 1);
    assert_int_equal(other->n_accepted, 1);
    start_url(f, &p, url, 10000);
    wait_done(&p);
    check_ok(&p, 200, "fine");
    assert_int_equal(other->n_accepted, 1); /* its idle connection was not touched */
    server_stop(other);
}

/* ---- deadlines ---- */

static void check_took(const struct probe *p, int64_t from_us, int64_t ms)
{
    assert_in_range(p->result.ended_us - from_us, (ms - 5) * 1000, (ms + 3000) * 1000);
}

static void test_deadline_covers(struct fixture *f, const char *url, const char *words)
{
    struct probe p = {.n_done = 0};
    int64_t from_us = clock_mono_us();

    start_url(f, &p, url, 150);
    wait_done(&p);
    check_error(&p, OUTCOME_TIMEOUT, "no answer within 150 ms: ");
    check_error(&p, OUTCOME_TIMEOUT, words);
    check_took(&p, from_us, 150);
}

static void test_deadline_of_the_answer(void **state)
{
    struct fixture *f = *state;
    unsigned port = f->server->port;
    char url[256];

    test_deadline_covers(f, url_on(url, "http", "127.0.0.1", port, "/silent"),
                         "the request was sent, nothing came back");
    test_deadline_covers(f, url_on(url, "http", "127.0.0.1", port, "/drip-headers"),
                         "the answer began but did not end");
    test_deadline_covers(f, url_on(url, "http", "127.0.0.1", port, "/drip-body"),
                         "the answer began but did not end");
    call_ok(f, "/ok", 200, "fine");
}

static void test_deadline_of_the_handshake(void **state)
{
    struct fixture *f = *state;
    char url[256];

    test_deadline_covers(f, url_on(url, "https", "127.0.0.1", f->server->port, "/"),
                         "the TLS handshake did not end");
}

/* A look-up that hangs must neither hold its call beyond the deadline nor the loop. */
static void test_deadline_of_the_name(void **state)
{
    struct fixture *f = *state;
    char url[256];

    set_policy(f, "127.0.0.0/8", "80");
    test_deadline_covers(f, url_on(url, "http", "slow.test", 80, "/ok"),
                         "the host name was not resolved");
    assert_int_equal(looking(), 1);
    call_ok(f, "/ok", 200, "fine");
}

/* curl closed the socket in silence: its number must be free for somebody else's handle. */
static void check_numbers_are_free(struct fixture *f)
{
    uv_poll_t polls[4];
    int fds[4];

    for (unsigned i = 0; i < ARRAY_LEN(polls); i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(uv_poll_init(&f->loop.uv, &polls[i], fds[i]), 0);
    }
    for (unsigned i = 0; i < ARRAY_LEN(polls); i++)
        uv_close((uv_handle_t *)&polls[i], NULL);
    uv_run(&f->loop.uv, UV_RUN_NOWAIT);
    for (unsigned i = 0; i < ARRAY_LEN(polls); i++)
        close(fds[i]);
}

/* A listener that is full answers no SYN. */
static void test_deadline_of_the_connection(void **state)
{
    struct fixture *f = *state;
    uint16_t port;
    int listener = listen_on_loopback(&port, 0), fds[8];
    char url[256];

    for (unsigned i = 0; i < ARRAY_LEN(fds); i++) {
        struct sockaddr_in a = {
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};

        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fds[i], (struct sockaddr *)&a, sizeof(a));
    }
    test_deadline_covers(f, url_on(url, "http", "127.0.0.1", port, "/"), "no connection was made");
    check_numbers_are_free(f);
    for (unsigned i = 0; i < ARRAY_LEN(fds); i++)
        close(fds[i]);
    close(listener);
}

static void test_deadline_of_the_request(void **state)
{
    struct fixture *f = *state;
    struct probe p = {.n_done = 0};
    uint16_t port;
    int listener = listen_on_loopback(&port, 8); /* connects, and reads nothing */
    size_t len = 32 << 20;
    char url[256], *body = calloc(1, len);

    p.call.body = (struct span){body, len};
    start_url(f, &p, url_on(url, "http", "127.0.0.1", port, "/"), 300);
    wait_done(&p);
    check_error(&p, OUTCOME_TIMEOUT, "no answer within 300 ms: the request was not taken in full");
    free(body);
    close(listener);
}

/* ---- no connection ---- */

static void test_refused(void **state)
{
    struct fixture *f = *state;
    struct probe p = {.n_done = 0};
    uint16_t port;
    char url[256];

    close(listen_on_loopback(&port, 1));
    start_url(f, &p, url_on(url, "http", "127.0.0.1", port, "/"), 10000);
    wait_done(&p);
    check_error(&p, OUTCOME_NETWORK_ERROR, "Connection refused");
    assert_int_equal(p.result.started_us, 0);
    check_numbers_are_free(f);
}

static void test_second_address(void **state)
{
    struct fixture *f = *state;
    struct probe p = {.n_done = 0};
    char url[256], ports[16];

    (void)snprintf(ports, sizeof(ports), "%u", f->server->port);
    set_policy(f, "127.0.0.0/8", ports);
    start_url(f, &p, url_on(url, "http", "second.test", f->server->port, "/ok"), 10000);
    wait_done(&p);
    check_ok(&p, 200, "fine");
    assert_int_equal(http_client_stats(f->client).connects, 2);
    start_url(f, &p, url, 10000);
    wait_done(&p);
    check_ok(&p, 200, "fine");
    assert_int_equal(f->server->n_accepted, 1);
}

/* connect() itself fails: a socket that curl never asks us to watch. */
static void test_unreachable(void **state)
{
    struct fixture *f = *state;
    struct probe p = {.n_done = 0};

    call_ok(f, "/ok", 200, "fine");
    start_url(f, &p, "http://127.255.255.255/", 10000);
    wait_done(&p);
    check_error(&p, OUTCOME_NETWORK_ERROR, "Failed to connect to 127.255.255.255 port 80");
}

static void test_missing_name(void **state)
{
    struct fixture *f = *state;
    struct probe p = {.n_done = 0};

    start_url(f, &p, "http://missing.test/", 10000);
    wait_done(&p);
    check_error(&p, OUTCOME_NETWORK_ERROR, "Could not resolve host: missing.test");
}

/* ---- egress ---- */

static int new_target(struct fixture *f, const char *url, struct diag *diag)
{
    struct http_target *t = NULL;
    int r = http_target_new(&t, f->client, &(struct http_target_options){.url = url}, diag);

    if (r)
        assert_null(t);
    http_target_unref(t);
    return r;
}

static void test_egress_of_targets(void **state)
{
    struct fixture *f = *state;
    struct diag diag = {""};

    assert_int_equal(new_target(f, "http://10.0.0.1/", &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "10.0.0.1 may not be called: private network"));
    assert_int_equal(new_target(f, "ftp://example.com/", &diag), -EINVAL);
    assert_int_equal(new_target(f, "not a url", &diag), -EINVAL);
    assert_int_equal(new_target(f, "", &diag), -EINVAL);
}

static void test_egress_of_names(void **state)
{
    struct fixture *f = *state;
    struct probe p = {.n_done = 0};

    start_url(f, &p, "http://private.test/", 10000);
    wait_done(&p);
    check_error(&p, OUTCOME_INVALID_URL, "10.1.2.3 may not be called: private network");
    start_url(f, &p, "http://privates.test/", 10000); /* several addresses, all refused */
    wait_done(&p);
    check_error(&p, OUTCOME_INVALID_URL, " may not be called: ");
    assert_int_equal(http_client_stats(f->client).connects, 0);
}

static void test_egress_picks_the_allowed_address(void **state)
{
    struct fixture *f = *state;
    struct probe p = {.n_done = 0};
    char url[256], ports[16];

    (void)snprintf(ports, sizeof(ports), "%u", f->server->port);
    set_policy(f, "127.0.0.0/8", ports);
    start_url(f, &p, url_on(url, "http", "both.test", f->server->port, "/ok"), 10000);
    wait_done(&p);
    check_ok(&p, 200, "fine");
    assert_int_equal(http_client_stats(f->client).connects, 1);
}

/* The policy is asked anew for each connection, not for each call. */
static void test_egress_with_an_empty_list(void **state)
{
    struct fixture *f = *state;
    struct probe p = {.n_done = 0};
    char url[256], ports[16];

    (void)snprintf(ports, sizeof(ports), "%u", f->server->port);
    set_policy(f, "", ports);
    start_url(f, &p, url_on(url, "http", "ok.test", f->server->port, "/ok"), 10000);
    wait_done(&p);
    check_error(&p, OUTCOME_INVALID_URL, "127.0.0.1 may not be called: loopback");
    assert_int_equal(new_target(f, "http://127.0.0.1/", NULL), -EINVAL);
    assert_int_equal(f->server->n_accepted, 0);
}

/* ---- may_send ---- */

static void test_owner_refuses(void **state)
{
    struct fixture *f = *state;
    struct probe p = {.call = {.may_send = on_may_send}, .allows = false};

    for (unsigned i = 0; i < 2; i++) { /* on a fresh connection, then on a reused one */
        start(f, &p, "/ok", 10000);
        wait_done(&p);
        check_error(&p, OUTCOME_UNKNOWN_ERROR, "not sent: refused by its owner");
        assert_true(p.result.is_refused_by_owner);
        assert_int_equal(p.result.started_us, 0);
        assert_int_equal(p.n_asked, i + 1);
        assert_int_equal(f->server->n_requests, i);
        call_ok(f, "/ok", 200, "fine");
        assert_int_equal(f->server->n_requests, i + 1);
    }
    p.allows = true;
    start(f, &p, "/ok", 10000);
    wait_done(&p);
    check_ok(&p, 200, "fine");
}

/* ---- cancel ---- */

static void wait_until_read(struct fixture *f, unsigned n_requests)
{
    while (f->server->n_requests < n_requests)
        uv_run(&f->loop.uv, UV_RUN_NOWAIT);
}

static void test_cancel_at_once(void **state)
{
    struct fixture *f = *state;
    struct probe p = {.n_done = 0};

    start(f, &p, "/ok", 10000);
    cancel_and_check(f, &p);
    assert_int_equal(p.result.started_us, 0);
    assert_int_equal(f->server->n_requests, 0);
}

static void test_cancel_in_each_phase(void **state)
{
    struct fixture *f = *state;
    struct probe p = {.n_done = 0};
    char url[256];

    start_url(f, &p, "http://slow.test/", 10000);
    while (looking() == 0)
        uv_run(&f->loop.uv, UV_RUN_NOWAIT);
    cancel_and_check(f, &p);

    start_url(f, &p, url_on(url, "https", "127.0.0.1", f->server->port, "/"), 10000);
    while (f->server->n_accepted == 0)
        uv_run(&f->loop.uv, UV_RUN_NOWAIT);
    cancel_and_check(f, &p); /* in the handshake */

    start(f, &p, "/silent", 10000);
    wait_until_read(f, 1);
    cancel_and_check(f, &p);
    assert_true(p.result.started_us > 0);

    start(f, &p, "/drip-body", 10000);
    wait_until_read(f, 2);
    for (unsigned i = 0; i < 3; i++)
        uv_run(&f->loop.uv, UV_RUN_ONCE);
    cancel_and_check(f, &p);
    call_ok(f, "/ok", 200, "fine");
}

static void test_cancel_of_a_failed_start(void **state)
{
    static const struct span split[] = {{"X-A: b\nX-C: d", 13}};
    struct fixture *f = *state;
    struct probe p = {.call = {.headers = split, .n_headers = 1}};

    start(f, &p, "/ok", 10000);
    cancel_and_check(f, &p);
}

/* Both answers come in the same turn; the first one's owner cancels the second. */
static void test_cancel_from_a_callback(void **state)
{
    struct fixture *f = *state;
    struct probe p[2] = {{.hits_client = true}, {.hits_client = true}};
    unsigned n_cancelled = 0;

    p[0].victim = &p[1];
    p[1].victim = &p[0];
    f->server->gather = 2;
    start(f, &p[0], "/gather", 10000);
    start(f, &p[1], "/gather", 10000);
    wait_done(&p[0]);
    wait_done(&p[1]);
    for (unsigned i = 0; i < 2; i++)
        n_cancelled += strcmp(p[i].result.message, "cancelled") == 0;
    assert_int_equal(n_cancelled, 1);
}

/* ---- owners that go on ---- */

struct chain {
    struct probe probe;
    unsigned n_left;
};

static void on_chain_done(struct http_call *call, const struct attempt_result *result)
{
    struct chain *c = container_of(call, struct chain, probe.call);

    copy_result(&c->probe, result);
    check_ok(&c->probe, 200, "fine");
    if (--c->n_left == 0) {
        c->probe.n_done++;
        return;
    }
    http_target_ref(call->target);
    http_call_start(c->probe.f->client, call);
    http_target_unref(call->target);
}

static void test_owner_starts_from_the_callback(void **state)
{
    struct fixture *f = *state;
    struct chain c = {.n_left = 200};

    start(f, &c.probe, "/ok", 10000);
    c.probe.call.done = on_chain_done;
    wait_done(&c.probe);
    assert_int_equal(f->server->n_requests, 200);
    assert_int_equal(f->server->n_accepted, 1 + (http_client_stats(f->client).connects > 1));
}

static void on_last_done(struct http_call *call, const struct attempt_result *result)
{
    struct probe *p = container_of(call, struct probe, call);

    p->n_done++;
    copy_result(p, result);
    http_client_close(p->f->client, on_client_closed, p->f);
}

static void test_owner_closes_from_the_callback(void **state)
{
    struct fixture *f = *state;
    struct probe p = {.n_done = 0};

    start(f, &p, "/ok", 10000);
    p.call.done = on_last_done;
    wait_done(&p);
    check_ok(&p, 200, "fine");
    while (!f->is_closed)
        uv_run(&f->loop.uv, UV_RUN_ONCE);
    client_open(f, NULL); /* for the teardown */
}

static void test_many_at_once(void **state)
{
    enum { N = 2000 };
    struct fixture *f = *state;
    struct probe *p = calloc(N, sizeof(*p));

    f->server->gather = N; /* all are in flight before any is answered */
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < N; i++) {
            p[i].call.shard = i;
            start(f, &p[i], "/gather", 30000);
        }
        assert_int_equal(http_client_stats(f->client).in_flight, N);
        for (unsigned i = 0; i < N; i++) {
            wait_done(&p[i]);
            check_ok(&p[i], 200, "gathered");
        }
    }
    assert_int_equal(f->server->n_requests, 2 * N);
    assert_in_range(f->server->n_accepted, N, N + N / 10); /* the second round reused them */
    free(p);
}

/* Connections come and go, so that sockets get numbers that curl, the resolver and we had before.
 */
static void test_descriptor_numbers_come_again(void **state)
{
    static const char *const paths[] = {"/bye", "/close", "/reset", "/ok", "/truncated"};
    struct fixture *f = *state;
    struct probe p[8];
    char url[256], ports[16];

    (void)snprintf(ports, sizeof(ports), "%u", f->server->port);
    set_policy(f, "127.0.0.0/8", ports);
    for (unsigned round = 0; round < 60; round++) {
        memset(p, 0, sizeof(p));
        for (unsigned i = 0; i < ARRAY_LEN(p); i++) {
            char host[32];

            (void)snprintf(host, sizeof(host), "n%u.test", (round * 8 + i) % 50);
            p[i].call.shard = i;
            start_url(f, &p[i],
                      url_on(url, "http", i % 2 ? host : "127.0.0.1", f->server->port,
                             paths[(round + i) % ARRAY_LEN(paths)]),
                      10000);
        }
        for (unsigned i = 0; i < ARRAY_LEN(p); i++) {
            bool is_answered = (round + i) % ARRAY_LEN(paths) % 3 == 0;

            wait_done(&p[i]);
            assert_int_equal(p[i].result.error, is_answered ? OUTCOME_OK : OUTCOME_NETWORK_ERROR);
        }
    }
}

/* The receiver closes while the connection is idle: no event storm, and the next call connects. */
static void test_idle_connection_is_closed_by_the_receiver(void **state)
{
    struct fixture *f = *state;
    struct scripted_server *other = server_start();
    struct probe p = {.n_done = 0};
    struct pollfd epoll = {.events = POLLIN};
    char url[256];
    uint16_t port = other->port;

    start_url(f, &p, url_on(url, "http", "127.0.0.1", port, "/ok"), 10000);
    wait_done(&p);
    server_stop(other);
    uv_run(&f->loop.uv, UV_RUN_ONCE); /* the news */
    uv_run(&f->loop.uv, UV_RUN_NOWAIT);
    epoll.fd = uv_backend_fd(&f->loop.uv);
    assert_int_equal(poll(&epoll, 1, 0), 0); /* heard once, and no longer */
    start_url(f, &p, url, 10000);
    wait_done(&p);
    check_error(&p, OUTCOME_NETWORK_ERROR, "Connection refused");
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        IT(reuses_the_connection),
        IT(answers),
        IT(retry_after),
        IT(what_is_sent),
        IT(nothing_is_added),
        IT(bad_headers_are_not_sent),
        IT(huge_body_counts_by_its_status),
        IT(huge_headers),
        IT(broken_answers),
        IT(dead_connection_is_not_sent_to_again),
        IT(dead_connection_and_other_targets),
        IT(deadline_of_the_answer),
        IT(deadline_of_the_handshake),
        IT(deadline_of_the_name),
        IT(deadline_of_the_connection),
        IT(deadline_of_the_request),
        IT(refused),
        IT(second_address),
        IT(unreachable),
        IT(missing_name),
        IT(egress_of_targets),
        IT(egress_of_names),
        IT(egress_picks_the_allowed_address),
        IT(egress_with_an_empty_list),
        IT(owner_refuses),
        IT(cancel_at_once),
        IT(cancel_in_each_phase),
        IT(cancel_of_a_failed_start),
        IT(cancel_from_a_callback),
        IT(owner_starts_from_the_callback),
        IT(owner_closes_from_the_callback),
        IT(many_at_once),
        IT(descriptor_numbers_come_again),
        IT(idle_connection_is_closed_by_the_receiver),
    };

    /* No environment may send a signed request by way of somebody else: all tests go past these. */
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("https_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    return cmocka_run_group_tests(tests, open_what_stays_open, NULL);
}
