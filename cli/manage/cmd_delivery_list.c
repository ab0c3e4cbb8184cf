/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_delivery_list.c: `grapnel delivery list`: a tenant's deliveries, the newest first. */
#include "admin/delivery/delivery_filter.h"
#include "admin/delivery/store_delivery.h"
#include "admin/tenant/store_tenant.h"
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/cli_store.h"
#include "cli/manage/delivery_view.h"
#include "common/model/options.h"
#include <stdio.h>

enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 100000 };

struct args {
    const char *tenant;
    struct delivery_filter filter;
    int64_t limit; /* 0: the default */
    struct delivery_cursor before;
    bool has_before;
};

enum { OPT_TENANT = OPTION_FIRST, OPT_STATUS, OPT_ENDPOINT, OPT_TYPE, OPT_LIMIT, OPT_BEFORE };

static const struct argp_option options[] = {
    {"tenant", OPT_TENANT, "ID", 0, "Whose deliveries (required)", 0},
    {"status", OPT_STATUS, "STATUS", 0,
     "Only those that are pending, success, failed, timeout or cancelled", 0},
    {"endpoint", OPT_ENDPOINT, "ID", 0, "Only those to this endpoint", 0},
    {"type", OPT_TYPE, "TYPE", 0, "Only those of events of this type", 0},
    {"limit", OPT_LIMIT, "N", 0, "At most so many (default 20)", 0},
    {"before", OPT_BEFORE, "CURSOR", 0, "Go on behind the last one of an earlier list", 0},
    {0},
};

static int set_status(struct args *a, const char *value, struct diag *diag)
{
    a->filter.status = span_of(value);
    return delivery_status_is_known(a->filter.status)
               ? 0
               : diag_set(diag,
                          "--status: expected pending, success, failed, timeout or "
                          "cancelled, not \"%.40s\"",
                          value);
}

static int cmd_delivery_list_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    switch (key) {
    case OPT_TENANT:
        return option_tenant(&a->tenant, "--tenant", value, diag);
    case OPT_STATUS:
        return set_status(a, value, diag);
    case OPT_ENDPOINT:
        a->filter.endpoint = span_of(value);
        return 0;
    case OPT_TYPE:
        a->filter.type = span_of(value);
        return 0;
    case OPT_LIMIT:
        return option_i64(&a->limit, "--limit", value, 1, LIMIT_MAX, diag);
    case OPT_BEFORE:
        a->has_before = true;
        return delivery_cursor_parse(&a->before, value)
                   ? diag_set(diag, "--before: expected a cursor as an earlier list shows it")
                   : 0;
    default:
        return diag_set(diag, "unexpected option");
    }
}

struct listing {
    struct cli *cli;
    const struct args *a;
    struct table table;
    struct delivery_cursor last;
    int64_t told;
    bool has_more;
    int status;
};

static int cmd_delivery_list_print_json(struct listing *l, const struct listed_delivery *d)
{
    struct buf json;
    char cursor[80];

    (void)snprintf(cursor, sizeof(cursor), "%lld.%s", (long long)d->cursor.ms, d->cursor.id);
    buf_init(&json, DELIVERY_JSON_MAX);
    json_begin(&json, '{');
    delivery_json(&json, &d->record, d->url);
    json_put_text(&json, "cursor", cursor);
    json_end(&json, '}');
    l->status = cli_print_json(l->cli, &json);
    buf_fini(&json);
    return l->status ? LIST_ENOUGH : 0;
}

static void cmd_delivery_list_add_row(struct listing *l, const struct delivery_record *d)
{
    const struct record_entry *attempt = delivery_last_attempt(d);

    table_add_text(&l->table, d->id);
    table_add_time(&l->table, delivery_created(d)->ms);
    table_add(&l->table, delivery_created(d)->type);
    table_add(&l->table, delivery_status(d));
    table_add_i64(&l->table, attempt ? attempt->attempt : 0);
    if (attempt && attempt->status)
        table_add_i64(&l->table, attempt->status);
    else
        table_add_text(&l->table, "");
    table_add(&l->table, attempt ? attempt->code : SPAN(""));
    table_add(&l->table, delivery_created(d)->endpoint);
}

static int cmd_delivery_list_each(void *arg, const struct listed_delivery *d)
{
    struct listing *l = arg;

    if (!delivery_filter_fits(&l->a->filter, &d->record))
        return 0;
    if (l->told == l->a->limit) {
        l->has_more = true;
        return LIST_ENOUGH;
    }
    l->told++;
    l->last = d->cursor;
    if (l->cli->is_json)
        return cmd_delivery_list_print_json(l, d);
    cmd_delivery_list_add_row(l, &d->record);
    return 0;
}

/* An empty list is right for a tenant without deliveries, and misleading for one that is misspelt. */
static int check_tenant(struct store *s, const struct args *a)
{
    struct tenant *t = NULL;
    int r = store_tenant_get(s, span_of(a->tenant), &t, NULL);

    (void)tenant_unref(t);
    if (r == STORE_MISSING)
        return cli_fail(cli_of(s), EXIT_FAILED, "--tenant: there is no tenant %s", a->tenant);
    return r ? cli_store_fail(s, r) : EXIT_DONE;
}

static int cmd_delivery_list_list(struct store *s, const struct args *a)
{
    static const char *const titles[] = {"DELIVERY", "CREATED", "TYPE",  "STATUS",
                                         "ATTEMPTS", "HTTP",    "ERROR", "ENDPOINT"};
    struct listing l = {.cli = cli_of(s), .a = a};
    int r;

    table_init(&l.table, titles, ARRAY_LEN(titles));
    r = store_deliveries(s, span_of(a->tenant), &a->before, cmd_delivery_list_each, &l);
    if (!cli_of(s)->is_json && l.told)
        table_end(&l.table);
    buf_fini(&l.table.cells);
    if (r)
        return cli_store_fail(s, r);
    if (!l.told && !a->has_before && (l.status = check_tenant(s, a)))
        return l.status;
    if (!cli_of(s)->is_json && !l.told)
        (void)printf("no deliveries\n");
    if (!cli_of(s)->is_json && l.has_more)
        (void)printf("more: --before %lld.%s\n", (long long)l.last.ms, l.last.id);
    return l.status;
}

static int cmd_delivery_list_run(struct cli *cli)
{
    struct args *a = cli->args;
    struct store s;
    int status;

    if (!a->tenant)
        return cli_misuse(cli, "--tenant is missing");
    if (!a->limit)
        a->limit = LIMIT_DEFAULT;
    if (!a->has_before)
        a->before.ms = INT64_MAX;
    status = cli_store_open(&s, cli);
    if (!status)
        status = cmd_delivery_list_list(&s, a);
    store_close(&s);
    return status;
}

const struct command command_delivery_list = {
    .name = "delivery list",
    .arguments = "",
    .about = "List a tenant's deliveries, the newest first",
    .details = "With --json each delivery is a line, with a cursor that --before takes to go on "
               "behind it.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_delivery_list_on_option,
    .run = cmd_delivery_list_run,
};
