/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_help.c: `grapnel help [COMMAND]` and `grapnel version`. */
#include "cli/commands.h"
#include <stdio.h>

enum { WORDS_MAX = 2 };

struct args {
    char *words[WORDS_MAX];
    int n;
};

static int cmd_help_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    if (key != ARGP_KEY_ARG || a->n == WORDS_MAX)
        return diag_set(diag, "expected the name of a command");
    a->words[a->n++] = value;
    return 0;
}

static void list_commands(FILE *out)
{
    const struct command *c;

    (void)fputs("Usage: grapnel COMMAND [OPTION...]\n\n", out);
    for (size_t i = 0; (c = command_at(i)); i++)
        (void)fprintf(out, "  %-18s %s\n", c->name, c->about);
    (void)fputs("\n`grapnel help COMMAND' tells a command's options, `grapnel man' all of it.\n",
                out);
}

static int cmd_help_run(struct cli *cli)
{
    struct args *a = cli->args;
    static char name[] = "grapnel", option[] = "--help";
    char *argv[] = {name, option, NULL};
    const struct command *command;
    int words = 0;

    if (a->n == 0) {
        list_commands(stdout);
        return EXIT_DONE;
    }
    command = command_find(a->n, a->words, &words);
    if (!command || words != a->n)
        return cli_misuse(cli, "no command %s", a->words[0]);
    return cli_run(command, 2, argv);
}

const struct command command_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .about = "List the commands, or tell a command's options",
    .args_size = sizeof(struct args),
    .option = cmd_help_on_option,
    .run = cmd_help_run,
};

static int run_version(struct cli *cli)
{
    if (cli->is_json)
        (void)printf("{\"version\":\"%s\"}\n", GRAPNEL_VERSION);
    else
        (void)printf("grapnel %s\n", GRAPNEL_VERSION);
    return EXIT_DONE;
}

const struct command command_version = {
    .name = "version",
    .arguments = "",
    .about = "Print the version",
    .run = run_version,
};
