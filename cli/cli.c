/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "common/base/log.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { SETTINGS_MAX = 96, NAME_MAX_BYTES = 40, HELP_MAX_BYTES = 400 };
enum { JSON_KEY = 900, CONFIG_KEY = 901 };

/* The settings as rows for argp, made on first use. */
static struct argp_option shared[SETTINGS_MAX + 3];
static char names[SETTINGS_MAX][NAME_MAX_BYTES];
static char helps[SETTINGS_MAX][HELP_MAX_BYTES];

static const char *value_name(const struct settings_row *row)
{
    return strcmp(row->kind, "choice") == 0 ? row->range : row->kind;
}

static void cli_describe(char *ret, const struct settings_row *row)
{
    if (*row->initial)
        (void)snprintf(ret, HELP_MAX_BYTES, "%s (default %s)", row->help, row->initial);
    else
        (void)snprintf(ret, HELP_MAX_BYTES, "%s", row->help);
}

static void spell(char *ret, const char *name)
{
    (void)snprintf(ret, NAME_MAX_BYTES, "%s", name);
    for (char *at = ret; *at; at++)
        if (*at == '_')
            *at = '-';
}

static void make_shared_options(void)
{
    const struct settings_row *row;
    size_t n = 0;

    shared[n++] = (struct argp_option){"json", JSON_KEY, NULL, 0, "Print JSON, for scripts", 0};
    shared[n++] = (struct argp_option){
        "config", CONFIG_KEY, "FILE", 0, "Read settings from FILE, one `name = value` a line", 0};
    for (size_t i = 0; i < SETTINGS_MAX && (row = settings_row_at(i)); i++) {
        if (!(row->scope & SCOPE_CLI))
            continue;
        spell(names[i], row->name);
        cli_describe(helps[i], row);
        shared[n++] = (struct argp_option){
            names[i], OPTION_SETTING + (int)i, value_name(row), 0, helps[i], 0};
    }
}

const struct argp_option *cli_shared_options(void)
{
    if (!shared[0].name)
        make_shared_options();
    return shared;
}

/* What stands on the command line is kept until file and environment are read: it wins. */
struct parse {
    struct cli *cli;
    const char *config;
    const char *values[SETTINGS_MAX];
};

static error_t on_shared_option(int key, char *value, struct argp_state *state)
{
    struct parse *p = state->input;

    if (key == JSON_KEY)
        p->cli->is_json = true;
    else if (key == CONFIG_KEY)
        p->config = value;
    else if (key >= OPTION_SETTING && key < OPTION_SETTING + SETTINGS_MAX)
        p->values[key - OPTION_SETTING] = value;
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static error_t on_own_option(int key, char *value, struct argp_state *state)
{
    struct parse *p = state->input;
    const struct command *command = p->cli->command;
    struct diag diag = {""};

    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = p;
        return 0;
    }
    if (key & 0x1000000) /* the other keys that argp makes up */
        return ARGP_ERR_UNKNOWN;
    if (key == ARGP_KEY_ARG && !*command->arguments)
        argp_error(state, "unexpected argument: %s", value);
    if (!command->option)
        return ARGP_ERR_UNKNOWN;
    if (command->option(p->cli->args, key, value, &diag))
        argp_error(state, "%s", diag.text);
    return 0;
}

struct parser {
    struct argp argp, shared;
    struct argp_child children[2];
    char name[64], doc[4096];
};

static void parser_init(struct parser *p, const struct command *command)
{
    *p = (struct parser){
        .argp = {.options = command->options,
                 .parser = on_own_option,
                 .args_doc = *command->arguments ? command->arguments : NULL,
                 .doc = p->doc,
                 .children = p->children},
        .shared = {.options = cli_shared_options(), .parser = on_shared_option},
    };
    p->children[0] =
        (struct argp_child){&p->shared, 0, "Of every command (settings: also GRAPNEL_<NAME>):", 2};
    (void)snprintf(p->name, sizeof(p->name), "grapnel %s", command->name);
    /* What stands behind the \v comes after the options. */
    (void)snprintf(p->doc, sizeof(p->doc), "%s\v%s", command->about,
                   command->details ? command->details : "");
}

