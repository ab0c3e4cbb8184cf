/* SPDX-License-Identifier: Apache-2.0 */
#include "common/runtime/settings.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct settings s;
static struct diag diag;
static char path[] = "/tmp/grapnel-test-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    diag = (struct diag){""};
    (void)clearenv();
    return settings_init(&s);
}

static int tear_down(void **state)
{
    (void)state;
    settings_fini(&s);
    return 0;
}

static void expect_words(const char *a, const char *b, const char *c)
{
    assert_non_null(strstr(diag.text, a));
    assert_non_null(strstr(diag.text, b));
    assert_non_null(strstr(diag.text, c));
}

static void defaults(void **state)
{
    (void)state;
    assert_string_equal(s.redis_url, "redis://127.0.0.1:6379/0");
    assert_string_equal(s.master_key, "");
    assert_int_equal(s.redis_timeout, 5000);
    assert_int_equal(s.event_bytes_max, 256 << 10);
    assert_int_equal(s.log_level, 2);
    assert_int_equal(s.log_format, 0);
}

static void both_spellings(void **state)
{
    (void)state;
    assert_int_equal(settings_set(&s, "redis_timeout", "2s", "x", &diag), 0);
    assert_int_equal(s.redis_timeout, 2000);
    assert_int_equal(settings_set(&s, "redis-timeout", "3s", "x", &diag), 0);
    assert_int_equal(s.redis_timeout, 3000);
    assert_int_equal(settings_set(&s, "redis", "x", "--redis", &diag), -ENOENT);
    expect_words("redis", "--redis", "no setting");
    assert_int_equal(settings_set(&s, "redis_timeoutx", "x", "x", &diag), -ENOENT);
    assert_int_equal(settings_set(&s, "", "x", "x", &diag), -ENOENT);
    assert_int_equal(settings_set(&s, "REDIS_TIMEOUT", "1s", "x", &diag), -ENOENT);
}

/* The words name the setting, where its value came from, and what was expected. */
static void refusals(void **state)
{
    static const struct {
        const char *name, *value, *expected;
    } cases[] = {
        {"partitions", "0", "1..4096"},
        {"partitions", "4097", "1..4096"},
        {"partitions", "four", "1..4096"},
        {"partitions", "", "1..4096"},
        {"partitions", "99999999999999999999", "1..4096"},
        {"partitions", "-1", "1..4096"},
        {"redis_timeout", "99ms", "100ms..1m"},
        {"redis_timeout", "61s", "100ms..1m"},
        {"redis_timeout", "5 s", "100ms..1m"},
        {"event_bytes_max", "1023", "1KiB..16MiB"},
        {"event_bytes_max", "17MiB", "1KiB..16MiB"},
        {"event_bytes_max", "1MB", "1KiB..16MiB"},
        {"idempotency", "31d", "1s..30d"},
        {"log_format", "xml", "text|json"},
        {"log_format", "", "text|json"},
        {"log_format", "tex", "text|json"},
        {"log_format", "text|json", "text|json"},
        {"log_level", "INFO", "trace|debug|info|warn|error"},
    };
    struct settings before = s;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(settings_set(&s, cases[i].name, cases[i].value, "file.conf line 3", &diag),
                         -EINVAL);
        expect_words(cases[i].name, "file.conf line 3", cases[i].expected);
    }
    assert_memory_equal(&s, &before, sizeof(s)); /* nothing was taken over */
}

static void bounds_are_inclusive(void **state)
{
    (void)state;
    assert_int_equal(settings_set(&s, "partitions", "1", "x", &diag), 0);
    assert_int_equal(settings_set(&s, "partitions", "4096", "x", &diag), 0);
    assert_int_equal(s.partitions, 4096);
    assert_int_equal(settings_set(&s, "log_level", "error", "x", &diag), 0);
    assert_int_equal(s.log_level, 4);
}

/* A value as long as a page must not push out what was expected. */
static void long_value_is_shortened(void **state)
{
    char value[5000];

    (void)state;
    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    assert_int_equal(settings_set(&s, "redis_timeout", value, value, &diag), -EINVAL);
    expect_words("redis_timeout", "100ms..1m", "xxx");
}

