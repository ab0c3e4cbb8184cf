/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_setting_list.c: `grapnel setting list`: the settings of a tenant's webhook. */
#include "admin/tenant/store_setting.h"
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/cli_store.h"
#include "cli/table.h"
#include "common/model/options.h"

enum { JSON_MAX = 64 << 10 };

struct args {
    const char *tenant;
};

static int cmd_setting_list_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;
    const char *id;

    if (key != ARGP_KEY_ARG)
        return diag_set(diag, "unexpected option");
    if (option_argument(&a->tenant, "tenant", value, diag))
        return -EINVAL;
    return option_tenant(&id, "tenant", value, diag);
}

/* What is in force: what was set, or the default. */
static void cmd_setting_list_add_value(struct buf *ret, const struct tenant_setting *setting,
                                       const struct tenant_webhook *w)
{
    setting->get(ret, w->tenant, w->endpoint);
    if (!ret->len)
        buf_add_text(ret, setting->default_text);
}

static void put_setting(struct buf *json, const struct tenant_setting *setting,
                        const struct tenant_webhook *w)
{
    struct buf value;

    buf_init(&value, JSON_MAX);
    cmd_setting_list_add_value(&value, setting, w);
    json_begin(json, '{');
    json_put_text(json, "name", setting->name);
    json_put_text(json, "value", value.data ? value.data : "");
    json_put_text(json, "type", setting->type);
    json_put_text(json, "default", setting->default_text);
    json_end(json, '}');
    buf_fini(&value);
}

static int cmd_setting_list_print_json(struct cli *cli, const struct tenant_webhook *w)
{
    const struct tenant_setting *setting;
    int status = EXIT_DONE;
    struct buf json;

    buf_init(&json, JSON_MAX);
    for (size_t i = 0; (setting = tenant_setting_at(i)) && !status; i++) {
        buf_clear(&json);
        put_setting(&json, setting, w);
        status = cli_print_json(cli, &json);
    }
    buf_fini(&json);
    return status;
}

static int cmd_setting_list_print_table(const struct tenant_webhook *w)
{
    static const char *const titles[] = {"SETTING", "TYPE", "VALUE", "WHAT IT IS"};
    const struct tenant_setting *setting;
    struct table table;
    struct buf value;

    table_init(&table, titles, ARRAY_LEN(titles));
    for (size_t i = 0; (setting = tenant_setting_at(i)); i++) {
        buf_init(&value, JSON_MAX);
        cmd_setting_list_add_value(&value, setting, w);
        table_add_text(&table, setting->name);
        table_add_text(&table, setting->type);
        table_add_text(&table, value.data ? value.data : "");
        table_add_text(&table, setting->help);
        buf_fini(&value);
    }
    table_end(&table);
    buf_fini(&table.cells);
    return EXIT_DONE;
}

static int cmd_setting_list_list(struct store *s, const struct args *a)
{
    struct tenant_webhook w;
    int r = store_webhook_load(s, span_of(a->tenant), &w), status;

    if (r == STORE_MISSING)
        status = cli_fail(cli_of(s), EXIT_FAILED, "there is no tenant %s", a->tenant);
    else if (r)
        status = cli_store_fail(s, r);
    else
        status = cli_of(s)->is_json ? cmd_setting_list_print_json(cli_of(s), &w)
                                    : cmd_setting_list_print_table(&w);
    store_webhook_fini(&w);
    return status;
}

static int cmd_setting_list_run(struct cli *cli)
{
    const struct args *a = cli->args;
    struct store s;
    int status;

    if (!a->tenant)
        return cli_misuse(cli, "the tenant's id is missing");
    status = cli_store_open(&s, cli);
    if (!status)
        status = cmd_setting_list_list(&s, a);
    store_close(&s);
    return status;
}

const struct command command_setting_list = {
    .name = "setting list",
    .arguments = "TENANT",
    .about = "Show the settings of a tenant's webhook",
    .details = "What was not set shows its default. With --json each setting is a line. The secret "
               "is never shown.",
    .args_size = sizeof(struct args),
    .option = cmd_setting_list_on_option,
    .run = cmd_setting_list_run,
};
