/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_listen.c: `grapnel listen`: a receiver for development. */
#include "cli/commands.h"
#include "cli/webhook/listener.h"
#include "cli/webhook/scheme.h"
#include "common/base/text.h"
#include "common/model/options.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { TOLERANCE_MS = 5 * 60 * 1000, DELAY_MAX_MS = 60 * 60 * 1000 };
enum { BODY_MAX_DEFAULT = 1024 * 1024, BODY_MAX_LIMIT = 64 * 1024 * 1024 };

struct args {
    struct listener_options o;
    struct scheme scheme;
    bool has_tolerance;
};

enum {
    OPT_BIND = SCHEME_OPTION_NEXT,
    OPT_TOLERANCE,
    OPT_RESPOND,
    OPT_DELAY,
    OPT_COUNT,
    OPT_BODY_MAX,
};

static const struct argp_option options[] = {
    {"port", 'p', "NUMBER", 0, "Port to listen on; 0 takes a free one and prints it (default 0)",
     0},
    {"bind", OPT_BIND, "ADDRESS", 0, "Address to listen on (default 127.0.0.1)", 0},
    {"secret", SCHEME_OPTION_SECRET, "SECRET", 0, SCHEME_VERIFY_HELP, 0},
    {"dialect", SCHEME_OPTION_DIALECT, "NAME", 0,
     "How requests are signed (default: told by the headers)", 0},
#define PART(...)
#define SIGNATURE_PART SCHEME_PART_OPTION
#include "common/model/format/policy.def"
#undef PART
    {"tolerance", OPT_TOLERANCE, "DURATION", 0,
     "How far a signed timestamp may be off (default 5m; 0: any)", 0},
    {"respond", OPT_RESPOND, "STATUS,...", 0, "Statuses to answer with, in turn (default 200)", 0},
    {"delay", OPT_DELAY, "DURATION", 0, "How long to wait before each answer (default 0)", 0},
    {"count", OPT_COUNT, "N", 0, "End after N answers (default: never)", 0},
    {"body-max", OPT_BODY_MAX, "BYTES", 0, "Largest body; others are answered 413 (default 1MiB)",
     0},
    {0},
};

static int cmd_listen_parse_number(const char *option, const char *value, uint64_t max,
                                   uint64_t *ret, struct diag *diag)
{
    if (parse_u64(span_of(value), ret) || *ret > max)
        return diag_set(diag, "--%s: expected a number up to %llu", option,
                        (unsigned long long)max);
    return 0;
}

static int parse_statuses(struct listener_options *o, char *value, struct diag *diag)
{
    char *text;
    uint64_t status;

    o->n_statuses = 0;
    while ((text = strsep(&value, ","))) {
        if (parse_u64(span_of(text), &status) || status < 200 || status > 599)
            return diag_set(diag, "--respond: expected statuses from 200 to 599, such as "
                                  "500,503,200");
        if (o->n_statuses == LISTENER_STATUSES_MAX)
            return diag_set(diag, "--respond: at most %d statuses", LISTENER_STATUSES_MAX);
        o->statuses[o->n_statuses++] = (unsigned)status;
    }
    return 0;
}

static int parse_delay(struct listener_options *o, const char *value, struct diag *diag)
{
    if (option_any_duration(&o->delay_ms, "--delay", value, diag))
        return -EINVAL;
    return o->delay_ms <= DELAY_MAX_MS ? 0 : diag_set(diag, "--delay: expected at most 1h");
}

static int parse_body_max(struct listener_options *o, const char *value, struct diag *diag)
{
    uint64_t bytes;

    if (parse_bytes(span_of(value), &bytes) || bytes < 1 || bytes > BODY_MAX_LIMIT)
        return diag_set(diag, "--body-max: expected a size such as 256KiB, at most 64MiB");
    o->body_max = (size_t)bytes;
    return 0;
}

