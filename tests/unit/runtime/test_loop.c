/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/clock.h"
#include "common/runtime/loop.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop l;
static char order[64];

static int set_up(void **state)
{
    (void)state;
    order[0] = '\0';
    return loop_init(&l);
}

static int tear_down(void **state)
{
    (void)state;
    loop_fini(&l);
    return 0;
}

static void note(const char *text)
{
    (void)strncat(order, text, sizeof(order) - strlen(order) - 1);
}

static void on_note(void *arg)
{
    note(arg);
}

static char a_text[] = "a", b_text[] = "b", c_text[] = "c";

static void deferred_runs_later_once_in_order(void **state)
{
    struct defer a, b;

    (void)state;
    defer_init(&a, on_note, a_text);
    defer_init(&b, on_note, b_text);
    loop_defer(&l, &b);
    loop_defer(&l, &a);
    loop_defer(&l, &b); /* waits already */
    assert_string_equal(order, "");
    assert_int_equal(loop_run(&l), 0);
    assert_string_equal(order, "ba");
    loop_defer(&l, &b); /* and again */
    assert_int_equal(loop_run(&l), 0);
    assert_string_equal(order, "bab");
}

static struct defer first, second;
static unsigned n_runs;

static void on_cancel_second(void *arg)
{
    (void)arg;
    note("1");
    defer_cancel(&second);
}

static void cancelled_does_not_run(void **state)
{
    (void)state;
    defer_init(&first, on_cancel_second, NULL);
    defer_init(&second, on_note, b_text);
    defer_cancel(&second); /* waits for nothing: harmless */
    loop_defer(&l, &first);
    loop_defer(&l, &second);
    assert_int_equal(loop_run(&l), 0); /* cancelled while the same batch runs */
    assert_string_equal(order, "1");
    loop_defer(&l, &second);
    defer_cancel(&second);
    assert_int_equal(loop_run(&l), 0);
    assert_string_equal(order, "1");
}

static void on_again(void *arg)
{
    if (++n_runs < 5)
        loop_defer(&l, arg);
}

/* What defers itself runs once a turn: the loop's other work gets its chance in between. */
static void deferring_anew_waits_for_the_next_turn(void **state)
{
    struct defer again;

    (void)state;
    n_runs = 0;
    defer_init(&again, on_again, &again);
    loop_defer(&l, &again);
    (void)uv_run(&l.uv, UV_RUN_NOWAIT);
    assert_int_equal(n_runs, 1);
    (void)uv_run(&l.uv, UV_RUN_NOWAIT);
    assert_int_equal(n_runs, 2);
    assert_int_equal(loop_run(&l), 0);
    assert_int_equal(n_runs, 5);
}

static struct timer t;

static void on_timer_note(void *arg)
{
    note(arg);
}

static void on_closed_note(void *arg)
{
    (void)arg;
    note("x");
}

static void timer_moves_stops_and_closes(void **state)
{
    struct timer late;
    int64_t begin_ms;

    (void)state;
    assert_int_equal(timer_init(&t, &l, on_timer_note, a_text), 0);
    assert_int_equal(timer_init(&late, &l, on_timer_note, b_text), 0);
    timer_start(&t, 3600000);
    timer_start(&late, 20);
    timer_start(&t, -5); /* moved to now */
    begin_ms = clock_mono_ms();
    assert_int_equal(loop_run(&l), 0);
    assert_string_equal(order, "ab");
    assert_true(clock_mono_ms() - begin_ms >= 19);

    timer_start(&t, 0);
    timer_stop(&t);
    assert_int_equal(loop_run(&l), 0);
    assert_string_equal(order, "ab");

    timer_close(&t, on_closed_note);
    timer_close(&late, NULL);
    timer_start(&t, 0); /* closing: no effect */
    assert_int_equal(loop_run(&l), 0);
    assert_string_equal(order, "abx");
}

static void on_stop(void *arg)
{
    (void)arg;
    loop_stop(&l);
}

static void stop_leaves_the_loop(void **state)
{
    struct timer far;
    struct defer stop;

    (void)state;
    assert_int_equal(timer_init(&far, &l, on_note, c_text), 0);
    timer_start(&far, 3600000);
    defer_init(&stop, on_stop, NULL);
    loop_defer(&l, &stop);
    assert_int_equal(loop_run(&l), 0);
    timer_close(&far, NULL); /* loop_fini() waits for closes that are under way */
    loop_fini(&l);
    assert_int_equal(loop_init(&l), 0);
}

/* A forgotten handle is told by name; where asserts are on, it ends the program. */
static void forgotten_handle_is_found(void **state)
{
    char text[4096] = "";
    int fds[2], status;
    ssize_t n;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct loop other;
        struct timer forgotten;

        (void)dup2(fds[1], STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL);
        (void)loop_init(&other);
        (void)timer_init(&forgotten, &other, on_note, a_text);
        timer_start(&forgotten, 3600000);
        loop_fini(&other);
        _exit(0);
    }
    close(fds[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    n = read(fds[0], text, sizeof(text) - 1);
    assert_true(n > 0);
    assert_non_null(strstr(text, "left open"));
    assert_non_null(strstr(text, "type=timer"));
#ifndef NDEBUG
    assert_true(WIFSIGNALED(status));
#endif
    close(fds[0]);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(deferred_runs_later_once_in_order),
        T(cancelled_does_not_run),
        T(deferring_anew_waits_for_the_next_turn),
        T(timer_moves_stops_and_closes),
        T(stop_leaves_the_loop),
        T(forgotten_handle_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
