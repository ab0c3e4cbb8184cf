/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/format/outcome.h"
#include "common/moves/scripts.h"
#include "common/program/metric_labels.h"
#include "common/runtime/metrics.h"
#include "common/runtime/settings.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct buf text;

static int set_up(void **state)
{
    (void)state;
    buf_init(&text, METRICS_BYTES_MAX);
    return metrics_init(SCOPE_WORKER, metric_labels);
}

static int tear_down(void **state)
{
    (void)state;
    buf_fini(&text);
    metrics_fini();
    return 0;
}

static void write_all(void)
{
    buf_clear(&text);
    metrics_write(&text);
    assert_int_equal(buf_result(&text), 0);
}

/* Is there this whole line? */
static bool has_line(const char *line)
{
    size_t len = strlen(line);

    for (const char *at = text.data; (at = strstr(at, line)); at += len)
        if ((at == text.data || at[-1] == '\n') && at[len] == '\n')
            return true;
    return false;
}

static void expect_line(const char *line)
{
    if (!has_line(line))
        fail_msg("no line \"%s\"", line);
}

static void counters(void **state)
{
    (void)state;
    write_all();
    expect_line("# HELP grapnel_settle_batches_total Steps in which jobs were settled");
    expect_line("# TYPE grapnel_settle_batches_total counter");
    expect_line("grapnel_settle_batches_total 0");
    expect_line("grapnel_attempts_total{outcome=\"OK\",dialect=\"royalti\"} 0");
    metric_count(METRIC_settle_batches_total);
    metric_count(METRIC_settle_batches_total);
    metric_add(METRIC_attempts_total, OUTCOME_TIMEOUT, metric_dialect("standard"), 7);
    metric_add(METRIC_attempts_total, OUTCOME_OK, metric_dialect("standard"), INT64_C(10000000000));
    write_all();
    expect_line("grapnel_settle_batches_total 2");
    expect_line("grapnel_attempts_total{outcome=\"TIMEOUT\",dialect=\"standard\"} 7");
    expect_line("grapnel_attempts_total{outcome=\"OK\",dialect=\"standard\"} 10000000000");
    expect_line("grapnel_attempts_total{outcome=\"TIMEOUT\",dialect=\"royalti\"} 0");
}

static void gauges_are_absent_until_they_are_known(void **state)
{
    (void)state;
    write_all();
    assert_null(strstr(text.data, "grapnel_requests_in_flight"));
    metric_set(METRIC_requests_in_flight, 0, 3);
    metric_set(METRIC_process_start_time_seconds, 0, 1700000000120);
    metric_set(METRIC_process_cpu_seconds_total, 0, 1500000);
    metric_set(METRIC_build_info, 0, 1);
    write_all();
    expect_line("# TYPE grapnel_requests_in_flight gauge");
    expect_line("grapnel_requests_in_flight 3");
    expect_line("process_start_time_seconds 1700000000.12");
    expect_line("process_cpu_seconds_total 1.5");
    expect_line("grapnel_build_info{version=\"" GRAPNEL_VERSION_TEXT "\"} 1");
    metric_forget(METRIC_requests_in_flight);
    write_all();
    assert_null(strstr(text.data, "grapnel_requests_in_flight"));
}

static void histograms(void **state)
{
    (void)state;
    write_all();
    expect_line(
        "grapnel_connect_duration_seconds_bucket{le=\"+Inf\"} 0"); /* no label: always there */
    assert_null(strstr(text.data, "grapnel_attempt_duration_seconds"));
    metric_observe(METRIC_attempt_duration_seconds, metric_status(204), 1000);
    metric_observe(METRIC_attempt_duration_seconds, metric_status(299), 1001);
    metric_observe(METRIC_attempt_duration_seconds, metric_status(200), 60000001);
    metric_observe(METRIC_attempt_duration_seconds, metric_status(0), -5);
    write_all();
    expect_line("# TYPE grapnel_attempt_duration_seconds histogram");
    expect_line("grapnel_attempt_duration_seconds_bucket{status=\"2xx\",le=\"0.001\"} 1");
    expect_line("grapnel_attempt_duration_seconds_bucket{status=\"2xx\",le=\"0.0025\"} 2");
    expect_line("grapnel_attempt_duration_seconds_bucket{status=\"2xx\",le=\"1\"} 2");
    expect_line("grapnel_attempt_duration_seconds_bucket{status=\"2xx\",le=\"60\"} 2");
    expect_line("grapnel_attempt_duration_seconds_bucket{status=\"2xx\",le=\"+Inf\"} 3");
    expect_line("grapnel_attempt_duration_seconds_sum{status=\"2xx\"} 60.002002");
    expect_line("grapnel_attempt_duration_seconds_count{status=\"2xx\"} 3");
    expect_line("grapnel_attempt_duration_seconds_bucket{status=\"none\",le=\"0.001\"} 1");
    expect_line("grapnel_attempt_duration_seconds_sum{status=\"none\"} 0");
    assert_null(strstr(text.data, "status=\"5xx\""));
}

