/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_tenant_list.c: `grapnel tenant list`. */
#include "admin/tenant/store_tenant.h"
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/cli_store.h"
#include "cli/manage/tenant_view.h"
#include "cli/table.h"
#include <stdio.h>

enum { JSON_MAX = 8192 };

struct listing {
    struct cli *cli;
    struct table table;
    uint64_t n;
    int status;
};

static int cmd_tenant_list_print_json(struct listing *l, const struct tenant *t)
{
    struct buf json;

    buf_init(&json, JSON_MAX);
    json_begin(&json, '{');
    tenant_json(&json, l->cli, t);
    json_end(&json, '}');
    l->status = cli_print_json(l->cli, &json);
    buf_fini(&json);
    return l->status ? -EIO : 0;
}

static int cmd_tenant_list_each(void *arg, const struct tenant *t)
{
    struct listing *l = arg;
    char limit[32];

    l->n++;
    if (l->cli->is_json)
        return cmd_tenant_list_print_json(l, t);
    tenant_limit_words(l->cli, t, limit);
    table_add_text(&l->table, t->id);
    table_add_text(&l->table, limit);
    table_add_text(&l->table, t->may_be_plain ? "allowed" : "refused");
    table_add_time(&l->table, t->created_ms);
    table_add_text(&l->table, t->name);
    table_add_text(&l->table, t->domain);
    return 0;
}

static int cmd_tenant_list_list(struct store *s)
{
    static const char *const titles[] = {"TENANT", "LIMIT", "HTTP", "CREATED", "NAME", "DOMAIN"};
    struct listing l = {.cli = cli_of(s)};
    int r;

    table_init(&l.table, titles, ARRAY_LEN(titles));
    r = store_tenants(s, cmd_tenant_list_each, &l);
    if (!cli_of(s)->is_json && l.n)
        table_end(&l.table);
    buf_fini(&l.table.cells);
    if (l.status)
        return l.status;
    if (!r && !cli_of(s)->is_json && !l.n)
        (void)printf("no tenants\n");
    return r ? cli_store_fail(s, r) : EXIT_DONE;
}

static int cmd_tenant_list_run(struct cli *cli)
{
    struct store s;
    int status = cli_store_open(&s, cli);

    if (!status)
        status = cmd_tenant_list_list(&s);
    store_close(&s);
    return status;
}

const struct command command_tenant_list = {
    .name = "tenant list",
    .arguments = "",
    .about = "List the tenants",
    .details = "With --json each tenant is a line.",
    .run = cmd_tenant_list_run,
};
