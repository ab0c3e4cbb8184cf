#include "producer/cli/endpoint_options.h"
#include "producer/cli/options.h"
#include <openssl/crypto.h>
#include <stdio.h>

static int set_text(const char **place, const char *name, const char *value, struct diag *diag)
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
        return set_text(&spec->url, "--url", value, diag);
    case ENDPOINT_OPTION_DIALECT:
        return spec_dialect(spec, "--dialect", value, diag);
    case ENDPOINT_OPTION_EVENTS:
        return set_text(&spec->events, "--events", value, diag);
    case ENDPOINT_OPTION_SECRET:
        return set_text(&spec->secret, "--secret", value, diag);
    case ENDPOINT_OPTION_SLOTS:
        return spec_slots(spec, "--slots", value, diag);
    case ENDPOINT_OPTION_OVERLAP:
        return spec_overlap(spec, "--overlap", value, diag);
    case ENDPOINT_OPTION_FILTER:
        return set_text(&spec->filter, "--filter", value, diag);
    case ENDPOINT_OPTION_DESCRIPTION:
        return spec_description(spec, "--description", value, diag);
    default:
        return diag_set(diag, "unexpected option");
    }
}

int endpoint_options_read_secret(struct cli *cli, struct endpoint_options *o)
{
    if (!o->spec.secret || strcmp(o->spec.secret, "-") != 0)
        return EXIT_DONE;
    if (!fgets(o->secret, sizeof(o->secret), stdin))
        return cli_fail(cli, EXIT_FAILED, "--secret: standard input has no line");
    o->secret[strcspn(o->secret, "\r\n")] = '\0';
    o->spec.secret = o->secret;
    return EXIT_DONE;
}

void endpoint_options_fini(struct endpoint_options *o)
{
    OPENSSL_cleanse(o->secret, sizeof(o->secret));
}
