/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/redis_probe.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct redis_probe probe;

static void on_state(void *arg, bool is_connected)
{
    (void)arg;
    assert_int_equal(redis_client_is_connected(probe.client), is_connected);
    probe.n_connects += is_connected;
    probe.n_losses += !is_connected;
    if (is_connected && probe.on_connect)
        probe.on_connect();
}

static void on_tick(void *arg)
{
    timer_start(arg, 2);
}

void probe_open(const char *url)
{
    struct redis_client_options options = probe.options;
    struct diag diag;

    probe = (struct redis_probe){.options = options, .on_connect = probe.on_connect};
    assert_int_equal(loop_init(&probe.loop), 0);
    assert_int_equal(timer_init(&probe.tick, &probe.loop, on_tick, &probe.tick), 0);
    assert_int_equal(redis_address_parse(&probe.address, url, &diag), 0);
    probe.options.address = &probe.address;
    probe.options.on_state = on_state;
    assert_int_equal(redis_client_new(&probe.client, &probe.loop, &probe.options), 0);
}

static void on_closed(void *arg)
{
    (void)arg;
    assert_false(probe.is_closed);
    probe.is_closed = true;
}

void probe_close_client(void)
{
    redis_client_close(TAKE(probe.client), on_closed, NULL);
}

static bool is_closed(void)
{
    return probe.is_closed;
}

void probe_close(void)
{
    if (probe.client)
        probe_close_client();
    probe_wait(is_closed);
    timer_close(&probe.tick, NULL);
    loop_fini(&probe.loop);
    redis_address_fini(&probe.address);
    probe = (struct redis_probe){0};
}

/* The tick wakes the loop so that conditions from outside of it are seen too. */
void probe_wait(bool (*is_done)(void))
{
    int64_t end_ms = clock_mono_ms() + PROBE_WAIT_MS;

    timer_start(&probe.tick, 2);
    while (!is_done()) {
        if (clock_mono_ms() > end_ms)
            fail_msg("waited %d ms in vain", PROBE_WAIT_MS);
        (void)uv_run(&probe.loop.uv, UV_RUN_ONCE);
    }
    timer_stop(&probe.tick);
}

static bool is_connected(void)
{
    return probe.client && redis_client_is_connected(probe.client);
}

void probe_wait_connected(void)
{
    probe_wait(is_connected);
}

static const struct asked *waited_for;

static bool is_answered(void)
{
    return waited_for->n_done > 0;
}

void probe_wait_asked(const struct asked *a)
{
    waited_for = a;
    probe_wait(is_answered);
}

static void on_done(struct redis_request *r, int result, redisReply *reply)
{
    struct asked *a = container_of(r, struct asked, request);
    char seen[sizeof(a->text)] = "";

    assert_ptr_equal(r->arg, a);
    assert_false(probe.is_sending); /* never before the call that started it returns */
    assert_true(result <= 0);
    assert_int_equal(result == 0, reply != NULL);
    a->n_done++;
    a->result = result;
    a->order = probe.n_ended++;
    if (reply) {
        a->type = reply->type;
        a->integer = reply->integer;
        if (reply->str)
            (void)snprintf(a->text, sizeof(a->text), "%s", reply->str);
        else
            (void)snprintf(a->text, sizeof(a->text), "%lld", reply->integer);
    }
    memcpy(seen, a->text, sizeof(seen));
    if (a->then)
        a->then(a);
    if (reply && reply->str) /* still lent, whatever was done meanwhile */
        assert_memory_equal(reply->str, seen, MIN(reply->len, sizeof(seen) - 1));
}

static void clear(struct asked *a)
{
    *a = (struct asked){.then = a->then};
}

void probe_ask_command(struct asked *a, const struct redis_command *cmd)
{
    clear(a);
    probe.is_sending = true;
    redis_send(probe.client, &a->request, cmd, 0, on_done, a);
    probe.is_sending = false;
}

void probe_run(struct asked *a, const struct redis_script *script, const struct redis_command *cmd)
{
    clear(a);
    probe.is_sending = true;
    redis_run(probe.client, &a->request, script, cmd, 0, on_done, a);
    probe.is_sending = false;
}

void probe_ask(struct asked *a, const char *words, int64_t deadline_ms)
{
    struct redis_command cmd;

    redis_command_init(&cmd);
    while (*words) {
        size_t len = strcspn(words, " ");

        redis_arg(&cmd, words, len);
        words += len + (words[len] == ' ');
    }
    clear(a);
    probe.is_sending = true;
    redis_send(probe.client, &a->request, &cmd, deadline_ms, on_done, a);
    probe.is_sending = false;
    redis_command_fini(&cmd); /* its bytes were copied */
}

const char *probe_call(const char *words)
{
    static struct asked a;

    probe_ask(&a, words, 0);
    probe_wait_asked(&a);
    assert_int_equal(a.result, 0);
    return a.text;
}