static void statuses(void **state)
{
    static const struct {
        int status;
        unsigned label;
    } cases[] = {{0, 0},   {100, 1}, {204, 2}, {302, 3}, {404, 4},
                 {599, 5}, {600, 6}, {999, 6}, {-1, 6},  {99, 6}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(metric_status(cases[i].status), cases[i].label);
}

/* Every round trip of a script has its place. */
static void scripts_are_labels(void **state)
{
    char line[100];

    (void)state;
    scripts_init();
    assert_true(script_settle.is_numbered);
    assert_string_equal(script_name(script_settle.number), "settle");
    assert_string_equal(script_name(script_queue_depths.number), "queue_depths");
    for (unsigned i = 0; script_name(i); i++) {
        metric_observe(METRIC_script_duration_seconds, i, 100);
        write_all();
        (void)snprintf(line, sizeof(line), "grapnel_script_duration_seconds_count{script=\"%s\"} 1",
                       script_name(i));
        expect_line(line);
    }
}

static void a_program_shows_its_own_only(void **state)
{
    (void)state;
    write_all();
    assert_null(strstr(text.data, "grapnel_events_total"));
    assert_int_equal(metrics_init(SCOPE_SCHEDULER, metric_labels), 0);
    write_all();
    assert_null(strstr(text.data, "grapnel_attempts_total"));
    expect_line("grapnel_events_total{result=\"unmatched\"} 0");
    expect_line("grapnel_redis_connections_total 0");
}

/* Values from elsewhere can be out of range; before init there is nowhere to count. */
static void what_has_no_place_is_not_counted(void **state)
{
    (void)state;
    metric_add(METRIC_attempts_total, 1000, 0, 1);
    metric_add(METRIC_attempts_total, 0, metric_dialect("klingon"), 1);
    metric_observe(METRIC_script_duration_seconds, 1000, 1);
    metric_set(METRIC_slots, 1, 1);
    write_all();
    expect_line("grapnel_attempts_total{outcome=\"OK\",dialect=\"royalti\"} 0");
    assert_null(strstr(text.data, "} 1\n"));
    metrics_fini();
    metric_count(METRIC_settle_batches_total);
    metric_observe(METRIC_connect_duration_seconds, 0, 1);
    buf_clear(&text);
    metrics_write(&text);
    assert_int_equal(text.len, 0);
}

/* What Prometheus's own checker asks for, of all rows. */
static void names_follow_the_rules(void **state)
{
    struct buf all;
    char *line, *rest;
    unsigned n = 0;

    (void)state;
    assert_int_equal(metrics_init(SCOPE_ALL, metric_labels), 0);
    for (unsigned m = 0; m < METRICS; m++)
        for (unsigned i = 0; i < 40; i++) {
            metric_set((enum metric)m, i, 1); /* a histogram's first bucket, too */
        }
    buf_init(&all, METRICS_BYTES_MAX);
    metrics_write(&all);
    rest = buf_take(&all);
    assert_non_null(rest);
    for (char *at = rest; (line = strsep(&at, "\n")) && *line;) {
        char name[100], type[20];
        size_t len;

        if (sscanf(line, "# TYPE %99s %19s", name, type) != 2)
            continue;
        n++;
        len = strlen(name);
        assert_true(strncmp(name, "grapnel_", 8) == 0 || strncmp(name, "process_", 8) == 0);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), len);
        assert_int_equal(len > 6 && strcmp(name + len - 6, "_total") == 0,
                         strcmp(type, "counter") == 0);
        if (strcmp(type, "histogram") == 0)
            assert_string_equal(name + len - 8, "_seconds");
    }
    assert_int_equal(n, METRICS);
    free(rest);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        T(counters),
        T(gauges_are_absent_until_they_are_known),
        T(histograms),
        T(statuses),
        T(scripts_are_labels),
        T(a_program_shows_its_own_only),
        T(what_has_no_place_is_not_counted),
        T(names_follow_the_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
