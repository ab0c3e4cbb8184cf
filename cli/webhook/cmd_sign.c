/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_sign.c: `grapnel sign`: the headers that Grapnel would send with a body. */
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/webhook/scheme.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/crypto/sign.h"
#include <errno.h>
#include <stdio.h>

enum { BODY_MAX = 64 * 1024 * 1024, HEADERS_TEXT_MAX = 16384 };

struct args {
    struct scheme scheme;
    const char *id, *path;
    int64_t timestamp_s; /* 0: now */
};

enum { OPT_ID = SCHEME_OPTION_NEXT, OPT_TIMESTAMP };

static const struct argp_option options[] = {
    {"dialect", SCHEME_OPTION_DIALECT, "NAME", 0,
     "How to sign: royalti, simple, verification, template or "
     "standard (required)",
     0},
#define PART(...)
#define SIGNATURE_PART SCHEME_PART_OPTION
#include "common/model/format/policy.def"
#undef PART
    {"secret", SCHEME_OPTION_SECRET, "SECRET", 0, SCHEME_SECRET_HELP, 0},
    {"id", OPT_ID, "ID", 0, "The delivery's id, where it is sent", 0},
    {"timestamp", OPT_TIMESTAMP, "SECONDS", 0,
     "When it is signed, in seconds since 1970 (default "
     "now)",
     0},
    {0},
};

static int cmd_sign_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    switch (key) {
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
        return scheme_option(&a->scheme, key, value, diag);
    }
}

static const struct dialect *row_of(const struct args *a)
{
    return &a->scheme.policies[0].row;
}

/* One secret's signature. */
static int cmd_sign_add_signature(struct buf *ret, const struct args *a, size_t index,
                                  struct span body, struct diag *diag)
{
    const struct sign_scheme *s = &row_of(a)->signature;
    struct diag why = {""};
    struct sign_key *key;
    int r;

    if (sign_key_new(&key, span_of(a->scheme.secrets[index]), s->form, &why)) {
        scheme_secret_words(diag, &a->scheme, index, &why);
        return -EINVAL;
    }
    r = sign_append(ret, s, key, span_of(a->id), a->timestamp_s, body);
    (void)sign_key_free(key);
    if (r == -EKEYREJECTED)
        (void)diag_set(&why, "a public key (whpk_) cannot sign; expected whsk_");
    else if (r)
        (void)diag_set(&why, "cannot sign");
    if (r)
        scheme_secret_words(diag, &a->scheme, index, &why);
    return r;
}

/* The signatures with all secrets; several only where the form can carry them. */
static int add_signatures(struct buf *ret, const struct args *a, struct span body,
                          struct diag *diag)
{
    int r = 0;

    if (a->scheme.n_secrets > 1 && !sign_form_is_list(row_of(a)->signature.form))
        return diag_set(diag,
                        "--secret: signatures of this form (dialect %s) carry one signature "
                        "only",
                        row_of(a)->name);
    for (size_t i = 0; i < a->scheme.n_secrets && !r; i++) {
        if (i > 0)
            buf_add_char(ret, ' ');
        r = cmd_sign_add_signature(ret, a, i, body, diag);
    }
    return r;
}

struct output {
    struct buf text;
    bool is_json, has_any;
};

static void cmd_sign_add_header(struct output *o, const char *name, struct span value)
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

static void add_sent(struct output *o, const struct args *a, const char *name, struct span value)
{
    char sent[SCHEME_NAME_SIZE];

    scheme_header_name(sent, row_of(a), name);
    cmd_sign_add_header(o, sent, value);
}

static void cmd_sign_add_headers(struct output *o, const struct args *a, struct span signatures)
{
    const char *id = scheme_header_of(row_of(a), VALUE_DELIVERY_ID);
    const char *timestamp = scheme_header_of(row_of(a), VALUE_TIMESTAMP_S);
    char seconds[24];

    (void)snprintf(seconds, sizeof(seconds), "%lld", (long long)a->timestamp_s);
    if (id && a->id)
        add_sent(o, a, id, span_of(a->id));
    if (timestamp)
        add_sent(o, a, timestamp, span_of(seconds));
    add_sent(o, a, row_of(a)->signature.header, signatures);
}

static int print_headers(struct cli *cli, const struct args *a, struct span signatures)
{
    struct output o = {.is_json = cli->is_json};
    int status = EXIT_DONE;

    buf_init(&o.text, HEADERS_TEXT_MAX);
    if (o.is_json)
        buf_add_text(&o.text, "{\"headers\":{");
    cmd_sign_add_headers(&o, a, signatures);
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

static int cmd_sign_run(struct cli *cli)
{
    struct args *a = cli->args;
    struct diag diag = {""};
    struct buf body;
    int status;

    if (!a->scheme.dialect)
        return cli_misuse(cli, "--dialect is missing: one of %s", dialect_names());
    if (scheme_prepare(&a->scheme, &diag))
        return cli_misuse(cli, "%s", diag.text);
    if (!a->scheme.n_secrets)
        return cli_misuse(cli, "--secret or GRAPNEL_SECRET is missing");
    if (row_of(a)->signature.text == SIGN_TEXT_ID_TIMESTAMP_BODY && !a->id)
        return cli_misuse(cli, "--id is missing: it is part of what is signed");
    if (!a->timestamp_s)
        a->timestamp_s = clock_wall_ms() / 1000;
    buf_init(&body, BODY_MAX);
    status = input_read(&body, a->path, &diag) ? cli_fail(cli, EXIT_FAILED, "%s", diag.text)
                                               : sign_body(cli, a, buf_span(&body));
    buf_fini(&body);
    return status;
}

static void cmd_sign_args_fini(void *data)
{
    struct args *a = data;

    scheme_fini(&a->scheme);
}

const struct command command_sign = {
    .name = "sign",
    .arguments = "[FILE]",
    .about = "Print the signature headers for a body",
    .details =
        "The body is the content of FILE, or of standard input, byte for byte. What is "
        "printed are the header lines that Grapnel would send with it, for curl say:\n\n"
        "    grapnel sign --dialect simple body.json > headers\n"
        "    curl -H @headers --data-binary @body.json http://127.0.0.1:8080/\n\n"
        "Where the endpoint has parts of its own, give them as `endpoint add' has them. With "
        "v1 and v1a several secrets make a list of signatures.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_sign_on_option,
    .run = cmd_sign_run,
    .args_fini = cmd_sign_args_fini,
};