/* ---- the file and the environment ---- */

static int load_text(const char *text)
{
    int fd, r;

    memcpy(path + strlen(path) - 6, "XXXXXX", 6);
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    r = settings_load(&s, path, &diag);
    assert_int_equal(unlink(path), 0);
    return r;
}

static void file_of_lines(void **state)
{
    (void)state;
    assert_int_equal(load_text("# comment\n"
                               "\n"
                               "  redis_url =  redis://h:1/2  \r\n"
                               "partitions=8\n"
                               "key-prefix = a=b\n"
                               "source_service =\n"
                               "drain = 1m"), /* no newline at the end */
                     0);
    assert_string_equal(s.redis_url, "redis://h:1/2");
    assert_int_equal(s.partitions, 8);
    assert_string_equal(s.key_prefix, "a=b");
    assert_string_equal(s.source_service, "");
    assert_int_equal(s.drain, 60000);
}

static void bad_files(void **state)
{
    char long_line[6000] = "source_service = ";

    (void)state;
    assert_int_equal(load_text("partitions = 8\nnonsense\n"), -EINVAL);
    expect_words("line 2", "name = value", "");
    assert_int_equal(load_text("\n\nno_such = 1\n"), -EINVAL);
    expect_words("no_such", "line 3", "no setting");
    assert_int_equal(load_text("partitions = many\n"), -EINVAL);
    expect_words("partitions", "line 1", "1..4096");
    assert_int_equal(load_text("= 5\n"), -EINVAL);
    memset(long_line + 17, 'x', sizeof(long_line) - 18);
    assert_int_equal(load_text(long_line), -EINVAL);
    expect_words("line 1", "4096", "");
    assert_int_equal(settings_load(&s, "/nonexistent/file", &diag), -EINVAL);
    expect_words("/nonexistent/file", "No such file", "");
    assert_int_equal(settings_load(&s, "/", &diag), -EINVAL); /* a folder */
}

static void environment_beats_the_file(void **state)
{
    (void)state;
    (void)setenv("GRAPNEL_PARTITIONS", "16", 1);
    assert_int_equal(load_text("partitions = 8\nslots = 9\n"), 0);
    assert_int_equal(s.partitions, 16);
    assert_int_equal(s.slots, 9);
    (void)setenv("GRAPNEL_PARTITIONS", "0", 1);
    assert_int_equal(settings_load(&s, NULL, &diag), -EINVAL);
    expect_words("partitions", "GRAPNEL_PARTITIONS", "1..4096");
}

static void file_named_by_the_environment(void **state)
{
    (void)state;
    (void)setenv("GRAPNEL_CONFIG", "/nonexistent/config", 1);
    assert_int_equal(settings_load(&s, NULL, &diag), -EINVAL);
    expect_words("/nonexistent/config", "", "");
    assert_int_equal(load_text("slots = 9\n"), 0); /* the one that was named wins */
    assert_int_equal(s.slots, 9);
}

/* ---- the command line ---- */

/* Its own struct, as settings_parse_argv() begins with the defaults. */
static struct settings parsed;

static int parse(unsigned scope, char **argv)
{
    int argc = 0;

    while (argv[argc])
        argc++;
    return settings_parse_argv(&parsed, scope, argc, argv, "A test.");
}

static void command_line_beats_all(void **state)
{
    char a0[] = "prog", a1[] = "--partitions", a2[] = "32", a3[] = "--slots=7";
    char *argv[] = {a0, a1, a2, a3, NULL};

    (void)state;
    (void)setenv("GRAPNEL_PARTITIONS", "16", 1);
    (void)setenv("GRAPNEL_CLAIM_BATCH", "17", 1);
    assert_int_equal(parse(SCOPE_WORKER, argv), 0);
    assert_int_equal(parsed.partitions, 32);
    assert_int_equal(parsed.slots, 7);
    assert_int_equal(parsed.claim_batch, 17);
    settings_fini(&parsed);
}

