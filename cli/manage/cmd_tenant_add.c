/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_tenant_add.c: `grapnel tenant add` and `grapnel tenant set`: the same options, for a tenant
 * that is new and for one that is there. */
#include "admin/tenant/tenant_spec.h"
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/cli_store.h"
#include "cli/manage/tenant_view.h"
#include "common/model/options.h"
#include <errno.h>
#include <stdio.h>

enum { JSON_MAX = 8192 };

struct args {
    const char *id;
    struct tenant_spec spec;
};

enum { OPT_NAME = OPTION_FIRST, OPT_DOMAIN, OPT_LIMIT, OPT_ALLOW_HTTP };

static const struct argp_option options[] = {
    {"name", OPT_NAME, "TEXT", 0, "What the tenant is called, in the royalti envelope", 0},
    {"domain", OPT_DOMAIN, "TEXT", 0, "The tenant's domain, in the royalti envelope", 0},
    {"limit", OPT_LIMIT, "N", 0,
     "Attempts in any 60 seconds to all its endpoints together; default: as the setting "
     "tenant-limit says; none or 0: no limit",
     0},
    {"allow-http", OPT_ALLOW_HTTP, "yes|no", OPTION_ARG_OPTIONAL,
     "Its endpoints may be http:// (default no)", 0},
    {0},
};

static int cmd_tenant_add_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;
    struct tenant_spec *spec = &a->spec;
    const char *id = NULL;

    switch (key) {
    case OPT_NAME:
        return option_words(&spec->name, "--name", value, TENANT_NAME_MAX, diag);
    case OPT_DOMAIN:
        return option_words(&spec->domain, "--domain", value, TENANT_NAME_MAX, diag);
    case OPT_LIMIT:
        spec->has_limit = true;
        return option_limit(&spec->limit, "--limit", value, diag);
    case OPT_ALLOW_HTTP:
        spec->has_plain = spec->may_be_plain = true;
        return value ? option_bool(&spec->may_be_plain, "--allow-http", value, diag) : 0;
    case ARGP_KEY_ARG:
        if (option_argument(&a->id, "tenant", value, diag))
            return -EINVAL;
        return option_tenant(&id, "tenant", value, diag);
    default:
        return diag_set(diag, "unexpected option");
    }
}

static int print_tenant(struct cli *cli, const struct tenant *t, const char *what)
{
    struct buf json;
    int status = EXIT_DONE;

    if (cli->is_json) {
        buf_init(&json, JSON_MAX);
        json_begin(&json, '{');
        tenant_json(&json, cli, t);
        json_end(&json, '}');
        status = cli_print_json(cli, &json);
        buf_fini(&json);
    } else {
        (void)printf("tenant %s %s\n", t->id, what);
    }
    return status;
}

static int cmd_tenant_add_add(struct store *s, const struct args *a)
{
    struct tenant *t = NULL;
    int r = tenant_spec_add(s, span_of(a->id), &a->spec, &t), status;

    if (r == STORE_EXISTS)
        status = cli_fail(cli_of(s), EXIT_FAILED,
                          "tenant %s is there already; change it with `grapnel tenant set'", a->id);
    else
        status = r ? cli_store_fail(s, r) : print_tenant(cli_of(s), t, "added");
    (void)tenant_unref(t);
    return status;
}

static int cmd_tenant_add_set(struct store *s, const struct args *a)
{
    struct tenant *t = NULL;
    int r = tenant_spec_change(s, span_of(a->id), &a->spec, NULL, NULL, &t), status;

    if (r == STORE_MISSING)
        status = cli_fail(cli_of(s), EXIT_FAILED, "there is no tenant %s", a->id);
    else if (r == STORE_CHANGED)
        status = cli_fail(cli_of(s), EXIT_FAILED, "tenant %s is being changed by others; try again",
                          a->id);
    else
        status = r ? cli_store_fail(s, r) : print_tenant(cli_of(s), t, "set");
    (void)tenant_unref(t);
    return status;
}

static int cmd_tenant_add_run_with(struct cli *cli,
                                   int (*act)(struct store *s, const struct args *a))
{
    const struct args *a = cli->args;
    struct store s;
    int status;

    if (!a->id)
        return cli_misuse(cli, "the tenant's id is missing");
    status = cli_store_open(&s, cli);
    if (!status)
        status = act(&s, a);
    store_close(&s);
    return status;
}

static int run_add(struct cli *cli)
{
    return cmd_tenant_add_run_with(cli, cmd_tenant_add_add);
}

static int run_set(struct cli *cli)
{
    const struct args *a = cli->args;

    if (a->id && !a->spec.name && !a->spec.domain && !a->spec.has_limit && !a->spec.has_plain)
        return cli_misuse(cli,
                          "nothing to set: expected --name, --domain, --limit or --allow-http");
    return cmd_tenant_add_run_with(cli, cmd_tenant_add_set);
}

const struct command command_tenant_add = {
    .name = "tenant add",
    .arguments = "ID",
    .about = "Add a tenant: a customer, who owns endpoints and a limit",
    .details = "ID is what events name it by: 1 to 64 of A-Z a-z 0-9 _ - . and :. Events of a "
               "tenant that was never added are rejected.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_tenant_add_on_option,
    .run = run_add,
};

const struct command command_tenant_set = {
    .name = "tenant set",
    .arguments = "ID",
    .about = "Change a tenant's settings",
    .details = "What is not named stays as it is. A change that was answered holds for every "
               "attempt that begins later.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_tenant_add_on_option,
    .run = run_set,
};
