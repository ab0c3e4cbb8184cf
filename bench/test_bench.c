/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the receiver and the driver, and both together. */
#include "bench/driver.h"
#include "bench/histogram.h"
#include "bench/id_set.h"
#include "bench/now.h"
#include "bench/receiver.h"
#include "bench/request.h"
#include "bench/rule.h"
#include "bench/window.h"
#include "common/json/json_scan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char post[] = "POST /t/123/hook HTTP/1.1\r\nHost: x\r\nX-Royalti-Delivery: whd_1\r\n"
                           "X-Royalti-Attempt: 3\r\nContent-Length: 21\r\n\r\n"
                           "{\"data\":{\"t\":1234  }}";

static void request_is_parsed_only_when_whole(void **state)
{
    struct request request;
    size_t len = sizeof(post) - 1;

    (void)state;
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(request_parse((struct span){post, cut}, &request), REQUEST_PARTIAL);
    assert_int_equal(request_parse((struct span){post, len}, &request), 0);
    assert_int_equal(request.bytes, len);
    assert_true(span_equal(request.path, SPAN("/t/123/hook")));
    assert_true(span_equal(request.delivery_id, SPAN("whd_1")));
    assert_int_equal(request.attempt, 3);
    assert_false(request.closes);
    assert_int_equal(request_publish_us(request.body), 1234);
}

static void request_refuses_what_it_does_not_know(void **state)
{
    static const struct {
        struct span bytes;
        int result;
    } rows[] = {
        {SPAN("POST\r\n\r\n"), -EINVAL},
        {SPAN("POST x HTTP/1.1\r\n\r\n"), -EINVAL},
        {SPAN("POST / HTTP/1.1\r\nno colon\r\n\r\n"), -EINVAL},
        {SPAN("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"), -EINVAL},
        {SPAN("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), -EINVAL},
        {SPAN("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"), -EMSGSIZE},
    };
    struct request request;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(request_parse(rows[i].bytes, &request), rows[i].result);
}

static void histogram_is_right_within_its_promise(void **state)
{
    static struct histogram h;

    (void)state;
    histogram_clear(&h);
    assert_int_equal(histogram_quantile(&h, 0.5), 0);
    for (int64_t us = 1; us <= 1000000; us++)
        histogram_add(&h, us);
    for (int percent = 1; percent <= 100; percent++) {
        uint64_t exact = (uint64_t)percent * 10000;
        uint64_t got = histogram_quantile(&h, (double)percent / 100);

        assert_in_range(got, exact, exact + exact / 63);
    }
    histogram_add(&h, INT64_MAX);
    histogram_add(&h, -5);
    assert_int_equal(histogram_quantile(&h, 0), 0);
    assert_int_equal(h.max, INT64_MAX);
}

static void window_finds_the_fullest(void **state)
{
    enum { N = 5000, LENGTH_US = 60000 };
    static int64_t times[N];
    struct window w = {0};
    uint32_t most = 0;
    unsigned seed = 7;

    (void)state;
    for (int i = 0; i < N; i++) {
        seed = seed * 1103515245u + 12345u;
        times[i] = (i ? times[i - 1] : 0) + (int64_t)(seed >> 16 & 255) * (i / 500 + 1);
        window_add(&w, times[i], LENGTH_US);
    }
    for (int i = 0; i < N; i++) { /* the same, plainly */
        uint32_t count = 0;

        for (int j = i; j >= 0 && times[j] > times[i] - LENGTH_US; j--)
            count++;
        most = MAX(most, count);
    }
    assert_int_equal(w.most, most);
    assert_false(w.overflowed);
    window_fini(&w);
}

static void rules_judge_by_prefix(void **state)
{
    struct rules rules = {.n = 0};
    struct diag diag;

    (void)state;
    assert_int_equal(rules_add_hang(&rules, "/hang", &diag), 0);
    assert_int_equal(rules_add_fail(&rules, "/a=503:every 3", &diag), 0);
    assert_int_equal(rules_add_fail(&rules, "/b=410:first 2", &diag), 0);
    assert_int_equal(rules_judge(&rules, SPAN("/hanging/x"), 1), RULE_HANG);
    assert_int_equal(rules_judge(&rules, SPAN("/a"), 1), 200);
    assert_int_equal(rules_judge(&rules, SPAN("/a"), 1), 200);
    assert_int_equal(rules_judge(&rules, SPAN("/a"), 1), 503);
    assert_int_equal(rules_judge(&rules, SPAN("/b"), 2), 410);
    assert_int_equal(rules_judge(&rules, SPAN("/b"), 3), 200);
    assert_int_equal(rules_judge(&rules, SPAN("/"), 1), 200);
}

static void rules_refuse_with_words(void **state)
{
    static const char *const bad[] = {
        "x=500", "/x", "/x=", "/x=99", "/x=500:every", "/x=500:every 0"};
    struct rules rules = {.n = 0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct diag diag = {""};

        assert_true(rules_add_fail(&rules, bad[i], &diag) < 0);
        assert_true(strlen(diag.text) > 10);
        rules.n = 0;
    }
}

static void id_set_knows_what_it_has_seen(void **state)
{
    struct id_set set;
    char id[32];

    (void)state;
    assert_int_equal(id_set_init(&set, 10000), 0);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 10000; i++) {
            int len = snprintf(id, sizeof(id), "whd_%d", i);

            assert_int_equal(id_set_add(&set, (struct span){id, (size_t)len}), round == 0);
        }
    assert_true(id_set_add(&set, SPAN("one more: full, so new each time")));
    assert_true(id_set_add(&set, SPAN("one more: full, so new each time")));
    id_set_clear(&set);
    assert_true(id_set_add(&set, SPAN("whd_1")));
    id_set_fini(&set);
}

static void payload_is_json_of_the_wanted_size(void **state)
{
    static const size_t sizes[] = {PAYLOAD_BYTES_MIN, 65, 200, 1024, 4096, 262144};
    struct diag diag;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct payload p;
        struct span text;

        assert_int_equal(payload_init(&p, sizes[i], 2), 0);
        (void)payload_stamp(&p, 1, 1234567890123); /* a longer one before */
        text = payload_stamp(&p, 1, 42);
        assert_int_equal(text.len, sizes[i]);
        assert_int_equal(json_check(text, &diag), 0);
        assert_int_equal(request_publish_us(text), 42);
        payload_fini(&p);
    }
}

