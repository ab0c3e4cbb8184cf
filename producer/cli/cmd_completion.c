/* cmd_completion.c: `grapnel completion SHELL`: made from the commands' rows. */
#include "producer/cli/commands.h"
#include <stdio.h>

struct args {
    const char *shell;
};

static int on_option(void *data, int key, char *value, struct diag *diag)
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

/* The command is the words behind `grapnel` that are a command's name, two if they fit, else one.
 */
static void write_bash(FILE *out)
{
    const struct command *c;

    (void)fputs("# bash completion for grapnel; made by `grapnel completion bash'\n"
                "_grapnel() {\n"
                "    local cur=${COMP_WORDS[COMP_CWORD]} words=\"${COMP_WORDS[*]:1:2}\" options\n"
                "    COMPREPLY=()\n"
                "    case \"$words \" in\n",
                out);
    for (size_t i = 0; (c = command_at(i)); i++) {
        (void)fprintf(out, "    \"%s \"*) options=\"", c->name);
        each_option(c, bash_option, out);
        (void)fputs("\" ;;\n", out);
    }
    (void)fputs("    *) options=\"", out);
    for (size_t i = 0; (c = command_at(i)); i++)
        (void)fprintf(out, " %s", c->name);
    (void)fputs("\" ;;\n"
                "    esac\n"
                "    if [[ $cur != -* && $COMP_CWORD -gt 1 && \" $options\" == *\" --\"* ]]; then\n"
                "        COMPREPLY=($(compgen -f -- \"$cur\"))\n"
                "        return\n"
                "    fi\n"
                "    COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
                "    [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace\n"
                "}\n"
                "complete -F _grapnel grapnel\n",
                out);
}

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

static void write_zsh(FILE *out)
{
    const struct command *c;

    (void)fputs("#compdef grapnel\n# zsh completion; made by `grapnel completion zsh'\n"
                "_grapnel() {\n    local -a commands=(",
                out);
    for (size_t i = 0; (c = command_at(i)); i++) {
        (void)fprintf(out, "\n        '%s:", c->name);
        quote(c->about, "\\", out);
        (void)fputc('\'', out);
    }
    (void)fputs("\n    )\n"
                "    if (( CURRENT == 2 )); then\n"
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

static void write_fish(FILE *out)
{
    const struct command *c;

    (void)fputs("# fish completion for grapnel; made by `grapnel completion fish'\n"
                "function __grapnel_is\n"
                "    set -l words (commandline -opc)\n"
                "    test (count $words) -gt (count $argv)\n"
                "    and test \"$words[2..(math 1 + (count $argv))]\" = \"$argv\"\n"
                "end\n"
                "function __grapnel_none\n"
                "    test (count (commandline -opc)) -eq 1\n"
                "end\n",
                out);
    for (size_t i = 0; (c = command_at(i)); i++) {
        (void)fprintf(out, "complete -c grapnel -n __grapnel_none -f -a '%s' -d '", c->name);
        quote(c->about, "\\", out);
        (void)fputs("'\n", out);
        each_option(c, fish_option, out);
    }
}

static int run(struct cli *cli)
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
    .option = on_option,
    .run = run,
};
