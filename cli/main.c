/* SPDX-License-Identifier: Apache-2.0 */
/* main.c: `grapnel COMMAND …` finds the command and runs it. */
#include "cli/commands.h"
#include <signal.h>
#include <stdio.h>

static int run_command(int argc, char **argv)
{
    int words = 0;
    const struct command *command = command_find(argc - 1, argv + 1, &words);

    if (command)
        return cli_run(command, argc - words, argv + words);
    if (argc > 1)
        (void)fprintf(stderr, "grapnel: no command %s; try `grapnel help'\n", argv[1]);
    else
        (void)fprintf(stderr, "grapnel: a command is missing; try `grapnel help'\n");
    return EXIT_USAGE;
}

/* What people type who do not know yet that there are commands. */
static char *as_command(char *word)
{
    static char help[] = "help", version[] = "version";

    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "-?") == 0)
        return help;
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        return version;
    return word;
}

int main(int argc, char **argv)
{
    int status;

    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of the write */
    if (argc > 1)
        argv[1] = as_command(argv[1]);
    commands_choose(argc, argv);
    status = run_command(argc, argv);
    if (fflush(stdout) || ferror(stdout))
        status = status ? status : EXIT_FAILED;
    return status;
}
