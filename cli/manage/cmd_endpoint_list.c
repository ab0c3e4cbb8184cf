/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_endpoint_list.c: `grapnel endpoint list`: a tenant's endpoints, or all. */
#include "admin/tenant/store_tenant.h"
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/cli_store.h"
#include "cli/manage/endpoint_view.h"
#include "cli/table.h"
#include "common/model/options.h"
#include <stdio.h>

enum { EVENTS_BYTES_MAX = 64 << 10 };

struct args {
    const char *tenant;
};

enum { OPT_TENANT = OPTION_FIRST };

static const struct argp_option options[] = {
    {"tenant", OPT_TENANT, "ID", 0, "Only this tenant's (default: all)", 0},
    {0},
};

static int cmd_endpoint_list_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    if (key == OPT_TENANT)
        return option_tenant(&a->tenant, "--tenant", value, diag);
    return diag_set(diag, "unexpected option");
}

struct listing {
    struct store *s;
    struct table table;
    uint64_t n;
    int status;
};

static int cmd_endpoint_list_print_json(struct listing *l, const struct endpoint *e)
{
    struct buf json;

    buf_init(&json, ENDPOINT_JSON_MAX);
    json_begin(&json, '{');
    endpoint_json(&json, cli_of(l->s), e);
    json_end(&json, '}');
    l->status = cli_print_json(cli_of(l->s), &json);
    buf_fini(&json);
    return l->status ? -EIO : 0;
}

static int cmd_endpoint_list_add_row(struct listing *l, const struct endpoint *e)
{
    struct buf events;

    buf_init(&events, EVENTS_BYTES_MAX);
    endpoint_events(&events, e);
    table_add_text(&l->table, e->id);
    table_add_text(&l->table, e->tenant);
    table_add_text(&l->table, e->dialect->name);
    table_add_text(&l->table, e->disabled_reason ? "disabled" : "enabled");
    table_add_text(&l->table, e->url);
    table_add(&l->table, buf_span(&events));
    buf_fini(&events);
    return 0;
}

static int list_whole(struct listing *l, struct tenant *t)
{
    int r = 0;

    for (unsigned i = 0; i < t->n_endpoints && !r; i++) {
        l->n++;
        r = cli_of(l->s)->is_json ? cmd_endpoint_list_print_json(l, t->endpoints[i])
                                  : cmd_endpoint_list_add_row(l, t->endpoints[i]);
    }
    return r;
}

static int list_tenant(struct listing *l, struct span id)
{
    struct tenant *whole = NULL;
    int r = store_tenant_whole(l->s, id, &whole);

    r = r ? r : list_whole(l, whole);
    (void)tenant_unref(whole);
    return r;
}

/* One that was removed while we were listing is not listed. */
static int cmd_endpoint_list_each(void *arg, const struct tenant *t)
{
    int r = list_tenant(arg, span_of(t->id));

    return r == STORE_MISSING ? 0 : r;
}

static int cmd_endpoint_list_list(struct store *s, const struct args *a)
{
    static const char *const titles[] = {"ENDPOINT", "TENANT", "DIALECT", "STATE", "URL", "EVENTS"};
    struct listing l = {.s = s};
    int r;

    table_init(&l.table, titles, ARRAY_LEN(titles));
    r = a->tenant ? list_tenant(&l, span_of(a->tenant))
                  : store_tenants(s, cmd_endpoint_list_each, &l);
    if (!cli_of(s)->is_json && l.n)
        table_end(&l.table);
    buf_fini(&l.table.cells);
    if (l.status)
        return l.status;
    if (r == STORE_MISSING)
        return cli_fail(cli_of(s), EXIT_FAILED, "--tenant: there is no tenant %s", a->tenant);
    if (!r && !cli_of(s)->is_json && !l.n)
        (void)printf("no endpoints\n");
    return r ? cli_store_fail(s, r) : EXIT_DONE;
}

static int cmd_endpoint_list_run(struct cli *cli)
{
    struct store s;
    int status = cli_store_open(&s, cli);

    if (!status)
        status = cmd_endpoint_list_list(&s, cli->args);
    store_close(&s);
    return status;
}

const struct command command_endpoint_list = {
    .name = "endpoint list",
    .arguments = "",
    .about = "List a tenant's endpoints, or all",
    .details = "With --json each endpoint is a line.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_endpoint_list_on_option,
    .run = cmd_endpoint_list_run,
};
