/* SPDX-License-Identifier: Apache-2.0 */
/* test_redis_client.c: against a real redis-server. What a server does that is none, or that breaks
 * off, is in test_redis_client_faults.c. */
#include "common/base/text.h"
#include "tests/support/redis_probe.h"
#include "tests/support/temp_redis.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static struct temp_redis server;
static struct asked one, two, three, four;

static int start_server(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    temp_redis_start(&server);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    temp_redis_stop(&server);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    one = two = three = four = (struct asked){0};
    probe.options = (struct redis_client_options){0};
    probe.on_connect = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    probe_close();
    return 0;
}

static void open_connected(void)
{
    probe_open(server.url);
    probe_wait_connected();
    assert_int_equal(probe.n_connects, 1);
}

static bool is_lost(void)
{
    return probe.n_losses > 0;
}

static bool is_again_connected(void)
{
    return probe.n_connects > 1;
}

static void answers_in_order(void **state)
{
    (void)state;
    open_connected();
    probe_ask(&one, "PING", 0);
    probe_ask(&two, "NOSUCHCOMMAND", 0);
    probe_ask(&three, "GET nothing", 0);
    probe_wait_asked(&three);
    assert_string_equal(one.text, "PONG");
    assert_int_equal(two.type, REDIS_REPLY_ERROR);
    assert_int_equal(two.result, 0); /* an error that Redis answered is an answer */
    assert_int_equal(three.type, REDIS_REPLY_NIL);
    assert_true(one.order < two.order && two.order < three.order);
}

static void greets(void **state)
{
    char url[128];

    (void)state;
    assert_string_equal(temp_redis_cli(&server, "ACL SETUSER alice on '>p@ss' '~*' +@all"), "OK");
    (void)snprintf(url, sizeof(url), "redis://alice:p%%40ss@localhost:%d/3", server.port);
    probe.options.name = "probe-1";
    probe_open(url);
    probe_wait_connected();
    assert_string_equal(probe_call("ACL WHOAMI"), "alice");
    assert_string_equal(probe_call("CLIENT GETNAME"), "probe-1");
    assert_string_equal(probe_call("SET in_db_3 x"), "OK");
    assert_string_equal(temp_redis_cli(&server, "-n 3 GET in_db_3"), "x");
}

static bool is_refused_twice(void)
{
    const char *count =
        temp_redis_cli(&server, "INFO errorstats | grep -o 'WRONGPASS:count=[0-9]*' | tr -dc 0-9");
    uint64_t n;

    return parse_u64(span_of(count), &n) == 0 && n >= 2;
}

/* Tried again and again, without pretending to be connected, and the log has the reason but not the
 * password. */
static void wrong_password(void **state)
{
    char url[128], text[4096];
    int fds[2], real = dup(STDERR_FILENO);
    ssize_t n;

    (void)state;
    (void)temp_redis_cli(&server, "CONFIG RESETSTAT");
    (void)temp_redis_cli(&server, "ACL SETUSER alice on '>p@ss' '~*' +@all");
    assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
    (void)dup2(fds[1], STDERR_FILENO);
    (void)snprintf(url, sizeof(url), "redis://alice:hunter2@127.0.0.1:%d", server.port);
    probe_open(url);
    probe_wait(is_refused_twice);
    (void)dup2(real, STDERR_FILENO);
    n = read(fds[0], text, sizeof(text) - 1);
    text[MAX(n, 0)] = '\0';
    close(fds[0]);
    close(fds[1]);
    close(real);
    assert_int_equal(probe.n_connects, 0);
    assert_non_null(strstr(text, "WRONGPASS"));
    assert_null(strstr(text, "hunter2"));
}

/* A user that may do little but what the scripts need is let in all the same. */
static void may_not_select_nor_name(void **state)
{
    char url[128];

    (void)state;
    (void)temp_redis_cli(&server, "ACL SETUSER bob on '>b' '~*' -@all +ping");
    (void)snprintf(url, sizeof(url), "redis://bob:b@127.0.0.1:%d/0", server.port);
    probe.options.name = "bob";
    probe_open(url);
    probe_wait_connected();
    assert_string_equal(probe_call("PING"), "PONG");
}

/* ---- scripts ---- */

static struct redis_script twice;

static void run_twice(struct asked *a, int64_t number)
{
    struct redis_command cmd;

    redis_command_init(&cmd);
    redis_script_begin(&cmd, &twice, 1);
    redis_arg_text(&cmd, "{1}:key");
    redis_arg_i64(&cmd, number);
    probe_run(a, &twice, &cmd);
    redis_command_fini(&cmd);
}

