/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_verify.c: `grapnel verify`: is a received request genuine, and if not, why? */
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/webhook/webhook.h"
#include "common/base/clock.h"
#include "common/model/options.h"
#include <errno.h>
#include <stdio.h>

enum { BODY_MAX = 64 * 1024 * 1024, HEADERS_MAX_BYTES = 65536, TOLERANCE_MS = 5 * 60 * 1000 };

struct args {
    struct scheme scheme;
    struct webhook webhook;
    int64_t tolerance_ms;
    const char *path, *headers_path;
    struct buf headers; /* the file's content, cut into lines */
    bool has_tolerance;
};

enum { OPT_HEADERS = SCHEME_OPTION_NEXT, OPT_TOLERANCE };

static const struct argp_option options[] = {
    {"dialect", SCHEME_OPTION_DIALECT, "NAME", 0, "How it is signed (default: told by the headers)",
     0},
#define PART(...)
#define SIGNATURE_PART SCHEME_PART_OPTION
#include "common/model/format/policy.def"
#undef PART
    {"secret", SCHEME_OPTION_SECRET, "SECRET", 0, SCHEME_VERIFY_HELP, 0},
    {"header", 'H', "NAME: VALUE", 0, "A header of the request; may be repeated", 0},
    {"headers", OPT_HEADERS, "FILE", 0,
     "File with header lines, as `curl -D` or `grapnel sign` "
     "write them",
     0},
    {"tolerance", OPT_TOLERANCE, "DURATION", 0,
     "How far a signed timestamp may be off (default "
     "5m; 0: any)",
     0},
    {0},
};

/* Cuts "Name: value" at its colon. @line is kept. */
static int cmd_verify_add_line(struct args *a, char *line, struct diag *diag)
{
    char *colon = strchr(line, ':');
    char *value;

    line[strcspn(line, "\r\n")] = '\0';
    if (!colon || colon == line)
        return diag_set(diag, "header %.80s: expected NAME: VALUE", line);
    *colon = '\0';
    value = colon + 1 + strspn(colon + 1, " \t");
    if (webhook_add_header(&a->webhook, line, value))
        return diag_set(diag, "more than %d headers", WEBHOOK_HEADERS_MAX);
    return 0;
}

static int cmd_verify_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    switch (key) {
    case 'H':
        return cmd_verify_add_line(a, value, diag);
    case OPT_HEADERS:
        a->headers_path = value;
        return 0;
    case OPT_TOLERANCE:
        a->has_tolerance = true;
        return option_any_duration(&a->tolerance_ms, "--tolerance", value, diag);
    case ARGP_KEY_ARG:
        if (a->path)
            return diag_set(diag, "one file only: %.100s is the second", value);
        a->path = value;
        return 0;
    default:
        return scheme_option(&a->scheme, key, value, diag);
    }
}

/* The first line of an answer or a request, as `curl -D` and recorders write it, is no header. */
static bool is_first_line(const char *line)
{
    size_t len = strlen(line);

    return strncmp(line, "HTTP/", 5) == 0 ||
           (len > 9 && strncmp(line + len - 9, " HTTP/1.", 8) == 0);
}

static int read_headers(struct args *a, struct diag *diag)
{
    char *rest, *line;
    int r;

    if (!a->headers_path)
        return 0;
    buf_init(&a->headers, HEADERS_MAX_BYTES);
    r = input_read(&a->headers, a->headers_path, diag);
    if (r)
        return r;
    rest = a->headers.data;
    while ((line = strsep(&rest, "\n"))) {
        line[strcspn(line, "\r")] = '\0';
        if (!*line || is_first_line(line))
            continue;
        r = cmd_verify_add_line(a, line, diag);
        if (r)
            return r;
    }
    return 0;
}

static int cmd_verify_print_json(struct cli *cli, const struct webhook_verdict *v)
{
    struct buf json;
    int status;

    buf_init(&json, 4096);
    buf_printf(&json,
               "{\"verified\":%s,\"dialect\":", v->result == WEBHOOK_GENUINE ? "true" : "false");
    if (v->dialect)
        buf_add_json_string(&json, span_of(v->dialect->name));
    else
        buf_add_text(&json, "null");
    if (v->result == WEBHOOK_GENUINE) {
        buf_printf(&json, ",\"secret\":%zu", v->secret);
    } else {
        buf_add_text(&json, ",\"reason\":");
        buf_add_json_string(&json, span_of(v->reason.text));
    }
    buf_add_char(&json, '}');
    status = cli_print_json(cli, &json);
    buf_fini(&json);
    return status;
}

static void print_text(const struct scheme *s, const struct webhook_verdict *v)
{
    const char *name = v->dialect ? v->dialect->name : "";

    if (v->result == WEBHOOK_UNSIGNED)
        (void)fprintf(stderr, "grapnel verify: %s (dialect %s)\n", v->reason.text, name);
    else if (v->result != WEBHOOK_GENUINE)
        (void)fprintf(stderr, "grapnel verify: not genuine%s%s: %s\n",
                      v->dialect ? " by dialect " : "", name, v->reason.text);
    else if (s->n_secrets > 1)
        (void)printf("genuine by dialect %s, with secret %zu of %zu\n", name, v->secret,
                     s->n_secrets);
    else
        (void)printf("genuine by dialect %s\n", name);
}

static int cmd_verify_judge(struct cli *cli, struct args *a)
{
    struct webhook_verdict v;
    int status = EXIT_DONE;

    webhook_verify(&v, &a->webhook, &a->scheme, a->tolerance_ms, clock_wall_ms());
    if (cli->is_json)
        status = cmd_verify_print_json(cli, &v);
    else
        print_text(&a->scheme, &v);
    return v.result == WEBHOOK_GENUINE ? status : EXIT_FAILED;
}

static int cmd_verify_run(struct cli *cli)
{
    struct args *a = cli->args;
    struct diag diag = {""};
    struct buf body;
    int status;

    if (!a->has_tolerance)
        a->tolerance_ms = TOLERANCE_MS;
    if (scheme_prepare(&a->scheme, &diag))
        return cli_misuse(cli, "%s", diag.text);
    if (!a->scheme.n_secrets)
        return cli_misuse(cli, "--secret or GRAPNEL_SECRET is missing");
    if (read_headers(a, &diag))
        return cli_fail(cli, EXIT_FAILED, "%s", diag.text);
    if (!a->webhook.n_headers)
        return cli_misuse(cli, "--header or --headers is missing");
    buf_init(&body, BODY_MAX);
    if (input_read(&body, a->path, &diag)) {
        status = cli_fail(cli, EXIT_FAILED, "%s", diag.text);
    } else {
        a->webhook.body = buf_span(&body);
        status = cmd_verify_judge(cli, a);
    }
    buf_fini(&body);
    return status;
}

static void cmd_verify_args_fini(void *data)
{
    struct args *a = data;

    buf_fini(&a->headers);
    scheme_fini(&a->scheme);
}

const struct command command_verify = {
    .name = "verify",
    .arguments = "[FILE]",
    .about = "Check a received request's signature, and say why it fails",
    .details =
        "The body is the content of FILE, or of standard input, byte for byte as it came; the "
        "headers are given with --header or --headers. Exit status 0 when the signature is "
        "right with one of the secrets (and not too old, where the time is signed), else 1. A "
        "request without a signature is told as not signed, and is 1 too.\n\n"
        "Where the endpoint has parts of its own, give them as `endpoint add' has them.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_verify_on_option,
    .run = cmd_verify_run,
    .args_fini = cmd_verify_args_fini,
};
