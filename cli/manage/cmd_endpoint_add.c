/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_endpoint_add.c: `grapnel endpoint add`: one by options, or many from a file. */
#include "admin/tenant/endpoint_change.h"
#include "cli/commands.h"
#include "cli/manage/cli_store.h"
#include "cli/manage/endpoint_file.h"
#include "cli/manage/endpoint_options.h"
#include "cli/manage/endpoint_view.h"
#include "common/model/options.h"
#include <errno.h>
#include <openssl/crypto.h>

struct args {
    struct endpoint_options o;
    const char *from;
};

enum { OPT_TENANT = ENDPOINT_OPTION_NEXT, OPT_FROM };

static const struct argp_option options[] = {
    {"tenant", OPT_TENANT, "ID", 0, "Whose endpoint it is (required)", 0},
    {"url", ENDPOINT_OPTION_URL, "URL", 0, "Where deliveries are POSTed to (required)", 0},
    ENDPOINT_OPTIONS,
#define PART ENDPOINT_PART_OPTION
#include "common/model/format/policy.def"
#undef PART
    {"secret", ENDPOINT_OPTION_SECRET, "SECRET", 0, ENDPOINT_SECRET_HELP " (default: one is made)",
     0},
    {"from", OPT_FROM, "FILE", 0, "Add those in FILE (-: standard input), one JSON object a line",
     0},
    {0},
};

static int cmd_endpoint_add_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    switch (key) {
    case OPT_TENANT:
        return option_tenant(&a->o.spec.tenant, "--tenant", value, diag);
    case OPT_FROM:
        a->from = value;
        return 0;
    default:
        return endpoint_option(&a->o, key, value, diag);
    }
}

static int cmd_endpoint_add_tell(struct store *s, const struct args *a, int r)
{
    switch (r) {
    case STORE_MISSING:
    case STORE_NO_TENANT:
        return cli_fail(cli_of(s), EXIT_FAILED,
                        "--tenant: there is no tenant %s; add it with `grapnel tenant add'",
                        a->o.spec.tenant);
    case STORE_TOO_MANY:
        return cli_fail(cli_of(s), EXIT_FAILED, "--tenant: %s has %d endpoints, which is the most",
                        a->o.spec.tenant, ENDPOINTS_PER_TENANT_MAX);
    default:
        return cli_store_fail(s, r);
    }
}

static int add_one(struct store *s, const struct args *a, const struct endpoint_rules *rules)
{
    struct made_secret made = {""};
    struct endpoint *e = NULL;
    int r = endpoint_spec_add(s, span_of(a->o.spec.tenant), &a->o.spec, rules, &e, &made);
    int status =
        r ? cmd_endpoint_add_tell(s, a, r) : endpoint_print(cli_of(s), e, "added", made.text, 0);

    OPENSSL_cleanse(&made, sizeof(made));
    (void)endpoint_free(e);
    return status;
}

static int cmd_endpoint_add_add(struct store *s, const struct args *a)
{
    struct endpoint_rules rules;

    if (endpoint_rules_init(&rules, s, &s->words))
        return cli_misuse(cli_of(s), "%s", s->words.text);
    return a->from ? endpoint_file_add(s, &rules, a->from) : add_one(s, a, &rules);
}

static int cmd_endpoint_add_check(struct cli *cli, struct args *a)
{
    if (a->from)
        return a->o.n_given || a->o.spec.tenant
                   ? cli_misuse(cli, "--from: the file says everything; no other option with it")
                   : EXIT_DONE;
    if (!a->o.spec.tenant)
        return cli_misuse(cli, "--tenant is missing");
    if (!a->o.spec.url)
        return cli_misuse(cli, "--url is missing");
    return endpoint_options_read(cli, &a->o);
}

static int cmd_endpoint_add_run(struct cli *cli)
{
    struct args *a = cli->args;
    struct store s;
    int status = cmd_endpoint_add_check(cli, a);

    if (status)
        return status;
    status = cli_store_open(&s, cli);
    if (!status)
        status = cli_store_need_key(&s);
    if (!status)
        status = cmd_endpoint_add_add(&s, a);
    store_close(&s);
    return status;
}

static void cmd_endpoint_add_args_fini(void *data)
{
    struct args *a = data;

    endpoint_options_fini(&a->o);
}

const struct command command_endpoint_add = {
    .name = "endpoint add",
    .arguments = "",
    .about = "Add an endpoint: a URL that receives a tenant's events",
    .details =
        "The secret that its deliveries are signed with is shown once, here, when it was made. In "
        "Redis it lies encrypted under the master key.\n\n"
        "Each line of a file (--from) is an object with members named as the options are:\n\n"
        "    {\"tenant\": \"123\", \"url\": \"https://example.com/hooks\", \"dialect\": "
        "\"standard\",\n"
        "     \"events\": [\"USER_CREATED\", \"order.*\"], \"secret\": \"whsec_…\", \"slots\": 8,\n"
        "     \"retries\": 5, \"timeout\": \"10s\", \"headers\": {\"X-Env\": \"live\"}, "
        "\"filter\": {…},\n"
        "     \"description\": \"…\",\n"
        "     \"create_tenant\": {\"limit\": 600, \"allow_http\": false}}\n\n"
        "All but tenant and url may be left out. With create_tenant (or true) a tenant that is not "
        "there is added first. A line that is refused is told with its number; the others are "
        "added.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_endpoint_add_on_option,
    .run = cmd_endpoint_add_run,
    .args_fini = cmd_endpoint_add_args_fini,
};
