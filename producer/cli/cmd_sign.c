/* cmd_sign.c: `grapnel sign`: the headers that Grapnel would send with a body. */
#include "common/clock.h"
#include "common/options.h"
#include "common/sign.h"
#include "common/text.h"
#include "producer/cli/commands.h"
#include "producer/cli/input.h"
#include "producer/cli/secrets.h"
#include <errno.h>
#include <stdio.h>

enum { BODY_MAX = 64 * 1024 * 1024, HEADERS_TEXT_MAX = 16384 };

struct args {
    struct webhook_policy policy;
    const char *id, *path;
    int64_t timestamp_s; /* 0: now */
};

enum { OPT_DIALECT = OPTION_FIRST, OPT_SECRET, OPT_ID, OPT_TIMESTAMP };

static const struct argp_option options[] = {
    {"dialect", OPT_DIALECT, "NAME", 0,
     "How to sign: royalti, simple, verification, template or "
     "standard (required)",
     0},
    {"secret", OPT_SECRET, "SECRET", 0, SECRET_HELP, 0},
    {"id", OPT_ID, "ID", 0, "The delivery's id, where the dialect sends it", 0},
    {"timestamp", OPT_TIMESTAMP, "SECONDS", 0,
     "When it is signed, in seconds since 1970 (default "
     "now)",
     0},
    {0},
};

static int on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    switch (key) {
    case OPT_DIALECT:
        return option_dialect(&a->policy.dialect, "--dialect", value, diag);
    case OPT_SECRET:
        return secrets_add(&a->policy, value, diag);
    case OPT_ID:
        a->id = value;
        return 0;
    case OPT_TIMESTAMP:
        if (parse_i64(span_of(value), &a->timestamp_s) || a->timestamp_s <= 0)
            return diag_set(diag, "--timestamp: expected seconds since 1970");
        return 0;
    case ARGP_KEY_ARG:
        if (a->path)
            return diag_set(diag, "one file only: %.100s is the second", value);
        a->path = value;
        return 0;
    default:
        return diag_set(diag, "unexpected option");
    }
}

/* The signatures with all secrets; several only where the dialect can carry them. */
static int add_signatures(struct buf *ret, const struct args *a, struct span body,
                          struct diag *diag)
{
    const struct dialect_signature *s = &a->policy.dialect->signature;
    struct sign_key *key;
    int r;

    if (a->policy.n_secrets > 1 && !sign_form_is_list(s->form))
        return diag_set(diag, "--secret: the dialect %s carries one signature only",
                        a->policy.dialect->name);
    for (size_t i = 0; i < a->policy.n_secrets; i++) {
        r = sign_key_new(&key, span_of(a->policy.secrets[i]), s->form, diag);
        if (r)
            return r;
        if (i > 0)
            buf_add_char(ret, ' ');
        r = sign_append(ret, s, key, span_of(a->id), a->timestamp_s, body);
        (void)sign_key_free(key);
        if (r)
            return diag_set(diag, "cannot sign");
    }
    return 0;
}

struct output {
    struct buf text;
    bool is_json, has_any;
};

static void add_header(struct output *o, const char *name, struct span value)
{
    if (o->is_json) {
        buf_add_text(&o->text, o->has_any ? "," : "");
        buf_add_json_string(&o->text, span_of(name));
        buf_add_char(&o->text, ':');
        buf_add_json_string(&o->text, value);
    } else {
        buf_add_text(&o->text, name);
        buf_add_text(&o->text, ": ");
        buf_add_span(&o->text, value);
        buf_add_char(&o->text, '\n');
    }
    o->has_any = true;
}

static void add_headers(struct output *o, const struct args *a, struct span signatures)
{
    const char *id = webhook_header_of(a->policy.dialect, VALUE_DELIVERY_ID);
    const char *timestamp = webhook_header_of(a->policy.dialect, VALUE_TIMESTAMP_S);
    char seconds[24];

    (void)snprintf(seconds, sizeof(seconds), "%lld", (long long)a->timestamp_s);
    if (id && a->id)
        add_header(o, id, span_of(a->id));
    if (timestamp)
        add_header(o, timestamp, span_of(seconds));
    add_header(o, a->policy.dialect->signature.header, signatures);
}

static int print_headers(struct cli *cli, const struct args *a, struct span signatures)
{
    struct output o = {.is_json = cli->is_json};
    int status = EXIT_DONE;

    buf_init(&o.text, HEADERS_TEXT_MAX);
    if (o.is_json)
        buf_add_text(&o.text, "{\"headers\":{");
    add_headers(&o, a, signatures);
    if (o.is_json) {
        buf_add_text(&o.text, "}}");
        status = cli_print_json(cli, &o.text);
    } else if (buf_result(&o.text) || fwrite(o.text.data, 1, o.text.len, stdout) != o.text.len) {
        status = cli_fail(cli, EXIT_FAILED, "cannot write the headers");
    }
    buf_fini(&o.text);
    return status;
}

static int sign_body(struct cli *cli, const struct args *a, struct span body)
{
    struct buf signatures;
    struct diag diag = {""};
    int status;

    buf_init(&signatures, HEADERS_TEXT_MAX / 2);
    if (add_signatures(&signatures, a, body, &diag))
        status = cli_fail(cli, EXIT_FAILED, "%s", diag.text);
    else
        status = print_headers(cli, a, buf_span(&signatures));
    buf_fini(&signatures);
    return status;
}

static int run(struct cli *cli)
{
    struct args *a = cli->args;
    struct diag diag = {""};
    struct buf body;
    int status;

    if (secrets_from_environment(&a->policy, &diag))
        return cli_misuse(cli, "%s", diag.text);
    if (!a->policy.dialect)
        return cli_misuse(cli, "--dialect is missing: one of %s", dialect_names());
    if (!a->policy.n_secrets)
        return cli_misuse(cli, "--secret or GRAPNEL_SECRET is missing");
    if (a->policy.dialect->signature.text == SIGN_TEXT_ID_TIMESTAMP_BODY && !a->id)
        return cli_misuse(cli, "--id is missing: the dialect %s signs it", a->policy.dialect->name);
    if (!a->timestamp_s)
        a->timestamp_s = clock_wall_ms() / 1000;
    buf_init(&body, BODY_MAX);
    status = input_read(&body, a->path, &diag) ? cli_fail(cli, EXIT_FAILED, "%s", diag.text)
                                               : sign_body(cli, a, buf_span(&body));
    buf_fini(&body);
    return status;
}

const struct command command_sign = {
    .name = "sign",
    .arguments = "[FILE]",
    .about = "Print the signature headers for a body",
    .details = "The body is the content of FILE, or of standard input, byte for byte. What is "
               "printed are the header lines that Grapnel would send with it, for curl say:\n\n"
               "    grapnel sign --dialect simple body.json > headers\n"
               "    curl -H @headers --data-binary @body.json http://127.0.0.1:8080/",
    .options = options,
    .args_size = sizeof(struct args),
    .option = on_option,
    .run = run,
};
