/* cmd_api_key_list.c: `grapnel api-key list`. */
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/api_key_view.h"
#include "cli/manage/cli_store.h"
#include "cli/table.h"
#include "common/model/options.h"
#include <stdio.h>

struct args {
    const char *tenant;
};

enum { OPT_TENANT = OPTION_FIRST };

static const struct argp_option options[] = {
    {"tenant", OPT_TENANT, "ID", 0, "This tenant's (default: the operators')", 0},
    {0},
};

static int cmd_api_key_list_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    if (key == OPT_TENANT)
        return option_tenant(&a->tenant, "--tenant", value, diag);
    return diag_set(diag, "unexpected option");
}

struct listing {
    struct cli *cli;
    struct table table;
    unsigned n;
    int status;
};

static int cmd_api_key_list_print_json(struct listing *l, const struct api_key *k)
{
    struct buf json;

    buf_init(&json, API_KEY_JSON_MAX);
    json_begin(&json, '{');
    api_key_json(&json, k);
    json_end(&json, '}');
    l->status = cli_print_json(l->cli, &json);
    buf_fini(&json);
    return l->status ? -EIO : 0;
}

static void cmd_api_key_list_add_time(struct table *table, int64_t ms, const char *none)
{
    if (ms)
        table_add_time(table, ms);
    else
        table_add_text(table, none);
}

static int cmd_api_key_list_each(void *arg, const struct api_key *k)
{
    struct listing *l = arg;

    l->n++;
    if (l->cli->is_json)
        return cmd_api_key_list_print_json(l, k);
    table_add_text(&l->table, k->id);
    table_add_text(&l->table, role_name(k->role));
    table_add_time(&l->table, k->created_ms);
    cmd_api_key_list_add_time(&l->table, k->expires_ms, "never");
    cmd_api_key_list_add_time(&l->table, k->used_ms, "never");
    table_add_text(&l->table, k->name);
    return 0;
}

static int cmd_api_key_list_list(struct store *s, const struct args *a)
{
    static const char *const titles[] = {"KEY", "ROLE", "CREATED", "EXPIRES", "LAST USED", "NAME"};
    struct listing l = {.cli = cli_of(s)};
    int r;

    table_init(&l.table, titles, ARRAY_LEN(titles));
    r = store_api_keys(s, span_of(a->tenant), cmd_api_key_list_each, &l);
    if (!cli_of(s)->is_json && l.n)
        table_end(&l.table);
    buf_fini(&l.table.cells);
    if (l.status)
        return l.status;
    if (!r && !cli_of(s)->is_json && !l.n)
        (void)printf("no keys\n");
    return r ? cli_store_fail(s, r) : EXIT_DONE;
}

static int cmd_api_key_list_run(struct cli *cli)
{
    struct store s;
    int status = cli_store_open(&s, cli);

    if (!status)
        status = cmd_api_key_list_list(&s, cli->args);
    store_close(&s);
    return status;
}

const struct command command_api_key_list = {
    .name = "api-key list",
    .arguments = "",
    .about = "List a tenant's keys for the API, or the operators'",
    .details =
        "When a key was last used is told to about a minute. With --json each key is a line.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_api_key_list_on_option,
    .run = cmd_api_key_list_run,
};
