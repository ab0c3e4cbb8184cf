/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_completion.c: `grapnel completion SHELL`: made from the commands' rows. */
#include "cli/commands.h"
#include <stdio.h>

struct args {
    const char *shell;
};

static int cmd_completion_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    if (key != ARGP_KEY_ARG || a->shell)
        return diag_set(diag, "expected one of bash, zsh, fish");
    a->shell = value;
    return 0;
}

typedef void option_fn(const struct command *c, const struct argp_option *o, FILE *out);

static void each_of(const struct command *c, const struct argp_option *o, option_fn *fn, FILE *out)
{
    for (; o && (o->name || o->doc || o->group); o++)
        if (o->name)
            fn(c, o, out);
}

static void each_option(const struct command *c, option_fn *fn, FILE *out)
{
    each_of(c, c->options, fn, out);
    each_of(c, cli_shared_options(), fn, out);
}

static void bash_option(const struct command *c, const struct argp_option *o, FILE *out)
{
    (void)c;
    (void)fprintf(out, " --%s%s", o->name, o->arg ? "=" : "");
}

/* --- groups: commands whose names begin with the same word ------------------------------------- */

static size_t first_word(const struct command *c)
{
    return strcspn(c->name, " ");
}

/* What stands behind the first word; NULL when the name is one word. */
static const char *second_word(const struct command *c)
{
    return strchr(c->name, ' ') ? strchr(c->name, ' ') + 1 : NULL;
}

static bool is_same_group(const struct command *a, const struct command *b)
{
    return first_word(a) == first_word(b) && strncmp(a->name, b->name, first_word(a)) == 0;
}

static bool is_first_of_group(size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (is_same_group(command_at(i), command_at(index)))
            return false;
    return true;
}

/* --- bash --------------------------------------------------------------------------------------- */

static void bash_groups(FILE *out)
{
    const struct command *c, *other;

    for (size_t i = 0; (c = command_at(i)); i++) {
        if (!second_word(c) || !is_first_of_group(i))
            continue;
        (void)fprintf(out, "    2:%.*s) options=\"", (int)first_word(c), c->name);
        for (size_t j = i; (other = command_at(j)); j++)
            if (is_same_group(c, other) && second_word(other))
                (void)fprintf(out, " %s", second_word(other));
        (void)fputs("\" ;;\n", out);
    }
    (void)fputs("    1:*) options=\"", out);
    for (size_t i = 0; (c = command_at(i)); i++)
        if (is_first_of_group(i))
            (void)fprintf(out, " %.*s", (int)first_word(c), c->name);
    (void)fputs("\" ;;\n", out);
}

/* The command is what the words behind `grapnel` begin with. */
static void write_bash(FILE *out)
{
    const struct command *c;

    (void)fputs("# bash completion for grapnel; made by `grapnel completion bash'\n"
                "_grapnel() {\n"
                "    local cur=${COMP_WORDS[COMP_CWORD]} words=\"${COMP_WORDS[*]:1:2}\" options=\n"
                "    COMPREPLY=()\n"
                "    case $COMP_CWORD:${COMP_WORDS[1]} in\n",
                out);
    bash_groups(out);
    (void)fputs("    *) case \"$words \" in\n", out);
    for (size_t i = 0; (c = command_at(i)); i++) {
        (void)fprintf(out, "        \"%s \"*) options=\"", c->name);
        each_option(c, bash_option, out);
        (void)fputs("\" ;;\n", out);
    }
    (void)fputs("        esac\n"
                "        if [[ $cur != -* ]]; then\n"
                "            COMPREPLY=($(compgen -f -- \"$cur\"))\n"
                "            return\n"
                "        fi ;;\n"
                "    esac\n"
                "    COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
                "    [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace\n"
                "}\n"
                "complete -F _grapnel grapnel\n",
                out);
}

/* --- zsh ---------------------------------------------------------------------------------------- */

/* @text inside single quotes, with ':' and '[' harmless for zsh's _arguments. */
static void quote(const char *text, const char *escaped, FILE *out)
{
    for (; *text; text++) {
        if (*text == '\'')
            (void)fputs("'\\''", out);
        else if (strchr(escaped, *text))
            (void)fprintf(out, "\\%c", *text);
        else
            (void)fputc(*text, out);
    }
}

static void zsh_option(const struct command *c, const struct argp_option *o, FILE *out)
{
    (void)c;
    (void)fprintf(out, " \\\n            '--%s%s[", o->name, o->arg ? "=" : "");
    quote(o->doc ? o->doc : "", "[]:\\", out);
    (void)fputc(']', out);
    if (o->arg) {
        (void)fputc(':', out);
        quote(o->arg, ":\\", out);
        (void)fputs(":_files", out);
    }
    (void)fputc('\'', out);
}

