/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manage/endpoint_options.h"
#include "cli/input.h"
#include "common/crypto/tls_pem.h"
#include "common/model/options.h"
#include <openssl/crypto.h>
#include <stdio.h>

static int endpoint_options_set_text(const char **place, const char *name, const char *value,
                                     struct diag *diag)
{
    if (!*value)
        return diag_set(diag, "%s: empty", name);
    *place = value;
    return 0;
}

int endpoint_option(struct endpoint_options *o, int key, char *value, struct diag *diag)
{
    struct endpoint_spec *spec = &o->spec;

    o->n_given++;
    if (key >= ENDPOINT_OPTION_PART && key < ENDPOINT_OPTION_PART + N_POLICY_PARTS) {
        spec->parts[key - ENDPOINT_OPTION_PART] = value;
        return 0;
    }
    switch (key) {
    case ENDPOINT_OPTION_URL:
        return endpoint_options_set_text(&spec->url, "--url", value, diag);
    case ENDPOINT_OPTION_DIALECT:
        return spec_dialect(spec, "--dialect", value, diag);
    case ENDPOINT_OPTION_EVENTS:
        return endpoint_options_set_text(&spec->events, "--events", value, diag);
    case ENDPOINT_OPTION_SECRET:
        return endpoint_options_set_text(&spec->secret, "--secret", value, diag);
    case ENDPOINT_OPTION_SLOTS:
        return spec_slots(spec, "--slots", value, diag);
    case ENDPOINT_OPTION_OVERLAP:
        return spec_overlap(spec, "--overlap", value, diag);
    case ENDPOINT_OPTION_FILTER:
        return endpoint_options_set_text(&spec->filter, "--filter", value, diag);
    case ENDPOINT_OPTION_CA:
        return endpoint_options_set_text(&spec->ca, "--ca-file", value, diag);
    case ENDPOINT_OPTION_CLIENT_CERT:
        return endpoint_options_set_text(&spec->client_cert, "--client-cert-file", value, diag);
    case ENDPOINT_OPTION_CLIENT_KEY:
        return endpoint_options_set_text(&spec->client_key, "--client-key-file", value, diag);
    case ENDPOINT_OPTION_DESCRIPTION:
        return spec_description(spec, "--description", value, diag);
    default:
        return diag_set(diag, "unexpected option");
    }
}

static int read_secret(struct cli *cli, struct endpoint_options *o)
{
    if (!o->spec.secret || strcmp(o->spec.secret, "-") != 0)
        return EXIT_DONE;
    if (!fgets(o->secret, sizeof(o->secret), stdin))
        return cli_fail(cli, EXIT_FAILED, "--secret: standard input has no line");
    o->secret[strcspn(o->secret, "\r\n")] = '\0';
    o->spec.secret = o->secret;
    return EXIT_DONE;
}

/* *@place: a path, and then what is in the file. */
static int read_pem(struct cli *cli, const char **place, struct buf *file)
{
    struct diag diag;

    if (!*place || strcmp(*place, "none") == 0)
        return EXIT_DONE;
    buf_init(file, TLS_CA_BYTES_MAX);
    (void)buf_reserve(file, TLS_CA_BYTES_MAX); /* growing would leave a key behind */
    if (input_read(file, *place, &diag))
        return cli_fail(cli, EXIT_FAILED, "%s", diag.text);
    if (!file->len)
        return cli_fail(cli, EXIT_FAILED, "%s: empty; expected PEM", *place);
    if (memchr(file->data, '\0', file->len))
        return cli_fail(cli, EXIT_FAILED, "%s: no PEM file, it has NUL bytes", *place);
    *place = file->data;
    return EXIT_DONE;
}

int endpoint_options_read(struct cli *cli, struct endpoint_options *o)
{
    const char **const places[] = {&o->spec.ca, &o->spec.client_cert, &o->spec.client_key};
    int status = read_secret(cli, o);

    for (size_t i = 0; i < ARRAY_LEN(places) && !status; i++)
        status = read_pem(cli, places[i], &o->files[i]);
    return status;
}

void endpoint_options_fini(struct endpoint_options *o)
{
    for (size_t i = 0; i < ARRAY_LEN(o->files); i++)
        buf_wipe(&o->files[i]);
    OPENSSL_cleanse(o->secret, sizeof(o->secret));
}
