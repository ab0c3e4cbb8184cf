/* cmd_tenant_add.c: `grapnel tenant add` and `grapnel tenant set`: the same options, for a tenant
 * that is new and for one that is there. */
#include "common/clock.h"
#include "common/options.h"
#include "producer/cli/cli_store.h"
#include "producer/cli/commands.h"
#include "producer/cli/json_write.h"
#include "producer/cli/tenant_view.h"
#include "store/store_tenant.h"
#include <errno.h>
#include <stdio.h>

enum { JSON_MAX = 8192, RECORD_MAX = 64 << 10, TRIES = 10, LIMIT_UNSET = -2 };

struct args {
    const char *id, *name, *domain;
    bool has_limit, has_plain, may_be_plain;
    int64_t limit;
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

static int on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;
    const char *id = NULL;

    switch (key) {
    case OPT_NAME:
        return option_words(&a->name, "--name", value, TENANT_NAME_MAX, diag);
    case OPT_DOMAIN:
        return option_words(&a->domain, "--domain", value, TENANT_NAME_MAX, diag);
    case OPT_LIMIT:
        a->has_limit = true;
        return option_limit(&a->limit, "--limit", value, diag);
    case OPT_ALLOW_HTTP:
        a->has_plain = a->may_be_plain = true;
        return value ? option_bool(&a->may_be_plain, "--allow-http", value, diag) : 0;
    case ARGP_KEY_ARG:
        if (option_argument(&a->id, "tenant", value, diag))
            return -EINVAL;
        return option_tenant(&id, "tenant", value, diag);
    default:
        return diag_set(diag, "unexpected option");
    }
}

static int replace(char **place, const char *value)
{
    char *copy = strdup(value);

    if (!copy)
        return -ENOMEM;
    free(*place);
    *place = copy;
    return 0;
}

static int apply(struct tenant *t, const struct args *a)
{
    if (a->has_limit)
        t->limit = a->limit;
    if (a->has_plain)
        t->may_be_plain = a->may_be_plain;
    if ((a->name && replace(&t->name, a->name)) || (a->domain && replace(&t->domain, a->domain)))
        return -ENOMEM;
    return 0;
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

static int add(struct store *s, const struct args *a)
{
    struct tenant *t = NULL;
    int r = tenant_new(&t, span_of(a->id)), status;

    r = r ? r : apply(t, a);
    r = r ? r : store_now_ms(s, &t->created_ms);
    r = r ? r : store_tenant_put(s, t, SPAN(""));
    if (r == STORE_EXISTS)
        status = cli_fail(cli_of(s), EXIT_FAILED,
                          "tenant %s is there already; change it with `grapnel tenant set'", a->id);
    else
        status = r ? cli_store_fail(s, r) : print_tenant(cli_of(s), t, "added");
    (void)tenant_unref(t);
    return status;
}

/* Reads, changes, and writes unless somebody else wrote in between. */
static int set_once(struct store *s, const struct args *a, struct tenant **ret)
{
    struct buf old;
    int r;

    buf_init(&old, RECORD_MAX);
    r = store_tenant_get(s, span_of(a->id), ret, &old);
    r = r ? r : apply(*ret, a);
    r = r ? r : store_tenant_put(s, *ret, buf_span(&old));
    buf_fini(&old);
    return r;
}

static int set(struct store *s, const struct args *a)
{
    struct tenant *t = NULL;
    int r = STORE_CHANGED, status;

    for (int i = 0; r == STORE_CHANGED && i < TRIES; i++) {
        t = tenant_unref(t);
        r = set_once(s, a, &t);
    }
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

static int run_with(struct cli *cli, int (*act)(struct store *s, const struct args *a))
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
    return run_with(cli, add);
}

static int run_set(struct cli *cli)
{
    const struct args *a = cli->args;

    if (a->id && !a->name && !a->domain && !a->has_limit && !a->has_plain)
        return cli_misuse(cli,
                          "nothing to set: expected --name, --domain, --limit or --allow-http");
    return run_with(cli, set);
}

const struct command command_tenant_add = {
    .name = "tenant add",
    .arguments = "ID",
    .about = "Add a tenant: a customer, who owns endpoints and a limit",
    .details = "ID is what events name it by: 1 to 64 of A-Z a-z 0-9 _ - . and :. Events of a "
               "tenant that was never added are rejected.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = on_option,
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
    .option = on_option,
    .run = run_set,
};