static void script_is_sent_when_unknown(void **state)
{
    (void)state;
    redis_script_init(&twice, "twice", "return 2 * ARGV[1] -- and not in the cache");
    open_connected();
    assert_string_equal(probe_call("SCRIPT FLUSH"), "OK");
    run_twice(&one, 21);
    probe_ask(&two, "PING", 0);
    run_twice(&three, 22); /* goes out before it is known that the first was unknown */
    probe_wait_asked(&three);
    assert_int_equal(one.integer, 42);
    assert_int_equal(three.integer, 44);
    assert_string_equal(two.text, "PONG");

    run_twice(&four, 5); /* known now */
    probe_wait_asked(&four);
    assert_int_equal(four.integer, 10);
    assert_string_equal(probe_call("SCRIPT FLUSH"), "OK");
    run_twice(&four, 6);
    probe_wait_asked(&four);
    assert_int_equal(four.integer, 12);
    assert_int_equal(one.n_done + three.n_done, 2);
}

/* A script that itself answers NOSCRIPT is not sent for ever. */
static void script_error_is_an_answer(void **state)
{
    (void)state;
    redis_script_init(&twice, "twice", "return redis.error_reply('NOSCRIPT of my own')");
    open_connected();
    run_twice(&one, 1);
    probe_wait_asked(&one);
    assert_int_equal(one.type, REDIS_REPLY_ERROR);
    assert_string_equal(one.text, "NOSCRIPT of my own");
    redis_script_init(&twice, "twice", "this is no Lua");
    run_twice(&one, 1);
    probe_wait_asked(&one);
    assert_int_equal(one.type, REDIS_REPLY_ERROR);
}

/* ---- deadlines ---- */

static void deadline_drops_the_connection(void **state)
{
    int64_t begin_ms;

    (void)state;
    open_connected();
    begin_ms = clock_mono_ms();
    probe_ask(&one, "BLPOP nothing 0", 60000);
    probe_ask(&two, "PING", 50); /* the later one is due first */
    probe_ask(&three, "PING", 0);
    probe_wait_asked(&three);
    assert_true(clock_mono_ms() - begin_ms >= 50);
    assert_int_equal(two.result, -ETIMEDOUT);
    assert_int_equal(one.result, -ENOTCONN);
    assert_int_equal(three.result, -ENOTCONN);
    assert_int_equal(probe.n_losses, 1); /* told before the requests */
    probe_wait(is_again_connected);
    assert_string_equal(probe_call("PING"), "PONG");
    assert_int_equal(one.n_done + two.n_done + three.n_done, 3);
}

static void deadline_that_is_met(void **state)
{
    (void)state;
    open_connected();
    for (int i = 0; i < 3; i++) { /* a short one that was answered must not end a long one */
        probe_ask(&one, "PING", 20);
        probe_wait_asked(&one);
        assert_int_equal(one.result, 0);
        probe_ask(&two, "BLPOP nothing 0.1", 5000);
        probe_wait_asked(&two);
        assert_int_equal(two.result, 0);
        assert_int_equal(two.type, REDIS_REPLY_NIL);
    }
    assert_int_equal(probe.n_losses, 0);
}

/* The answer lies in the socket while we are held up: the deadline has passed, Redis was in time. */
static void our_own_delay_is_not_redis_fault(void **state)
{
    int64_t end_us;

    (void)state;
    open_connected();
    probe_ask(&one, "PING", 30);
    (void)uv_run(&probe.loop.uv, UV_RUN_NOWAIT); /* it goes out */
    end_us = clock_mono_us() + 60000;
    while (clock_mono_us() < end_us) /* what a stopped process, or a long turn, looks like */
        ;
    probe_wait_asked(&one);
    assert_int_equal(one.result, 0);
    assert_int_equal(probe.n_losses, 0);
}

/* ---- loss ---- */

static bool are_all_done(void)
{
    return one.n_done && two.n_done && three.n_done;
}

