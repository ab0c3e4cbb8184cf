/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_endpoint_set.c: `grapnel endpoint set`: changes what is named, leaves the rest. */
#include "admin/tenant/endpoint_change.h"
#include "cli/commands.h"
#include "cli/manage/cli_store.h"
#include "cli/manage/endpoint_choice.h"
#include "cli/manage/endpoint_options.h"
#include "cli/manage/endpoint_view.h"
#include <errno.h>
#include <openssl/crypto.h>

struct args {
    struct endpoint_choice choice;
    struct endpoint_options o;
};

enum { OPT_ROTATE = ENDPOINT_OPTION_NEXT };

static const struct argp_option options[] = {
    {"url", ENDPOINT_OPTION_URL, "URL", 0, "Where deliveries are POSTed to", 0},
    ENDPOINT_OPTIONS,
#define PART ENDPOINT_PART_OPTION
#include "common/model/format/policy.def"
#undef PART
    {"secret", ENDPOINT_OPTION_SECRET, "SECRET", 0,
     ENDPOINT_SECRET_HELP "; put in front of those that are there", 0},
    {"overlap", ENDPOINT_OPTION_OVERLAP, "DURATION", 0,
     "How long the secrets before a new one go on signing too, where the signature is a list, 0 to "
     "7d (default 24h)",
     0},
    {"rotate", OPT_ROTATE, NULL, 0, "Make a new secret, put in front, and show it once", 0},
    ENDPOINT_CHOICE_OPTION,
    {0},
};

static int cmd_endpoint_set_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;
    int r = endpoint_choice_option(&a->choice, key, value, diag);

    if (r != CHOICE_OTHER)
        return r;
    if (key != OPT_ROTATE)
        return endpoint_option(&a->o, key, value, diag);
    a->o.spec.wants_new_secret = true;
    a->o.n_given++;
    return 0;
}

static int cmd_endpoint_set_fail(struct store *s, const struct args *a, int r)
{
    switch (r) {
    case STORE_CHANGED:
        return cli_fail(cli_of(s), EXIT_FAILED, "endpoint %s is being changed by others; try again",
                        a->choice.id);
    case STORE_MISSING:
    case STORE_NO_TENANT:
        return endpoint_missing(cli_of(s), a->choice.id);
    default:
        return cli_store_fail(s, r);
    }
}

static int cmd_endpoint_set_change(struct store *s, const struct args *a, struct span tenant)
{
    struct made_secret made = {""};
    struct endpoint *e = NULL;
    struct endpoint_rules rules;
    int r, status;

    if (endpoint_rules_init(&rules, s, &s->words))
        return cli_misuse(cli_of(s), "%s", s->words.text);
    r = endpoint_spec_change(s, tenant, span_of(a->choice.id), &a->o.spec, &rules, NULL, NULL, &e,
                             &made);
    status = r ? cmd_endpoint_set_fail(s, a, r) : endpoint_print(cli_of(s), e, "set", made.text, 0);
    OPENSSL_cleanse(&made, sizeof(made));
    (void)endpoint_free(e);
    return status;
}

/* Whose it is never changes. */
static int cmd_endpoint_set_set(struct store *s, const struct args *a)
{
    struct endpoint *e = NULL;
    int status = endpoint_choice_load(s, &a->choice, &e, NULL);

    if (!status)
        status = cmd_endpoint_set_change(s, a, span_of(e->tenant));
    (void)endpoint_free(e);
    return status;
}

static int cmd_endpoint_set_check(struct cli *cli, struct args *a)
{
    int status = endpoint_choice_check(cli, &a->choice);

    if (status)
        return status;
    if (!a->o.n_given)
        return cli_misuse(cli, "nothing to set: name at least one option");
    if (a->o.spec.secret && a->o.spec.wants_new_secret)
        return cli_misuse(cli, "--secret and --rotate: expected one of them");
    if (a->o.spec.has_overlap && !a->o.spec.secret && !a->o.spec.wants_new_secret)
        return cli_misuse(cli, "--overlap: expected with --secret or --rotate");
    return endpoint_options_read(cli, &a->o);
}

static int cmd_endpoint_set_run(struct cli *cli)
{
    struct args *a = cli->args;
    struct store s;
    int status = cmd_endpoint_set_check(cli, a);

    if (status)
        return status;
    status = cli_store_open(&s, cli);
    if (!status && (a->o.spec.secret || a->o.spec.wants_new_secret))
        status = cli_store_need_key(&s);
    if (!status)
        status = cmd_endpoint_set_set(&s, a);
    store_close(&s);
    return status;
}

static void cmd_endpoint_set_args_fini(void *data)
{
    struct args *a = data;

    endpoint_options_fini(&a->o);
}

const struct command command_endpoint_set = {
    .name = "endpoint set",
    .arguments = "ID",
    .about = "Change an endpoint, or its secret",
    .details =
        "What is not named stays as it is; `default' gives back slots and the parts of the dialect "
        "to their defaults. A change that was answered holds for every attempt that begins later."
        "\n\n"
        "A new secret signs from then on. Where the signature is a list (v1, v1a) the older ones, "
        "up "
        "to three, sign too until --overlap is over, so that receivers can change over in their "
        "own "
        "time; elsewhere they go at once. `grapnel endpoint revoke' takes older ones away before.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_endpoint_set_on_option,
    .run = cmd_endpoint_set_run,
    .args_fini = cmd_endpoint_set_args_fini,
};
