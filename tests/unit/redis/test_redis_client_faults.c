/* SPDX-License-Identifier: Apache-2.0 */
/* test_redis_client_faults.c: redis_client against servers that are none, break off, or stay silent. */
#include "tests/support/redis_probe.h"
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* A server that says what the test tells it to; it moves on whenever a condition is looked at. */
static struct fake {
    int listener, fd, port;
    unsigned n_accepted;
    struct span on_accept, on_data;
    bool closes, resets; /* after saying that */
} fake;

static struct asked one, two;

static void listen_on(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                            .sin_port = htons((uint16_t)port)};
    socklen_t len = sizeof(a);
    int yes = 1;

    fake.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(setsockopt(fake.listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), 0);
    assert_int_equal(bind(fake.listener, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(fake.listener, 16), 0);
    assert_int_equal(getsockname(fake.listener, (struct sockaddr *)&a, &len), 0);
    fake.port = ntohs(a.sin_port);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static void say(struct span text)
{
    struct linger linger = {1, 0};

    if (text.len)
        assert_int_equal(send(fake.fd, text.data, text.len, MSG_NOSIGNAL), text.len);
    if (fake.resets)
        (void)setsockopt(fake.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    if (fake.closes || fake.resets)
        close_fd(&fake.fd);
}

static void serve(void)
{
    char input[4096];
    int fd = accept4(fake.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        close_fd(&fake.fd);
        fake.fd = fd;
        fake.n_accepted++;
        if (fake.on_accept.len || ((fake.closes || fake.resets) && !fake.on_data.len))
            say(fake.on_accept);
    }
    if (fake.fd >= 0 && recv(fake.fd, input, sizeof(input), 0) > 0 && fake.on_data.len)
        say(fake.on_data);
}

static int set_up(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    fake = (struct fake){.listener = -1, .fd = -1};
    one = two = (struct asked){0};
    probe.options = (struct redis_client_options){0};
    probe.on_connect = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    probe_close();
    close_fd(&fake.listener);
    close_fd(&fake.fd);
    return 0;
}

static void open_on_fake(void)
{
    char url[64];

    listen_on(0);
    (void)snprintf(url, sizeof(url), "redis://127.0.0.1:%d/0", fake.port);
    probe_open(url);
}

static bool has_come_thrice(void)
{
    serve();
    return fake.n_accepted >= 3;
}

static bool is_connected(void)
{
    serve();
    return redis_client_is_connected(probe.client);
}

static bool is_one_done(void)
{
    serve();
    return one.n_done > 0;
}

static bool are_both_done(void)
{
    serve();
    return one.n_done && two.n_done;
}

/* Whatever it is, it is no Redis: never connected, and tried again. */
static void expect_never_connected(void)
{
    open_on_fake();
    probe_ask(&one, "PING", 0);
    probe_wait(has_come_thrice);
    assert_int_equal(probe.n_connects, 0);
    assert_int_equal(probe.n_losses, 0); /* what was not there cannot be lost */
    assert_int_equal(one.n_done, 1);
    assert_int_equal(one.result, -ENOTCONN);
}

static void speaks_http(void **state)
{
    (void)state;
    fake.on_data = SPAN("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    fake.closes = true;
    expect_never_connected();
}

static void speaks_first(void **state)
{
    (void)state;
    fake.on_accept = SPAN("220 mail.example ESMTP\r\n");
    expect_never_connected();
}

static void has_too_many_clients(void **state)
{
    (void)state;
    fake.on_accept = SPAN("-ERR max number of clients reached\r\n");
    fake.closes = true;
    expect_never_connected();
}

static void wants_a_login(void **state)
{
    (void)state;
    fake.on_data = SPAN("-NOAUTH Authentication required.\r\n");
    expect_never_connected();
}

static void closes_at_once(void **state)
{
    (void)state;
    fake.closes = true;
    expect_never_connected();
}

static void resets_at_once(void **state)
{
    (void)state;
    fake.resets = true;
    expect_never_connected();
}

static void claims_a_large_reply(void **state)
{
    (void)state;
    fake.on_data = SPAN("*1048577\r\n");
    expect_never_connected();
}

static void never_answers(void **state)
{
    (void)state;
    probe.options.connect_ms = 40;
    expect_never_connected();
}

static bool is_thrice_connected(void)
{
    serve();
    return probe.n_connects >= 3;
}

/* hiredis' own async layer asserts that this does not happen. */
static void answers_what_nobody_asked(void **state)
{
    (void)state;
    open_on_fake();
    fake.on_data = SPAN("+OK\r\n+OK\r\n*1\r\n:1\r\n");
    probe_wait(is_thrice_connected); /* the first OK is the answer to our greeting */
    assert_true(probe.n_losses >= 2);
}

static void expect_loss_on(struct span answer)
{
    open_on_fake();
    fake.on_data = SPAN("+OK\r\n");
    probe_wait(is_connected);
    fake.on_data = answer;
    probe_ask(&one, "PING", 0);
    probe_ask(&two, "PING", 0);
    probe_wait(are_both_done);
    assert_int_equal(one.result, -ENOTCONN);
    assert_int_equal(two.result, -ENOTCONN);
    assert_int_equal(one.n_done + two.n_done, 2);
    assert_int_equal(probe.n_losses, 1);
    fake.on_data = SPAN("+OK\r\n");
    fake.closes = fake.resets = false;
    probe_wait(is_connected);
}

static void garbage_later_on(void **state)
{
    (void)state;
    expect_loss_on(SPAN("\x16\x03\x01garbage\r\n"));
}

static void breaks_off_in_a_reply(void **state)
{
    (void)state;
    open_on_fake();
    fake.on_data = SPAN("+OK\r\n");
    probe_wait(is_connected);
    fake.on_data = SPAN("*2\r\n$5\r\nhello\r\n$100\r\nabc");
    fake.closes = true;
    probe_ask(&one, "PING", 0);
    probe_wait(is_one_done);
    assert_int_equal(one.result, -ENOTCONN);
    assert_int_equal(one.n_done, 1);
}

static void is_reset_while_waiting(void **state)
{
    (void)state;
    open_on_fake();
    fake.on_data = SPAN("+OK\r\n");
    probe_wait(is_connected);
    fake.on_data = SPAN("$100\r\nabc");
    fake.resets = true;
    probe_ask(&one, "PING", 0);
    probe_wait(is_one_done);
    assert_int_equal(one.result, -ENOTCONN);
}

static bool is_time_over(void)
{
    static int64_t end_ms;

    serve();
    if (!end_ms)
        end_ms = clock_mono_ms() + 500;
    return clock_mono_ms() >= end_ms;
}

/* Rests of 25–50, 50–100, 100–200, 200–400 ms between the tries. */
static void does_not_try_without_rest(void **state)
{
    (void)state;
    fake.closes = true;
    open_on_fake();
    probe_wait(is_time_over);
    assert_true(fake.n_accepted >= 1 && fake.n_accepted <= 6);
}

static void refused_connect_is_reported_and_mended(void **state)
{
    int port;

    (void)state;
    open_on_fake();
    port = fake.port;
    close_fd(&fake.listener); /* nobody listens */
    for (int i = 0; i < 3; i++) {
        probe_ask(&one, "PING", 0);
        assert_int_equal(one.n_done, 0);
        probe_wait_asked(&one);
        assert_int_equal(one.result, -ENOTCONN);
    }
    assert_int_equal(probe.n_connects, 0);
    listen_on(port);
    fake.on_data = SPAN("+OK\r\n");
    probe_wait(is_connected);
}

static bool has_name_failed(void)
{
    return one.n_done > 0 && !redis_client_is_connected(probe.client);
}

static void name_that_cannot_be_found(void **state)
{
    (void)state;
    probe_open("redis://no-such-host.invalid:6379/0");
    for (int i = 0; i < 200; i++) /* through the look-up, its failure and the rest behind it */
        (void)uv_run(&probe.loop.uv, UV_RUN_NOWAIT);
    probe_ask(&one, "PING", 0);
    probe_wait(has_name_failed);
    assert_int_equal(one.result, -ENOTCONN);
}

static void unix_socket(void **state)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    char folder[] = "/tmp/grapnel-test-XXXXXX", url[128];

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/socket", folder);
    (void)snprintf(url, sizeof(url), "unix://%s/socket", folder);
    fake.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    probe_open(url); /* not there yet */
    probe_ask(&one, "PING", 0);
    probe_wait_asked(&one);
    assert_int_equal(one.result, -ENOTCONN);

    assert_int_equal(bind(fake.listener, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(fake.listener, 4), 0);
    fake.on_data = SPAN("+OK\r\n");
    probe_wait(is_connected);
    probe_ask(&one, "PING", 0);
    probe_wait(is_one_done);
    assert_int_equal(one.result, 0);
    assert_int_equal(unlink(a.sun_path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void close_while_name_is_looked_up(void **state)
{
    (void)state;
    probe_open("redis://no-such-host.invalid:6379/0");
    (void)uv_run(&probe.loop.uv, UV_RUN_NOWAIT); /* the look-up begins; tear_down closes */
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(speaks_http),
        T(speaks_first),
        T(has_too_many_clients),
        T(wants_a_login),
        T(closes_at_once),
        T(resets_at_once),
        T(claims_a_large_reply),
        T(never_answers),
        T(answers_what_nobody_asked),
        T(garbage_later_on),
        T(breaks_off_in_a_reply),
        T(is_reset_while_waiting),
        T(does_not_try_without_rest),
        T(refused_connect_is_reported_and_mended),
        T(name_that_cannot_be_found),
        T(unix_socket),
        T(close_while_name_is_looked_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
