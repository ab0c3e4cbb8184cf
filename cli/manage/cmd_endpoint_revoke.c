/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_endpoint_revoke.c: `grapnel endpoint revoke`: older secrets stop signing at once. */
#include "admin/tenant/endpoint_revoke.h"
#include "cli/commands.h"
#include "cli/manage/cli_store.h"
#include "cli/manage/endpoint_choice.h"
#include "cli/manage/endpoint_view.h"
#include "common/model/options.h"
#include <errno.h>
#include <stdio.h>

struct args {
    struct endpoint_choice choice;
    const char *secret; /* its id */
    bool is_all_old;
};

enum { OPT_OLD = OPTION_FIRST };

static const struct argp_option options[] = {
    {"old", OPT_OLD, NULL, 0, "All but the one in use", 0},
    ENDPOINT_CHOICE_OPTION,
    {0},
};

static int cmd_endpoint_revoke_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;
    int r;

    if (key == ARGP_KEY_ARG && a->choice.id)
        return option_argument(&a->secret, "secret", value, diag);
    r = endpoint_choice_option(&a->choice, key, value, diag);
    if (r != CHOICE_OTHER)
        return r;
    if (key != OPT_OLD)
        return diag_set(diag, "unexpected option");
    a->is_all_old = true;
    return 0;
}

static int cmd_endpoint_revoke_print(struct cli *cli, const struct endpoint *e, unsigned n)
{
    if (cli->is_json)
        return endpoint_print(cli, e, "", "", 0);
    (void)printf("endpoint %s: %u %s revoked\n", e->id, n, n == 1 ? "secret" : "secrets");
    return EXIT_DONE;
}

static int cmd_endpoint_revoke_fail(const struct store *s, const struct args *a, int r)
{
    switch (r) {
    case -ENOENT:
        return cli_fail(cli_of(s), EXIT_FAILED, "endpoint %s has no secret %.40s", a->choice.id,
                        a->secret);
    case -EBUSY:
        return cli_fail(cli_of(s), EXIT_FAILED,
                        "secret %.40s is the one in use; to replace it at once: "
                        "grapnel endpoint set %s --rotate --overlap 0",
                        a->secret, a->choice.id);
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

/* Whose it is was looked at by the choice; that does not change. */
static int cmd_endpoint_revoke_take_away(struct store *s, const struct args *a)
{
    struct endpoint_revocation what = {SPAN(""), span_of(a->choice.id), a->secret};
    struct endpoint *e = NULL;
    unsigned n = 0;
    int status = endpoint_choice_load(s, &a->choice, &e, NULL), r;

    if (status)
        return status;
    e = endpoint_free(e);
    r = store_endpoint_revoke(s, &what, &e, &n);
    status = r ? cmd_endpoint_revoke_fail(s, a, r) : cmd_endpoint_revoke_print(cli_of(s), e, n);
    (void)endpoint_free(e);
    return status;
}

static int cmd_endpoint_revoke_check(const struct cli *cli, const struct args *a)
{
    int status = endpoint_choice_check(cli, &a->choice);

    if (status)
        return status;
    if (!a->secret && !a->is_all_old)
        return cli_misuse(cli, "the secret's id is missing (or --old)");
    if (a->secret && a->is_all_old)
        return cli_misuse(cli, "a secret's id and --old: expected one of them");
    return EXIT_DONE;
}

static int cmd_endpoint_revoke_run(struct cli *cli)
{
    const struct args *a = cli->args;
    struct store s;
    int status = cmd_endpoint_revoke_check(cli, a);

    if (status)
        return status;
    status = cli_store_open(&s, cli);
    if (!status)
        status = cmd_endpoint_revoke_take_away(&s, a);
    store_close(&s);
    return status;
}

const struct command command_endpoint_revoke = {
    .name = "endpoint revoke",
    .arguments = "ID [SECRET]",
    .about = "Take away an endpoint's older secrets before their time",
    .details = "SECRET is what `grapnel endpoint show' calls it (sec_…). It signs no attempt that "
               "begins after this was answered. The one in use cannot be revoked, as nothing "
               "would sign then: `grapnel endpoint set ID --rotate --overlap 0' replaces it, and "
               "all others, at once.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_endpoint_revoke_on_option,
    .run = cmd_endpoint_revoke_run,
};
