/* SPDX-License-Identifier: Apache-2.0 */
/* test_redis_tls.c: rediss:// against a real redis-server: whom the client trusts, and whom not. */
#include "tests/support/redis_probe.h"
#include "tests/support/temp_redis.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct temp_redis server;
static int tls_port;
static char good_cert[128], good_key[128], other_cert[128], other_key[128];

static int free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    (void)close(fd);
    return ntohs(a.sin_port);
}

/* A self-signed certificate for @names in the server's folder. */
static void make_certificate(const char *stem, const char *names, char cert[128], char key[128])
{
    char command[1024];

    (void)snprintf(cert, 128, "%s/%s.crt", server.folder, stem);
    (void)snprintf(key, 128, "%s/%s.key", server.folder, stem);
    (void)snprintf(
        command, sizeof(command),
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN=test -addext 'subjectAltName=%s' -keyout %s -out %s 2>/dev/null",
        names, key, cert);
    assert_int_equal(system(command), 0);
}

static void serve_with(const char *cert, const char *key, const char *auth_clients)
{
    char command[1024];

    (void)snprintf(command, sizeof(command),
                   "CONFIG SET tls-port %d tls-cert-file %s tls-key-file %s tls-ca-cert-file %s "
                   "tls-auth-clients %s",
                   tls_port, cert, key, good_cert, auth_clients);
    assert_string_equal(temp_redis_cli(&server, command), "OK");
}

static int start_server(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    temp_redis_start(&server);
    /* localhost may be either; the reason that is logged must not be that nobody listens on ::1 */
    assert_string_equal(temp_redis_cli(&server, "CONFIG SET bind '127.0.0.1 -::1'"), "OK");
    tls_port = free_port();
    make_certificate("good", "DNS:localhost,IP:127.0.0.1", good_cert, good_key);
    make_certificate("other", "DNS:redis.example", other_cert, other_key);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    temp_redis_stop(&server);
    return 0;
}

/* probe_open() cannot be told of files, so the address is made here. */
static struct redis_address address;
static struct loop loop;
static struct redis_client *client;
static unsigned n_connects;
static char words[4096];

static int log_fd;
static struct timer look;
static int64_t give_up_ms, connect_ms; /* connect_ms 0: the client's default */

static void on_state(void *arg, bool is_connected)
{
    (void)arg;
    n_connects += is_connected;
}

/* The client logs what came of its first try, either way. */
static void on_look(void *arg)
{
    ssize_t n = read(log_fd, words, sizeof(words) - 1);

    (void)arg;
    words[MAX(n, 0)] = '\0';
    if (n > 0 || clock_mono_ms() > give_up_ms)
        loop_stop(&loop);
    else
        timer_start(&look, 2);
}

/* Tries to connect to @host, trusting @ca; what was logged is in `words`. Was it let in? */
static bool connects(const char *host, const char *ca, const char *cert, const char *key)
{
    struct redis_client_options o = {
        .address = &address, .on_state = on_state, .connect_ms = connect_ms};
    int fds[2], real = dup(STDERR_FILENO);
    struct diag diag;
    char url[128];

    (void)snprintf(url, sizeof(url), "rediss://%s:%d/0", host, tls_port);
    assert_int_equal(redis_address_parse(&address, url, &diag), 0);
    address.tls_ca_file = ca ? strdup(ca) : NULL;
    address.tls_cert_file = cert ? strdup(cert) : NULL;
    address.tls_key_file = key ? strdup(key) : NULL;
    assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
    (void)dup2(fds[1], STDERR_FILENO);

    n_connects = 0;
    assert_int_equal(loop_init(&loop), 0);
    log_fd = fds[0];
    give_up_ms = clock_mono_ms() + PROBE_WAIT_MS;
    assert_int_equal(timer_init(&look, &loop, on_look, NULL), 0);
    timer_start(&look, 0);
    assert_int_equal(redis_client_new(&client, &loop, &o), 0);
    assert_int_equal(loop_run(&loop), 0);
    redis_client_close(client, NULL, NULL);
    timer_close(&look, NULL);
    assert_int_equal(loop_run(&loop), 0);
    loop_fini(&loop);
    redis_address_fini(&address);

    (void)dup2(real, STDERR_FILENO);
    close(fds[0]);
    close(fds[1]);
    close(real);
    assert_true(*words); /* else nothing came of it in PROBE_WAIT_MS */
    return n_connects > 0;
}

