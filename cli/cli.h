/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h: what all commands of `grapnel` share.
 *
 * A command is one file and one row in commands.c: its name, its options, its words and the
 * function that runs it. Parsing, `grapnel help`, the shell completions and the man page all come
 * from the row. Settings with SCOPE_CLI (settings.def) are options of every command, so is --json.
 */
#ifndef GRAPNEL_CLI_CLI_H
#define GRAPNEL_CLI_CLI_H

#include "common/base/base.h"
#include "common/base/buf.h"
#include "common/runtime/settings.h"
#include <argp.h>
#include <grapnel.h>

/* Exit statuses; documented in the man page. */
enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1, /* refused, not found, not valid, not possible */
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 3, /* Redis */
};

struct cli;
struct resource;

struct command {
    const char *name;      /* "publish"; of two words: "endpoint add" */
    const char *arguments; /* what may follow the options: "[FILE]", or "" */
    const char *about;     /* one line */
    const char *details;   /* paragraphs, separated by an empty line; may be NULL */
    /* Its own options, ended by a zero row; may be NULL. Keys are letters, or from OPTION_FIRST on.
     */
    const struct argp_option *options;
    const struct resource *resource; /* of a row of cli/api/resources.def; NULL: of none */
    size_t args_size;                /* of its own struct, zeroed before the first option is told */
    void (*args_init)(void *args, const struct command *command); /* may be NULL */
    /* Told of each of its options (@key) and arguments (ARGP_KEY_ARG). -EINVAL with words: usage.
     */
    int (*option)(void *args, int key, char *value, struct diag *diag);
    int (*run)(struct cli *cli);   /* returns the exit status */
    void (*args_fini)(void *args); /* may be NULL */
};

enum { OPTION_FIRST = 256, OPTION_SETTING = 1000 };

/* One run of a command. */
struct cli {
    const struct command *command;
    void *args; /* the command's own struct */
    struct settings settings;
    bool is_json;
};

const struct command *command_at(size_t index); /* lends; NULL behind the last */
const struct command *command_find(int argc, char **argv, int *ret_words); /* by its first words */

/* The options that every command has: --json, --config and the settings. Ended by a zero row. */
const struct argp_option *cli_shared_options(void);

/* Parses @argv (behind the command's name), loads the settings and runs. The exit status. */
int cli_run(const struct command *command, int argc, char **argv);

/* Tells why on stderr, and as {"error": …} on stdout with --json; returns @status. */
int cli_fail(const struct cli *cli, int status, const char *format, ...) _printf_(3, 4);
int cli_misuse(const struct cli *cli, const char *format, ...) _printf_(2, 3); /* EXIT_USAGE */

/* The exit status that a result of the library stands for. */
int cli_status_of(enum grapnel_result result);

/* Writes a line of JSON to stdout, flushed; EXIT_FAILED with a word on stderr when that fails. */
int cli_print_json(const struct cli *cli, const struct buf *json);

/* May @fd be written to in colours? */
bool cli_has_colour(int fd);

#endif
