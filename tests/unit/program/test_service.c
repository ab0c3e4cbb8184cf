/* SPDX-License-Identifier: Apache-2.0 */
/* test_service.c: signals, drain and deadline, each case in a process of its own. */
#include "common/base/clock.h"
#include "common/program/service.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { EXIT_DONE = 10, EXIT_REFUSED = 11 };

static int out; /* of the child: what it did, a letter each */
static bool ends_on_drain, ends_on_abandon, stops_itself;

static void tell(char c)
{
    if (write(out, &c, 1) != 1)
        _exit(99);
}

/* What a program has in hand: keeps the loop going until it is ended. */
static struct timer work;

static void on_work(void *arg)
{
    (void)arg;
    _exit(98); /* nobody ended it */
}

static void end_all(struct service *s)
{
    timer_close(&work, NULL);
    service_close(s);
}

static void on_drain(struct service *s)
{
    tell('d');
    if (ends_on_drain)
        end_all(s);
}

static void on_abandon(struct service *s)
{
    tell('a');
    if (ends_on_abandon)
        end_all(s);
}

static const struct service_ops ops = {"test", "A test.", SCOPE_WORKER, on_drain, on_abandon};

static void on_ready(void *arg)
{
    tell('r');
    if (stops_itself) {
        service_stop(arg);
        service_stop(arg); /* once is enough */
        tell('s');         /* it does not begin before this function returns */
    }
}

static void run(char *option)
{
    char name[] = "test";
    char *argv[] = {name, option, NULL};
    static struct service s;
    struct defer ready;

    if (service_init(&s, &ops, option ? 2 : 1, argv))
        _exit(EXIT_REFUSED);
    if (timer_init(&work, &s.loop, on_work, NULL))
        _exit(97);
    timer_start(&work, 30000);
    defer_init(&ready, on_ready, &s);
    loop_defer(&s.loop, &ready);
    (void)service_run(&s);
    service_fini(&s);
    uv_library_shutdown();
    exit(EXIT_DONE); /* not _exit: leaks are looked for */
}

static pid_t pid;
static int in;

static void start(char *option)
{
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fds[0]);
        out = fds[1];
        run(option);
    }
    close(fds[1]);
    in = fds[0];
}

static void expect(char c)
{
    char got = '\0';

    assert_int_equal(read(in, &got, 1), 1);
    assert_int_equal(got, c);
}

/* Nothing more comes, and the child ends. Returns its wait status. */
static int end(void)
{
    char got;
    int status;

    assert_int_equal(read(in, &got, 1), 0);
    close(in);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void expect_done(void)
{
    int status = end();

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_DONE);
}

static int set_up(void **state)
{
    (void)state;
    (void)clearenv();
    ends_on_drain = ends_on_abandon = stops_itself = false;
    return 0;
}

static void drains_on_either_signal(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT};

    (void)state;
    ends_on_drain = true;
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        start(NULL);
        expect('r');
        assert_int_equal(kill(pid, signals[i]), 0);
        expect('d');
        expect_done();
    }
}

static void second_signal_abandons(void **state)
{
    (void)state;
    ends_on_abandon = true;
    start(NULL);
    expect('r');
    assert_int_equal(kill(pid, SIGTERM), 0);
    expect('d');
    assert_int_equal(kill(pid, SIGINT), 0);
    expect('a');
    expect_done();
}

static void deadline_abandons(void **state)
{
    char option[] = "--drain=50ms";
    int64_t begin_ms = clock_mono_ms();

    (void)state;
    ends_on_abandon = true;
    start(option);
    expect('r');
    assert_int_equal(kill(pid, SIGTERM), 0);
    expect('d');
    expect('a');
    assert_true(clock_mono_ms() - begin_ms >= 49);
    expect_done();
}

/* A program that hangs even when it was told to give up can still be ended. */
static void third_signal_kills(void **state)
{
    int status;

    (void)state;
    start(NULL);
    expect('r');
    assert_int_equal(kill(pid, SIGTERM), 0);
    expect('d');
    assert_int_equal(kill(pid, SIGTERM), 0);
    expect('a');
    assert_int_equal(kill(pid, SIGTERM), 0);
    status = end();
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
}

static void stops_from_inside(void **state)
{
    (void)state;
    ends_on_drain = stops_itself = true;
    start(NULL);
    expect('r');
    expect('s');
    expect('d');
    expect_done();
}

static void bad_settings_are_refused(void **state)
{
    static const char *const options[] = {"--redis-url=http://h", "--redis-url=redis://",
                                          "--name=a b", "--slots=0", "--nonsense"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        char option[64];
        int status;

        (void)snprintf(option, sizeof(option), "%s", options[i]);
        start(option);
        status = end();
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), EXIT_REFUSED);
    }
}

static void sets_up_the_process(void **state)
{
    char name[] = "test", ca[] = "--redis-ca-file=/ca.pem";
    char *argv[] = {name, ca, NULL};
    static struct service s, named;
    struct sigaction pipe_action;
    struct rlimit limit;

    (void)state;
    assert_int_equal(service_init(&s, &ops, 2, argv), 0);
    assert_string_equal(s.redis.host, "127.0.0.1");
    assert_string_equal(s.redis.tls_ca_file, "/ca.pem");
    assert_null(s.redis.tls_cert_file);
    assert_true(strlen(s.name) > 10);
    assert_int_equal(sigaction(SIGPIPE, NULL, &pipe_action), 0);
    assert_ptr_equal(pipe_action.sa_handler, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(limit.rlim_cur == limit.rlim_max);

    (void)setenv("GRAPNEL_NAME", "worker-1", 1);
    assert_int_equal(service_init(&named, &ops, 1, argv), 0);
    assert_string_equal(named.name, "worker-1");
    service_close(&s);
    service_fini(&s);
    service_close(&named);
    service_fini(&named);
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(drains_on_either_signal), T(second_signal_abandons), T(deadline_abandons),
        T(third_signal_kills),      T(stops_from_inside),      T(bad_settings_are_refused),
        T(sets_up_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