static void secret_is_wiped_from_the_command_line(void **state)
{
    char a0[] = "prog", a1[] = "--master-key", a2[] = "c2VjcmV0";
    char *argv[] = {a0, a1, a2, NULL};

    (void)state;
    assert_int_equal(parse(SCOPE_WORKER, argv), 0);
    assert_string_equal(parsed.master_key, "c2VjcmV0");
    assert_memory_equal(a2, "\0\0\0\0\0\0\0\0", 8);
    settings_fini(&parsed);
}

/* What a child that parses @argv prints and how it ends. */
static int run_child(unsigned scope, char **argv, char *output, size_t size)
{
    int fds[2], status;
    ssize_t n, len = 0;
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(fds[1], STDOUT_FILENO);
        (void)dup2(fds[1], STDERR_FILENO);
        close(fds[0]);
        _exit(parse(scope, argv) ? 77 : 78);
    }
    close(fds[1]);
    while ((n = read(fds[0], output + len, size - 1 - (size_t)len)) > 0)
        len += n;
    output[len] = '\0';
    close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void bad_command_lines(void **state)
{
    static const struct {
        const char *argument, *words;
    } cases[] = {
        {"--partitions=0", "1..4096"},
        {"--partitions", "argument"},
        {"--no-such=1", "no-such"},
        {"stray", "stray"},
        {"--fanout-batch=3", "fanout-batch"}, /* the scheduler's */
        {"--config=/nonexistent", "/nonexistent"},
    };
    char output[4096];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char a0[] = "prog", argument[64];
        char *argv[] = {a0, argument, NULL};

        (void)snprintf(argument, sizeof(argument), "%s", cases[i].argument);
        assert_int_equal(run_child(SCOPE_WORKER, argv, output, sizeof(output)), 77);
        assert_non_null(strstr(output, cases[i].words));
    }
}

static void help_and_version(void **state)
{
    char a0[] = "prog", help[] = "--help", usage[] = "--usage", version[] = "--version";
    char *const options[] = {help, usage, version};
    static char output[65536];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        char *argv[] = {a0, options[i], NULL};

        assert_int_equal(run_child(SCOPE_WORKER, argv, output, sizeof(output)), 0);
        if (options[i] == help) {
            assert_non_null(strstr(output, "A test."));
            assert_non_null(strstr(output, "--claim-batch=NUMBER"));
            assert_non_null(strstr(output, "[128]; 1..1024"));
            assert_null(strstr(output, "--fanout-batch"));
        } else if (options[i] == version) {
            assert_string_equal(output, "prog " GRAPNEL_VERSION_TEXT "\n");
        }
    }
}

/* ---- the table ---- */

static void every_row_is_complete(void **state)
{
    const struct settings_row *row;
    size_t n = 0;

    (void)state;
    for (; (row = settings_row_at(n)); n++) {
        bool is_text = !strcmp(row->kind, "text") || !strcmp(row->kind, "secret");

        assert_true(*row->name && *row->help && row->scope);
        assert_int_equal(*row->range == '\0', is_text);
        assert_int_equal(settings_set(&s, row->name, row->initial, "its default", &diag), 0);
        for (size_t i = 0; i < n; i++)
            assert_string_not_equal(settings_row_at(i)->name, row->name);
    }
    assert_true(n > 30);
}

static void markdown(void **state)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    assert_non_null(out);
    settings_write_markdown(out);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, "\n| `redis_timeout` | `5s` | duration, 100ms..1m | all | "));
    assert_non_null(strstr(text, "choice, text\\|json")); /* a bare | would begin a column */
    assert_non_null(strstr(text, "| scheduler, worker, api, cli |"));
    for (const char *line = strstr(text, "|---"); line && *line; line = strchr(line, '\n') + 1) {
        unsigned columns = 0;

        for (const char *c = line; *c != '\n'; c++)
            columns += *c == '|' && c[-1] != '\\';
        assert_int_equal(columns, 6);
    }
    free(text);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(defaults),
        T(both_spellings),
        T(refusals),
        T(bounds_are_inclusive),
        T(long_value_is_shortened),
        T(file_of_lines),
        T(bad_files),
        T(environment_beats_the_file),
        T(file_named_by_the_environment),
        T(command_line_beats_all),
        T(secret_is_wiped_from_the_command_line),
        T(bad_command_lines),
        T(help_and_version),
        T(every_row_is_complete),
        T(markdown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