static void killed_server(void **state)
{
    (void)state;
    open_connected();
    probe_ask(&one, "BLPOP nothing 0", 60000);
    probe_ask(&two, "PING", 0);
    run_twice(&three, 1);
    (void)uv_run(&probe.loop.uv, UV_RUN_NOWAIT);
    temp_redis_kill(&server);
    probe_wait(are_all_done);
    assert_int_equal(one.result, -ENOTCONN);
    assert_int_equal(two.result, -ENOTCONN);
    assert_int_equal(three.result, -ENOTCONN);
    assert_int_equal(probe.n_losses, 1);
    assert_false(redis_client_is_connected(probe.client));

    probe_ask(&four, "PING", 0); /* refused, on the next turn */
    assert_int_equal(four.n_done, 0);
    probe_wait_asked(&four);
    assert_int_equal(four.result, -ENOTCONN);

    temp_redis_restart(&server);
    probe_wait(is_again_connected);
    assert_string_equal(probe_call("PING"), "PONG");
    assert_int_equal(one.n_done + two.n_done + three.n_done + four.n_done, 4);
    assert_int_equal(probe.n_connects, 2);
    assert_int_equal(probe.n_losses, 1);
}

static void reset_connects_anew(void **state)
{
    (void)state;
    open_connected();
    probe_ask(&one, "BLPOP nothing 0", 60000);
    redis_client_reset(probe.client);
    assert_false(redis_client_is_connected(probe.client));
    assert_int_equal(one.n_done, 0);
    redis_client_reset(probe.client); /* nothing more to do */
    probe_wait(is_again_connected);
    assert_int_equal(one.n_done, 1);
    assert_int_equal(one.result, -ENOTCONN);
    assert_int_equal(probe.n_losses, 1);
}

/* ---- limits ---- */

static void too_many_requests(void **state)
{
    (void)state;
    probe.options.requests_max = 2;
    open_connected();
    probe_ask(&one, "BLPOP nothing 0.1", 0);
    probe_ask(&two, "PING", 0);
    probe_ask(&three, "PING", 0);
    probe_wait_asked(&three);
    assert_int_equal(three.result, -EBUSY);
    assert_int_equal(two.n_done, 0);
    probe_wait_asked(&two);
    assert_int_equal(two.result, 0);
    probe_ask(&three, "PING", 0); /* there is room again */
    probe_wait_asked(&three);
    assert_int_equal(three.result, 0);
}

static void command_that_could_not_be_built(void **state)
{
    struct redis_command cmd;

    (void)state;
    open_connected();
    redis_command_init(&cmd);
    redis_arg(&cmd, "x", SIZE_MAX);
    probe_ask_command(&one, &cmd);
    redis_command_fini(&cmd);
    probe_wait_asked(&one);
    assert_int_equal(one.result, -ENOBUFS);
    assert_string_equal(probe_call("PING"), "PONG");
}

static void large_both_ways(void **state)
{
    enum { LARGE = 8 << 20 };
    char *value = malloc(LARGE + 1);
    struct redis_command cmd;

    (void)state;
    open_connected();
    memset(value, 'v', LARGE);
    redis_command_init(&cmd);
    redis_arg_text(&cmd, "ECHO");
    redis_arg(&cmd, value, LARGE);
    probe_ask_command(&one, &cmd);
    probe_ask_command(&two, &cmd); /* more than a socket takes at once */
    redis_command_fini(&cmd);
    probe_ask(&three, "PING", 0);
    probe_wait_asked(&three);
    assert_int_equal(one.result, 0);
    assert_int_equal(two.result, 0);
    assert_int_equal(strlen(two.text), sizeof(two.text) - 1);
    free(value);
}

enum { MANY = 20000 };
static struct asked many[MANY];

static bool are_many_done(void)
{
    return many[MANY - 1].n_done > 0;
}

static void many_keep_their_order(void **state)
{
    (void)state;
    open_connected();
    assert_non_null(probe_call("DEL counter"));
    for (int i = 0; i < MANY; i++)
        probe_ask(&many[i], "INCR counter", 0);
    probe_wait(are_many_done);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(many[i].n_done, 1);
        assert_int_equal(many[i].integer, i + 1);
    }
}

/* ---- calls from inside callbacks ---- */

static int chain_left;

static void ask_again(struct asked *a)
{
    if (--chain_left > 0)
        probe_ask(a, "PING", 0);
}

static bool is_chain_done(void)
{
    return chain_left == 0;
}

static void sends_from_callbacks(void **state)
{
    (void)state;
    open_connected();
    chain_left = 100;
    one.then = ask_again;
    probe_ask(&one, "PING", 0);
    probe_wait(is_chain_done);
    assert_int_equal(one.result, 0);
}

static void close_client(struct asked *a)
{
    (void)a;
    if (probe.client)
        probe_close_client();
}