static void zsh_word(const char *word, size_t len, const char *about, FILE *out)
{
    (void)fprintf(out, " '%.*s:", (int)len, word);
    quote(about, "\\", out);
    (void)fputc('\'', out);
}

static void zsh_groups(FILE *out)
{
    const struct command *c, *other;

    (void)fputs("    2:*) commands=(", out);
    for (size_t i = 0; (c = command_at(i)); i++)
        if (is_first_of_group(i))
            zsh_word(c->name, first_word(c), second_word(c) ? "" : c->about, out);
    (void)fputs(" ) ;;\n", out);
    for (size_t i = 0; (c = command_at(i)); i++) {
        if (!second_word(c) || !is_first_of_group(i))
            continue;
        (void)fprintf(out, "    3:%.*s) commands=(", (int)first_word(c), c->name);
        for (size_t j = i; (other = command_at(j)); j++)
            if (is_same_group(c, other) && second_word(other))
                zsh_word(second_word(other), strlen(second_word(other)), other->about, out);
        (void)fputs(" ) ;;\n", out);
    }
}

static void write_zsh(FILE *out)
{
    const struct command *c;

    (void)fputs("#compdef grapnel\n# zsh completion; made by `grapnel completion zsh'\n"
                "_grapnel() {\n"
                "    local -a commands=()\n"
                "    case $CURRENT:${words[2]} in\n",
                out);
    zsh_groups(out);
    (void)fputs("    esac\n"
                "    if (( $#commands )); then\n"
                "        _describe command commands\n"
                "        return\n"
                "    fi\n"
                "    case \"${words[2,3]} \" in\n",
                out);
    for (size_t i = 0; (c = command_at(i)); i++) {
        (void)fprintf(out, "        \"%s \"*) _arguments", c->name);
        each_option(c, zsh_option, out);
        (void)fputs(" \\\n            '*:file:_files' ;;\n", out);
    }
    (void)fputs("    esac\n}\n_grapnel \"$@\"\n", out);
}

/* --- fish --------------------------------------------------------------------------------------- */

static void fish_option(const struct command *c, const struct argp_option *o, FILE *out)
{
    (void)fputs("complete -c grapnel -n '__grapnel_is ", out);
    (void)fprintf(out, "%s' -l %s%s -d '", c->name, o->name, o->arg ? " -r" : "");
    for (const char *at = o->doc ? o->doc : ""; *at; at++) {
        if (*at == '\'' || *at == '\\')
            (void)fputc('\\', out);
        (void)fputc(*at, out);
    }
    (void)fputs("'\n", out);
}

/* @name of two words is offered word by word. */
static void fish_command(const struct command *c, FILE *out)
{
    const char *second = second_word(c);
    int first = (int)first_word(c);

    (void)fprintf(out, "complete -c grapnel -n __grapnel_at -f -a %.*s -d '", first, c->name);
    quote(second ? "" : c->about, "\\", out);
    (void)fputs("'\n", out);
    if (!second)
        return;
    (void)fprintf(out, "complete -c grapnel -n '__grapnel_at %.*s' -f -a %s -d '", first, c->name,
                  second);
    quote(c->about, "\\", out);
    (void)fputs("'\n", out);
}

static void write_fish(FILE *out)
{
    const struct command *c;

    (void)fputs("# fish completion for grapnel; made by `grapnel completion fish'\n"
                "function __grapnel_is # the command is these words\n"
                "    set -l words (commandline -opc)\n"
                "    set -e words[1]\n"
                "    test (count $words) -ge (count $argv)\n"
                "    and test \"$words[1..(count $argv)]\" = \"$argv\"\n"
                "end\n"
                "function __grapnel_at # these words, and no more, stand before the one in hand\n"
                "    set -l words (commandline -opc)\n"
                "    set -e words[1]\n"
                "    test \"$words\" = \"$argv\"\n"
                "end\n",
                out);
    for (size_t i = 0; (c = command_at(i)); i++) {
        fish_command(c, out);
        each_option(c, fish_option, out);
    }
}

static int cmd_completion_run(struct cli *cli)
{
    const struct args *a = cli->args;
    const struct {
        const char *name;
        void (*write)(FILE *out);
    } shells[] = {{"bash", write_bash}, {"zsh", write_zsh}, {"fish", write_fish}};

    for (size_t i = 0; a->shell && i < ARRAY_LEN(shells); i++) {
        if (strcmp(shells[i].name, a->shell) == 0) {
            shells[i].write(stdout);
            return EXIT_DONE;
        }
    }
    return cli_misuse(cli, "expected one of bash, zsh, fish");
}

const struct command command_completion = {
    .name = "completion",
    .arguments = "bash|zsh|fish",
    .about = "Print a shell's completion script",
    .details = "To try it: source <(grapnel completion bash). Installed packages bring the scripts "
               "with them.",
    .args_size = sizeof(struct args),
    .option = cmd_completion_on_option,
    .run = cmd_completion_run,
};
