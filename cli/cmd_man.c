/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_man.c: `grapnel man`: the man page, made from the commands' rows. */
#include "cli/commands.h"
#include <stdio.h>

/* A character of two to four bytes by its number, which every roff understands. @at is UTF-8: it comes
 * from our own source. Returns its length. */
static int put_wide(const char *at, FILE *out)
{
    unsigned char lead = (unsigned char)*at;
    int len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    unsigned code = lead & (0xff >> (len + 1));

    for (int i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)at[i] & 0x3f);
    (void)fprintf(out, "\\[u%04X]", code);
    return len;
}

/* Text with what roff would take for itself escaped. @starts_line: nothing is printed before it. */
static void cmd_man_put(const char *text, bool starts_line, FILE *out)
{
    int len;

    for (const char *at = text; *at; at += len) {
        len = 1;
        if ((starts_line || (at > text && at[-1] == '\n')) && (*at == '.' || *at == '\''))
            (void)fputs("\\&", out);
        starts_line = false;
        if (*at == '\\')
            (void)fputs("\\e", out);
        else if (*at == '-')
            (void)fputs("\\-", out);
        else if (*at & 0x80)
            len = put_wide(at, out);
        else
            (void)fputc(*at, out);
    }
}

/* Paragraphs are separated by an empty line; one that is indented is shown as it is. */
static void put_paragraph(const char *text, size_t len, FILE *out)
{
    char copy[2048];
    bool is_example = text[0] == ' ';

    (void)snprintf(copy, sizeof(copy), "%.*s", (int)MIN(len, sizeof(copy) - 1), text);
    (void)fputs(is_example ? ".PP\n.nf\n" : ".PP\n", out);
    cmd_man_put(copy, true, out);
    (void)fputs(is_example ? "\n.fi\n" : "\n", out);
}

static void put_details(const char *details, FILE *out)
{
    const char *end;

    while (details && *details) {
        end = strstr(details, "\n\n");
        put_paragraph(details, end ? (size_t)(end - details) : strlen(details), out);
        details = end ? end + 2 : NULL;
    }
}

static void put_option(const struct argp_option *o, FILE *out)
{
    (void)fputs(".TP\n.B ", out);
    if (o->key > ' ' && o->key <= '~')
        (void)fprintf(out, "\\-%c, ", o->key);
    (void)fputs("\\-\\-", out);
    cmd_man_put(o->name, false, out);
    if (o->arg) {
        (void)fputs("=\\fI", out);
        cmd_man_put(o->arg, false, out);
        (void)fputs("\\fP", out);
    }
    (void)fputc('\n', out);
    cmd_man_put(o->doc ? o->doc : "", true, out);
    (void)fputc('\n', out);
}

static void put_options(const struct argp_option *o, FILE *out)
{
    for (; o && (o->name || o->doc || o->group); o++) {
        if (o->name) {
            put_option(o, out);
        } else if (o->doc) {
            (void)fputs(".PP\n", out);
            cmd_man_put(o->doc, true, out);
            (void)fputc('\n', out);
        }
    }
}

static void put_command(const struct command *c, FILE *out)
{
    (void)fputs(".SS grapnel ", out);
    cmd_man_put(c->name, false, out);
    (void)fputs(c->options ? " [\\fIOPTION\\fP...] " : " ", out);
    cmd_man_put(c->arguments, false, out);
    (void)fputc('\n', out);
    cmd_man_put(c->about, true, out);
    (void)fputs(".\n", out);
    put_details(c->details, out);
    put_options(c->options, out);
}

static const char head[] =
    ".TH GRAPNEL 1 \"\" \"grapnel " GRAPNEL_VERSION "\" \"User Commands\"\n"
    ".SH NAME\n"
    "grapnel \\- publish events, receive and check webhooks\n"
    ".SH SYNOPSIS\n"
    ".B grapnel\n"
    ".I COMMAND\n"
    "[\\fIOPTION\\fP...]\n"
    ".SH DESCRIPTION\n"
    "Grapnel delivers webhooks: it turns each event that an application publishes into one signed\n"
    "HTTP request per subscribed endpoint, and retries what fails. This is its command line.\n"
    ".SH COMMANDS\n";

static const char shared_head[] =
    ".SH OPTIONS OF EVERY COMMAND\n"
    "Settings are read from the file that \\-\\-config names (else \\fBGRAPNEL_CONFIG\\fP), then\n"
    "from the environment as \\fBGRAPNEL_<NAME>\\fP (\\fBGRAPNEL_REDIS_URL\\fP for\n"
    "\\-\\-redis\\-url), then from the command line; the last one counts.\n";

static const char tail[] =
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\nDone.\n"
    ".TP\n.B 1\nNot done, or not all: refused, not found, not genuine. The reason is on standard "
    "error, and with \\-\\-json as {\"error\":...} on standard output.\n"
    ".TP\n.B 2\nThe command line or a setting is wrong.\n"
    ".TP\n.B 3\nRedis cannot be reached, or did not answer in time.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n.B GRAPNEL_SECRET\nSigning secrets for sign, verify and listen, separated by white "
    "space.\n"
    ".TP\n.B NO_COLOR\nWhen set, output is never coloured.\n";

static int cmd_man_run(struct cli *cli)
{
    const struct command *c;

    (void)cli;
    (void)fputs(head, stdout);
    for (size_t i = 0; (c = command_at(i)); i++)
        put_command(c, stdout);
    (void)fputs(shared_head, stdout);
    put_options(cli_shared_options(), stdout);
    (void)fputs(tail, stdout);
    return EXIT_DONE;
}

const struct command command_man = {
    .name = "man",
    .arguments = "",
    .about = "Print the man page, in roff",
    .details = "To read it: grapnel man | man -l -",
    .run = cmd_man_run,
};