static int cmd_listen_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;
    uint64_t number;

    switch (key) {
    case 'p':
        if (cmd_listen_parse_number("port", value, 65535, &number, diag))
            return -EINVAL;
        a->o.port = (uint16_t)number;
        return 0;
    case OPT_BIND:
        a->o.address = value;
        return 0;
    case OPT_TOLERANCE:
        a->has_tolerance = true;
        return option_any_duration(&a->o.tolerance_ms, "--tolerance", value, diag);
    case OPT_RESPOND:
        return parse_statuses(&a->o, value, diag);
    case OPT_DELAY:
        return parse_delay(&a->o, value, diag);
    case OPT_COUNT:
        return cmd_listen_parse_number("count", value, INT64_MAX, &a->o.count, diag);
    case OPT_BODY_MAX:
        return parse_body_max(&a->o, value, diag);
    case ARGP_KEY_ARG:
        return diag_set(diag, "unexpected argument");
    default:
        return scheme_option(&a->scheme, key, value, diag);
    }
}

static void set_defaults(struct args *a, const struct cli *cli)
{
    if (!a->o.address)
        a->o.address = "127.0.0.1";
    if (!a->o.n_statuses)
        a->o.statuses[a->o.n_statuses++] = 200;
    if (!a->o.body_max)
        a->o.body_max = BODY_MAX_DEFAULT;
    if (!a->has_tolerance)
        a->o.tolerance_ms = TOLERANCE_MS;
    a->o.scheme = &a->scheme;
    a->o.is_json = cli->is_json;
    a->o.has_colour = cli_has_colour(STDOUT_FILENO);
}

static int tell_where(const struct cli *cli, const struct args *a, const struct listener *l)
{
    bool is_v6 = strchr(a->o.address, ':') != NULL;
    struct buf text;
    int status = EXIT_DONE;

    buf_init(&text, 1024);
    buf_printf(
        &text, cli->is_json ? "{\"listening\":\"http://%s%s%s:%u/\",\"port\":%u}" : "%s%s%s:%u",
        is_v6 ? "[" : "", a->o.address, is_v6 ? "]" : "", listener_port(l), listener_port(l));
    if (cli->is_json)
        status = cli_print_json(cli, &text);
    else
        (void)fprintf(stderr, "Listening on http://%s/ (Ctrl-C ends)\n", text.data);
    buf_fini(&text);
    return status;
}

static int cmd_listen_run(struct cli *cli)
{
    struct args *a = cli->args;
    struct listener *l = NULL;
    struct diag diag = {""};
    int status;

    if (scheme_prepare(&a->scheme, &diag))
        return cli_misuse(cli, "%s", diag.text);
    set_defaults(a, cli);
    if (listener_start(&l, &a->o, &diag))
        return cli_fail(cli, EXIT_FAILED, "%s", diag.text);
    status = tell_where(cli, a, l);
    if (!status && listener_wait(l))
        status = cli_fail(cli, EXIT_FAILED, "cannot write to standard output");
    listener_stop(l);
    return status;
}

static void cmd_listen_args_fini(void *data)
{
    struct args *a = data;

    scheme_fini(&a->scheme);
}

const struct command command_listen = {
    .name = "listen",
    .arguments = "",
    .about = "Receive webhooks on this machine, check and show them",
    .details = "A receiver for development: prints each request with its headers and body, and "
               "whether its "
               "signature is right with one of the secrets. With --respond and --delay it plays an "
               "endpoint "
               "that fails or is slow:\n\n"
               "    grapnel listen --port 8080 --respond 500,503,200 --delay 2s\n\n"
               "With --json it prints one line for each request (number, time, method, path, "
               "headers, body, "
               "dialect, verified, secret, reason, status), after a first line with the port.\n\n"
               "Where the endpoint has parts of its own, give them as `endpoint add' has them.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_listen_on_option,
    .run = cmd_listen_run,
    .args_fini = cmd_listen_args_fini,
};