/* Settings are needed before anything else: without them not even --redis-url means something. */
static int load_settings(struct cli *cli, const struct parse *p)
{
    struct diag diag = {""};
    const struct settings_row *row;
    char origin[NAME_MAX_BYTES + 2];
    int r = settings_load(&cli->settings, p->config, &diag);

    for (size_t i = 0; !r && i < SETTINGS_MAX && (row = settings_row_at(i)); i++) {
        if (!p->values[i])
            continue;
        (void)snprintf(origin, sizeof(origin), "--%.*s", NAME_MAX_BYTES - 1, names[i]);
        r = settings_set(&cli->settings, row->name, p->values[i], origin, &diag);
    }
    return r ? cli_misuse(cli, "%s", diag.text) : EXIT_DONE;
}

static int parse_and_run(struct cli *cli, int argc, char **argv)
{
    struct parse parse = {.cli = cli};
    struct parser p;
    int status;

    parser_init(&p, cli->command);
    argv[0] = p.name;
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&p.argp, argc, argv, 0, NULL, &parse))
        return EXIT_USAGE;
    status = load_settings(cli, &parse);
    if (status)
        return status;
    log_setup("grapnel", (enum log_level)cli->settings.log_level,
              (enum log_format)cli->settings.log_format);
    return cli->command->run(cli);
}

static int cli_run_with_args(struct cli *cli, int argc, char **argv)
{
    if (cli->command->args_init)
        cli->command->args_init(cli->args, cli->command);
    return parse_and_run(cli, argc, argv);
}

int cli_run(const struct command *command, int argc, char **argv)
{
    struct cli cli = {.command = command};
    int status;

    cli.args = calloc(1, command->args_size + 1);
    if (!cli.args || settings_init(&cli.settings))
        status = cli_fail(&cli, EXIT_FAILED, "out of memory");
    else
        status = cli_run_with_args(&cli, argc, argv);
    if (command->args_fini && cli.args)
        command->args_fini(cli.args);
    settings_fini(&cli.settings);
    free(cli.args);
    return status;
}

static int cli_do_fail(const struct cli *cli, int status, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static int cli_do_fail(const struct cli *cli, int status, const char *format, va_list args)
{
    char words[512];
    struct buf json;

    (void)vsnprintf(words, sizeof(words), format, args);
    (void)fprintf(stderr, "grapnel %s: %s\n", cli->command->name, words);
    if (!cli->is_json)
        return status;
    buf_init(&json, 8 * sizeof(words));
    buf_add_text(&json, "{\"error\":");
    buf_add_json_string(&json, span_of(words));
    buf_add_text(&json, "}");
    (void)cli_print_json(cli, &json);
    buf_fini(&json);
    return status;
}

int cli_fail(const struct cli *cli, int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    status = cli_do_fail(cli, status, format, args);
    va_end(args);
    return status;
}

int cli_misuse(const struct cli *cli, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)cli_do_fail(cli, EXIT_USAGE, format, args);
    va_end(args);
    (void)fprintf(stderr, "Try `grapnel help %s'.\n", cli->command->name);
    return EXIT_USAGE;
}

int cli_status_of(enum grapnel_result result)
{
    switch (result) {
    case GRAPNEL_OK:
        return EXIT_DONE;
    case GRAPNEL_UNREACHABLE:
    case GRAPNEL_TIMEOUT:
        return EXIT_UNREACHABLE;
    default:
        return EXIT_FAILED;
    }
}

int cli_print_json(const struct cli *cli, const struct buf *json)
{
    struct span text = buf_span(json);

    if (buf_result(json) == 0 && fwrite(text.data, 1, text.len, stdout) == text.len &&
        fputc('\n', stdout) != EOF && fflush(stdout) == 0)
        return EXIT_DONE;
    (void)fprintf(stderr, "grapnel %s: cannot write to standard output\n", cli->command->name);
    return EXIT_FAILED;
}

bool cli_has_colour(int fd)
{
    const char *no_colour = getenv("NO_COLOR");

    return isatty(fd) && !(no_colour && *no_colour);
}
