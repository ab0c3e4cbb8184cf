/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static int real_stderr, fds[2];
static char line[8192];
static int64_t now_us;

static int64_t fake_mono_us(void)
{
    return now_us;
}

static int64_t fake_wall_ms(void)
{
    return 1737556200123;
}

static int set_up(void **state)
{
    (void)state;
    clock_replace(fake_mono_us, fake_wall_ms);
    if (pipe2(fds, O_NONBLOCK))
        return -1;
    real_stderr = dup(STDERR_FILENO);
    return dup2(fds[1], STDERR_FILENO) < 0;
}

static int tear_down(void **state)
{
    (void)state;
    clock_replace(NULL, NULL);
    (void)dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(fds[0]);
    close(fds[1]);
    return 0;
}

/* What was written since, "" when nothing. */
static const char *written(void)
{
    ssize_t n = read(fds[0], line, sizeof(line) - 1);

    line[n > 0 ? n : 0] = '\0';
    return line;
}

static void as_text(void **state)
{
    (void)state;
    log_setup("prog", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_info("worker started", LOG_TEXT("redis", "redis://h:1/0"), LOG_INT("slots", -5),
             LOG_TEXT("empty", ""), LOG_TEXT("none", NULL),
             LOG_SPAN("part", ((struct span){"abcd", 2})), LOG_ERR(-ECONNREFUSED));
    assert_string_equal(written(),
                        "time=2025-01-22T14:30:00.123Z level=info program=prog "
                        "message=\"worker started\" redis=redis://h:1/0 slots=-5 empty=\"\" "
                        "none=\"\" part=ab error=\"Connection refused\"\n");
}

/* Nobody from outside can begin a line of their own, or colour a terminal. */
static void text_is_escaped(void **state)
{
    (void)state;
    log_setup("prog", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_info("m", LOG_TEXT("v", "a\"b\\c\nd\re\x1b[0m\x7f\xff\xc3\xa9"), LOG_TEXT("w", "k=v"));
    assert_non_null(
        strstr(written(), " v=\"a\\\"b\\\\c\\nd\\x0de\\x1b[0m\\x7f\\xff\xc3\xa9\" w=\"k=v\"\n"));
}

static void as_json(void **state)
{
    (void)state;
    log_setup("prog", LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    log_warn("a \"b\"", LOG_TEXT("v", "\n\x01\xff\xc3\xa9"), LOG_INT("n", INT64_MIN));
    assert_string_equal(written(),
                        "{\"time\":\"2025-01-22T14:30:00.123Z\",\"level\":\"warn\",\"program\":"
                        "\"prog\",\"message\":\"a \\\"b\\\"\",\"v\":\"\\n\\u0001\\ufffd\xc3\xa9\","
                        "\"n\":-9223372036854775808}\n");
}

static void below_the_level_is_silent(void **state)
{
    (void)state;
    log_setup("prog", LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
    log_info("no");
    assert_string_equal(written(), "");
    log_error("yes");
    assert_string_not_equal(written(), "");
}

static void too_long_is_cut_and_well_formed(void **state)
{
    static char big[5001]; /* the last byte stays NUL */
    size_t len;

    (void)state;
    for (size_t i = 0; i + 2 < sizeof(big); i += 2)
        memcpy(big + i, "\xc3\xa9", 2);
    for (int format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++) {
        const char *end = format == LOG_FORMAT_JSON ? "\",\"cut\":true}\n" : "\" cut=true\n";

        log_setup("prog", LOG_LEVEL_INFO, (enum log_format)format);
        log_info("m", LOG_TEXT("big", big), LOG_TEXT("after", "x"), LOG_INT("n", 1));
        len = strlen(written());
        assert_true(len > 4000 && len <= 4096);
        assert_string_equal(line + len - strlen(end), end);
        assert_true(text_is_utf8(span_of(line))); /* not cut inside a character */
        assert_null(strstr(line, "after"));
    }
}

/* Whatever the length, the parts that end a line have room. */
static void every_length_ends_well(void **state)
{
    static char text[4200];

    (void)state;
    log_setup("prog", LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    for (size_t len = 3900; len < 4100; len++) {
        memset(text, 'x', len);
        text[len] = '\0';
        log_info("m", LOG_TEXT("v", text), LOG_INT("number", 123456789), LOG_TEXT("w", "y"));
        assert_true(strlen(written()) <= 4096);
        assert_string_equal(line + strlen(line) - 2, "}\n");
        assert_int_equal(line[strlen(line) - 3] == '"' || strstr(line, "\"cut\":true}\n"), 1);
    }
}

static void keeps_errno(void **state)
{
    (void)state;
    log_setup("prog", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    close(STDERR_FILENO); /* cannot be written: no harm */
    errno = EXDEV;
    log_error("lost");
    assert_int_equal(errno, EXDEV);
}

static void limit(void **state)
{
    struct log_limit l = {0};
    uint64_t held = 99;

    (void)state;
    now_us = 5000000;
    assert_true(log_limit_pass(&l, 1000, &held));
    assert_int_equal(held, 0);
    for (int i = 0; i < 3; i++)
        assert_false(log_limit_pass(&l, 1000, &held));
    now_us += 999999;
    assert_false(log_limit_pass(&l, 1000, &held));
    now_us += 1;
    assert_true(log_limit_pass(&l, 1000, &held));
    assert_int_equal(held, 4);
}

static void error_texts(void **state)
{
    (void)state;
    assert_string_equal(err_text(-ENOENT), "No such file or directory");
    assert_string_equal(err_text(-3008), "Name look-up failed");
    assert_string_equal(err_text(-4095), "End of file");
    assert_string_equal(err_text(-99999), "Unknown error");
    assert_string_equal(err_text(5), "Unknown error");
    log_setup("prog", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    assert_int_equal(err_fold(3), -EPROTO);
    assert_int_equal(err_fold(-EPERM), -EPERM);
    assert_int_equal(err_fold(0), 0);
    assert_int_equal(err_trace(-EPERM), -EPERM);
}

static void diag_is_cut_to_its_room(void **state)
{
    struct diag diag;

    (void)state;
    assert_int_equal(diag_set(&diag, "%300d|", 1), -EINVAL);
    assert_int_equal(strlen(diag.text), sizeof(diag.text) - 1);
    assert_int_equal(diag_set(NULL, "x"), -EINVAL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(as_text),     T(text_is_escaped),
        T(as_json),     T(below_the_level_is_silent),
        T(limit),       T(too_long_is_cut_and_well_formed),
        T(error_texts), T(every_length_ends_well),
        T(keeps_errno), T(diag_is_cut_to_its_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