static void closes_from_a_reply(void **state)
{
    (void)state;
    open_connected();
    one.then = close_client;
    probe_ask(&one, "ECHO borrowed-until-the-callback-returns", 0);
    probe_ask(&two, "PING", 0); /* answered in the same read, but never delivered */
    run_twice(&three, 1);
    probe_wait_asked(&one);
    probe_close();
    assert_int_equal(one.n_done, 1);
    assert_int_equal(one.result, 0);
    assert_int_equal(two.n_done, 1);
    assert_int_equal(two.result, -ECANCELED);
    assert_int_equal(three.n_done, 1);
    assert_int_equal(three.result, -ECANCELED);
    probe_open(server.url); /* for tear_down */
}

static void close_on_connect(void)
{
    probe_ask(&one, "PING", 0);
    close_client(NULL);
}

static void closes_from_on_state(void **state)
{
    (void)state;
    probe.on_connect = close_on_connect;
    probe_open(server.url);
    probe_wait_asked(&one);
    assert_int_equal(one.result, -ECANCELED);
}

static void reset_client(struct asked *a)
{
    (void)a;
    redis_client_reset(probe.client);
}

static void resets_from_a_reply(void **state)
{
    (void)state;
    open_connected();
    one.then = reset_client;
    probe_ask(&one, "ECHO borrowed-until-the-callback-returns", 0);
    probe_ask(&two, "PING", 0);
    probe_wait(is_again_connected);
    assert_int_equal(one.result, 0);
    assert_int_equal(two.result, -ENOTCONN);
}

/* From a callback that tells a loss, with others still to be told. */
static void closes_from_a_loss(void **state)
{
    (void)state;
    open_connected();
    probe_ask(&one, "BLPOP nothing 0", 60000);
    one.then = close_client;
    probe_ask(&two, "PING", 0);
    redis_client_reset(probe.client);
    probe_wait_asked(&two);
    assert_null(probe.client);
    assert_int_equal(one.result, -ENOTCONN);
    assert_int_equal(two.result, -ENOTCONN);
    probe_wait(is_lost);
}

/* ---- close ---- */

static struct redis_client *closing; /* in close_cancels() */

static void on_late_done(struct redis_request *r, int result, redisReply *reply)
{
    *(int *)r->arg = result;
    assert_null(reply);
}

static void close_cancels(void **state)
{
    struct redis_request late;
    struct redis_command cmd;
    int late_result = 0;

    (void)state;
    open_connected();
    probe_ask(&one, "BLPOP nothing 0", 60000);
    probe_ask(&two, "PING", 0);
    closing = probe.client;
    probe_close_client();
    assert_int_equal(one.n_done, 0);
    redis_command_init(&cmd);
    redis_arg_text(&cmd, "PING");
    redis_send(closing, &late, &cmd, 0, on_late_done, &late_result);
    redis_command_fini(&cmd);
    probe_close(); /* waits for on_closed */
    assert_int_equal(one.result, -ECANCELED);
    assert_int_equal(two.result, -ECANCELED);
    assert_int_equal(late_result, -ECANCELED);
    assert_int_equal(one.n_done + two.n_done, 2);
    probe_open(server.url); /* for tear_down */
}

/* Before the first turn, while the name is looked up, while connecting, while greeting. */
static void close_at_every_stage(void **state)
{
    char url[64];

    (void)state;
    (void)snprintf(url, sizeof(url), "redis://localhost:%d/0", server.port);
    for (int turns = 0; turns < 12; turns++) {
        probe_open(turns % 2 ? url : server.url);
        for (int i = 0; i < turns; i++)
            (void)uv_run(&probe.loop.uv, UV_RUN_NOWAIT);
        probe_ask(&one, "PING", 0);
        probe_close();
        assert_int_equal(one.n_done, 1);
        assert_true(one.result == -ECANCELED || one.result == -ENOTCONN);
    }
    probe_open(url); /* for tear_down */
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(answers_in_order),
        T(greets),
        T(wrong_password),
        T(may_not_select_nor_name),
        T(script_is_sent_when_unknown),
        T(script_error_is_an_answer),
        T(deadline_drops_the_connection),
        T(deadline_that_is_met),
        T(our_own_delay_is_not_redis_fault),
        T(killed_server),
        T(reset_connects_anew),
        T(too_many_requests),
        T(command_that_could_not_be_built),
        T(large_both_ways),
        T(many_keep_their_order),
        T(sends_from_callbacks),
        T(closes_from_a_reply),
        T(closes_from_on_state),
        T(resets_from_a_reply),
        T(closes_from_a_loss),
        T(close_cancels),
        T(close_at_every_stage),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