/* A receiver in a process of its own, as it ends only by a signal. */
struct server {
    pid_t pid;
    char address[32], counters_path[64];
    const struct counters *counters;
};

static volatile sig_atomic_t child_stop;

static void on_term(int number)
{
    (void)number;
    child_stop = 1;
}

static int serve(struct receiver *r)
{
    struct sigaction action = {.sa_handler = on_term};
    sigset_t none;
    int result;

    sigemptyset(&none);
    sigaction(SIGTERM, &action, NULL); /* blocked since before the fork */
    result = receiver_run(r, &child_stop, &none);
    return receiver_close(r) || result;
}

static void server_start(struct server *s, struct receiver_options *o)
{
    struct receiver *r;
    struct diag diag = {""};
    sigset_t term;

    snprintf(s->counters_path, sizeof(s->counters_path), "/tmp/grapnel-bench-test.%d",
             (int)getpid());
    o->counters_path = s->counters_path;
    o->ids_max = 10000;
    o->connections_max = 100;
    if (receiver_open(&r, o, &diag))
        fail_msg("%s", diag.text);
    snprintf(s->address, sizeof(s->address), "127.0.0.1:%u", r->port);
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (!s->pid)
        _exit(serve(r));
    assert_int_equal(receiver_close(r), 0); /* ours; the child has its own */
    assert_int_equal(counters_map(&s->counters, s->counters_path), 0);
}

static void server_stop(struct server *s)
{
    int status;

    counters_unmap(s->counters);
    unlink(s->counters_path);
    kill(s->pid, SIGTERM);
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void drive(const struct server *s, struct driver_options o, int *ret, struct driver *d)
{
    static const volatile sig_atomic_t never;
    struct diag diag = {""};
    struct sink *sink;

    o.type = "T";
    o.tenant_prefix = o.tenant_prefix ? o.tenant_prefix : "x";
    assert_int_equal(sink_http_open(&sink, s->address, o.batch, &diag), 0);
    assert_int_equal(driver_init(d, &o, sink, s->counters, &diag), 0);
    *ret = driver_run(d, &never, &diag);
    sink->ops->close(sink);
    driver_fini(d);
}

static void closed_loop_receives_all_it_published(void **state)
{
    struct receiver_options o = {.port = 0};
    static struct driver d;
    struct server s;
    int r;

    (void)state;
    server_start(&s, &o);
    /* Bodies larger than a read, so that the receiver must put them together. */
    drive(&s,
          (struct driver_options){
              .tenants = 7, .bytes = 100000, .batch = 32, .window = 64, .count = 500},
          &r, &d);
    assert_int_equal(r, 0);
    assert_int_equal(d.published, 500);
    assert_int_equal(counters_get(&s.counters->requests), 500);
    assert_int_equal(counters_get(&s.counters->distinct), 500);
    assert_int_equal(counters_get(&s.counters->answered), 500);
    server_stop(&s);
}

static void open_loop_keeps_its_pace(void **state)
{
    struct receiver_options o = {.delay_us = 1000};
    static struct driver d;
    struct server s;
    int r;

    (void)state;
    server_start(&s, &o);
    drive(&s, (struct driver_options){.bytes = 100, .batch = 32, .rate = 400, .count = 101}, &r,
          &d);
    assert_int_equal(r, 0);
    assert_int_equal(d.published, 101);
    assert_true(d.end_us - d.start_us >= 250000); /* the last is due 100/400 s after the first */
    assert_int_equal(d.lateness.count, 101);
    assert_int_equal(counters_get(&s.counters->held_most),
                     1); /* one connection: one held at a time */
    server_stop(&s);
}

static void failures_are_counted_and_seen(void **state)
{
    struct receiver_options o = {.port = 0};
    static struct driver d;
    struct diag diag;
    struct server s;
    int r;

    (void)state;
    assert_int_equal(rules_add_fail(&o.rules, "/t/x=503:every 5", &diag), 0);
    server_start(&s, &o);
    drive(&s, (struct driver_options){.bytes = 100, .batch = 10, .count = 10}, &r, &d);
    assert_int_equal(r, -EPROTO); /* the driver wants plain 200s */
    assert_int_equal(counters_get(&s.counters->failed), 2);
    assert_int_equal(counters_get(&s.counters->answered), 8);
    server_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_is_parsed_only_when_whole),
        cmocka_unit_test(request_refuses_what_it_does_not_know),
        cmocka_unit_test(histogram_is_right_within_its_promise),
        cmocka_unit_test(window_finds_the_fullest),
        cmocka_unit_test(rules_judge_by_prefix),
        cmocka_unit_test(rules_refuse_with_words),
        cmocka_unit_test(id_set_knows_what_it_has_seen),
        cmocka_unit_test(payload_is_json_of_the_wanted_size),
        cmocka_unit_test(closed_loop_receives_all_it_published),
        cmocka_unit_test(open_loop_keeps_its_pace),
        cmocka_unit_test(failures_are_counted_and_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