static void trusts_the_right_server(void **state)
{
    (void)state;
    serve_with(good_cert, good_key, "no");
    assert_true(connects("localhost", good_cert, NULL, NULL));
    assert_true(connects("127.0.0.1", good_cert, NULL, NULL));
}

static void not_without_its_authority(void **state)
{
    (void)state;
    serve_with(good_cert, good_key, "no");
    assert_false(connects("localhost", NULL, NULL, NULL)); /* the system's authorities */
    assert_non_null(strstr(words, "self"));                /* "self-signed certificate" */
    assert_false(connects("localhost", other_cert, NULL, NULL));
}

/* A good certificate, but somebody else's. */
static void not_under_another_name(void **state)
{
    (void)state;
    serve_with(other_cert, other_key, "no");
    assert_false(connects("localhost", other_cert, NULL, NULL));
    assert_non_null(strstr(words, "hostname mismatch"));
    assert_false(connects("127.0.0.1", other_cert, NULL, NULL));
    assert_non_null(strstr(words, "IP address mismatch"));
}

static void shows_its_own_certificate(void **state)
{
    (void)state;
    serve_with(good_cert, good_key, "yes");
    assert_false(connects("localhost", good_cert, NULL, NULL));
    assert_true(connects("localhost", good_cert, good_cert, good_key));
}

static void server_without_tls(void **state)
{
    int port = tls_port;

    (void)state;
    tls_port = server.port;
    connect_ms = 200; /* it waits for the rest of what it takes for a command */
    assert_false(connects("localhost", good_cert, NULL, NULL));
    tls_port = port;
    connect_ms = 0;
}

static void expect_refused(const char *ca, const char *cert, const char *key)
{
    struct redis_client_options o = {.address = &address};
    struct redis_client *none = NULL;
    struct diag diag;

    assert_int_equal(redis_address_parse(&address, "rediss://localhost", &diag), 0);
    address.tls_ca_file = ca ? strdup(ca) : NULL;
    address.tls_cert_file = cert ? strdup(cert) : NULL;
    address.tls_key_file = key ? strdup(key) : NULL;
    assert_int_equal(loop_init(&loop), 0);
    assert_int_equal(redis_client_new(&none, &loop, &o), -EINVAL);
    assert_null(none);
    loop_fini(&loop);
    redis_address_fini(&address);
}

static void files_that_cannot_be_used(void **state)
{
    (void)state;
    expect_refused("/nonexistent", NULL, NULL);
    expect_refused(good_key, NULL, NULL);
    expect_refused(good_cert, good_cert, NULL);
    expect_refused(good_cert, NULL, good_key);
    expect_refused(good_cert, "/nonexistent", good_key);
    expect_refused(good_cert, good_cert, "/nonexistent");
    expect_refused(good_cert, good_cert, other_key); /* does not fit */
}

static void large_both_ways(void **state)
{
    enum { LARGE = 3 << 20 };
    static struct asked one, two;
    char url[64], *value = malloc(LARGE);
    struct redis_command cmd;

    (void)state;
    serve_with(good_cert, good_key, "no");
    (void)setenv("SSL_CERT_FILE", good_cert, 1); /* the system's authorities, for probe_open() */
    (void)snprintf(url, sizeof(url), "rediss://localhost:%d/0", tls_port);
    probe_open(url);
    probe_wait_connected();
    memset(value, 'v', LARGE);
    redis_command_init(&cmd);
    redis_arg_text(&cmd, "ECHO");
    redis_arg(&cmd, value, LARGE);
    probe_ask_command(&one, &cmd);
    probe_ask_command(&two, &cmd);
    redis_command_fini(&cmd);
    probe_wait_asked(&two);
    assert_int_equal(one.result, 0);
    assert_int_equal(two.result, 0);
    assert_string_equal(probe_call("PING"), "PONG");
    probe_close();
    free(value);
    (void)unsetenv("SSL_CERT_FILE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trusts_the_right_server), cmocka_unit_test(not_without_its_authority),
        cmocka_unit_test(not_under_another_name),  cmocka_unit_test(shows_its_own_certificate),
        cmocka_unit_test(server_without_tls),      cmocka_unit_test(files_that_cannot_be_used),
        cmocka_unit_test(large_both_ways),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
