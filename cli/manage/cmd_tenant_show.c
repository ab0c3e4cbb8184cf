/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_tenant_show.c: `grapnel tenant show` and `grapnel tenant remove`. */
#include "admin/tenant/store_tenant.h"
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/cli_store.h"
#include "cli/manage/endpoint_view.h"
#include "cli/manage/tenant_view.h"
#include "cli/table.h"
#include "common/model/options.h"
#include <errno.h>
#include <stdio.h>

enum { JSON_MAX = 64 << 20 };

struct args {
    const char *id;
};

static int cmd_tenant_show_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;
    const char *id = NULL;

    if (key != ARGP_KEY_ARG)
        return diag_set(diag, "unexpected option");
    if (option_argument(&a->id, "tenant", value, diag))
        return -EINVAL;
    return option_tenant(&id, "tenant", value, diag);
}

/* --- show ------------------------------------------------------------------------------------- */

static int cmd_tenant_show_print_json(const struct cli *cli, const struct tenant *t,
                                      const struct tenant_load *load)
{
    struct buf json;
    int status;

    buf_init(&json, JSON_MAX);
    json_begin(&json, '{');
    tenant_json(&json, cli, t);
    json_put_i64(&json, "waiting", load->waiting);
    json_put_i64(&json, "inWindow", load->in_window);
    json_put_time(&json, "nextPermitAt", load->next_ms);
    json_key(&json, "endpoints");
    json_begin(&json, '[');
    for (unsigned i = 0; i < t->n_endpoints; i++) {
        json_begin(&json, '{');
        endpoint_json(&json, cli, t->endpoints[i]);
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_end(&json, '}');
    status = cli_print_json(cli, &json);
    buf_fini(&json);
    return status;
}

static void print_endpoints(const struct tenant *t)
{
    static const char *const titles[] = {"ENDPOINT", "DIALECT", "STATE", "URL"};
    struct table table;

    (void)printf("\n");
    if (!t->n_endpoints) {
        (void)printf("no endpoints\n");
        return;
    }
    table_init(&table, titles, ARRAY_LEN(titles));
    for (unsigned i = 0; i < t->n_endpoints; i++) {
        const struct endpoint *e = t->endpoints[i];

        table_add_text(&table, e->id);
        table_add_text(&table, e->dialect->name);
        table_add_text(&table, e->disabled_reason ? "disabled" : "enabled");
        table_add_text(&table, e->url);
    }
    table_end(&table);
}

static int cmd_tenant_show_print_words(const struct cli *cli, const struct tenant *t,
                                       const struct tenant_load *load)
{
    char limit[32];

    tenant_limit_words(cli, t, limit);
    print_field("tenant", "%s", t->id);
    if (*t->name)
        print_field("name", "%s", t->name);
    if (*t->domain)
        print_field("domain", "%s", t->domain);
    print_field("limit", "%s%s", limit, tenant_limit(cli, t) ? " in any 60 s" : "");
    print_field("http://", "%s", t->may_be_plain ? "allowed" : "refused");
    print_field_time("created", t->created_ms);
    if (tenant_limit(cli, t))
        print_field("in window", "%lld of %lld", (long long)load->in_window,
                    (long long)tenant_limit(cli, t));
    print_field("waiting", "%lld", (long long)load->waiting);
    print_field_time("next permit", load->next_ms);
    print_endpoints(t);
    return EXIT_DONE;
}

static int cmd_tenant_show_fail(struct store *s, const struct args *a, int r)
{
    if (r == STORE_MISSING)
        return cli_fail(cli_of(s), EXIT_FAILED, "there is no tenant %s", a->id);
    return cli_store_fail(s, r);
}

static int cmd_tenant_show_show(struct store *s, const struct args *a)
{
    struct tenant *t = NULL;
    struct tenant_load load;
    int r = store_tenant_whole(s, span_of(a->id), &t), status;

    r = r ? r : store_tenant_load(s, t, &load);
    if (r)
        status = cmd_tenant_show_fail(s, a, r);
    else
        status = cli_of(s)->is_json ? cmd_tenant_show_print_json(cli_of(s), t, &load)
                                    : cmd_tenant_show_print_words(cli_of(s), t, &load);
    (void)tenant_unref(t);
    return status;
}

/* --- remove ----------------------------------------------------------------------------------- */

static int cmd_tenant_show_print_removed(const struct cli *cli, const struct args *a)
{
    struct buf json;
    int status = EXIT_DONE;

    if (cli->is_json) {
        buf_init(&json, 1024);
        json_begin(&json, '{');
        json_put_text(&json, "id", a->id);
        json_put_bool(&json, "removed", true);
        json_end(&json, '}');
        status = cli_print_json(cli, &json);
        buf_fini(&json);
    } else {
        (void)printf("tenant %s removed\n", a->id);
    }
    return status;
}

static int cmd_tenant_show_remove_it(struct store *s, const struct args *a)
{
    int r = store_tenant_remove(s, span_of(a->id));

    return r ? cmd_tenant_show_fail(s, a, r) : cmd_tenant_show_print_removed(cli_of(s), a);
}

/* --- the commands ------------------------------------------------------------------------------- */

static int cmd_tenant_show_run_with(struct cli *cli,
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

static int run_show(struct cli *cli)
{
    return cmd_tenant_show_run_with(cli, cmd_tenant_show_show);
}

static int cmd_tenant_show_run_remove(struct cli *cli)
{
    return cmd_tenant_show_run_with(cli, cmd_tenant_show_remove_it);
}

const struct command command_tenant_show = {
    .name = "tenant show",
    .arguments = "ID",
    .about = "Show a tenant: its settings, its endpoints, what waits for its limit",
    .details = "`in window' counts the permits of the last 60 seconds and those still to be used, "
               "`waiting' the deliveries that are due but have no permit yet.",
    .args_size = sizeof(struct args),
    .option = cmd_tenant_show_on_option,
    .run = run_show,
};

const struct command command_tenant_remove = {
    .name = "tenant remove",
    .arguments = "ID",
    .about = "Remove a tenant and its endpoints; its pending deliveries are cancelled",
    .args_size = sizeof(struct args),
    .option = cmd_tenant_show_on_option,
    .run = cmd_tenant_show_run_remove,
};
