/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_context.c: `grapnel context list|add|use|show|remove`: which API the commands call. */
#include "cli/api/context.h"
#include "cli/commands.h"
#include "cli/table.h"
#include <stdio.h>

struct args {
    const char *name, *api, *key, *tenant;
};

enum { CONTEXT_OPTION_API = OPTION_FIRST, CONTEXT_OPTION_KEY, CONTEXT_OPTION_TENANT };

static const struct argp_option add_options[] = {
    {"api", CONTEXT_OPTION_API, "URL", 0, "Where the API is (required)", 0},
    {"key", CONTEXT_OPTION_KEY, "KEY", 0, "An API key", 0},
    {"tenant", CONTEXT_OPTION_TENANT, "ID", 0, "Whose objects commands mean without --tenant", 0},
    {0}};

static int cmd_context_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    if (key == CONTEXT_OPTION_API)
        a->api = value;
    else if (key == CONTEXT_OPTION_KEY)
        a->key = value;
    else if (key == CONTEXT_OPTION_TENANT)
        a->tenant = value;
    else if (key == ARGP_KEY_ARG && !a->name && *value)
        a->name = value;
    else
        return diag_set(diag, "expected one context's name");
    return 0;
}

static json_t *cmd_context_entries(const json_t *file)
{
    return json_object_get(file, "contexts");
}

static const char *cmd_context_current(const json_t *file)
{
    const char *name = json_string_value(json_object_get(file, "current"));

    return name ? name : "";
}

/* The file, with context @name in it; NULL when that was told. */
static json_t *cmd_context_open(struct cli *cli, const char *name, int *ret_status)
{
    struct diag diag = {""};
    json_t *file = NULL;

    if (context_load(&file, &diag)) {
        *ret_status = cli_fail(cli, EXIT_FAILED, "%s", diag.text);
        return NULL;
    }
    if (!name || json_object_get(cmd_context_entries(file), name))
        return file;
    *ret_status =
        cli_fail(cli, EXIT_FAILED, "context %s not found; see `grapnel context list'", name);
    json_decref(file);
    return NULL;
}

/* Takes @file. */
static int cmd_context_save(struct cli *cli, json_t *file)
{
    struct diag diag = {""};
    int r = context_save(file, &diag);

    json_decref(file);
    return r ? cli_fail(cli, EXIT_FAILED, "%s", diag.text) : EXIT_DONE;
}

/* ---- list and show: never the key itself ---- */

static json_t *cmd_context_describe(const json_t *file, const char *name, const json_t *entry)
{
    const char *url = json_string_value(json_object_get(entry, "url"));
    const char *tenant = json_string_value(json_object_get(entry, "tenant"));
    const char *key = json_string_value(json_object_get(entry, "key"));

    return json_pack("{s:s, s:b, s:s, s:b, s:s?}", "name", name, "current",
                     strcmp(name, cmd_context_current(file)) == 0, "url", url ? url : "", "has_key",
                     key && *key, "tenant", tenant);
}

static void cmd_context_print(const json_t *described)
{
    (void)json_dumpf(described, stdout, JSON_COMPACT);
    (void)putchar('\n');
}

static const char *cmd_context_text(const json_t *described, const char *name)
{
    const char *text = json_string_value(json_object_get(described, name));

    return text ? text : "";
}

static int cmd_context_list_run(struct cli *cli)
{
    static const char *const titles[] = {"CURRENT", "CONTEXT", "URL", "TENANT"};
    struct table table;
    int status = EXIT_DONE;
    json_t *file = cmd_context_open(cli, NULL, &status), *entry, *described;
    const char *name;

    table_init(&table, titles, ARRAY_LEN(titles));
    json_object_foreach(cmd_context_entries(file), name, entry)
    {
        described = cmd_context_describe(file, name, entry);
        if (cli->is_json) {
            cmd_context_print(described);
        } else {
            table_add_text(&table, json_is_true(json_object_get(described, "current")) ? "*" : "");
            table_add_text(&table, name);
            table_add_text(&table, cmd_context_text(described, "url"));
            table_add_text(&table, cmd_context_text(described, "tenant"));
        }
        json_decref(described);
    }
    if (file && !cli->is_json)
        table_flush(&table);
    buf_fini(&table.cells);
    json_decref(file);
    return status;
}

static int cmd_context_show_run(struct cli *cli)
{
    struct args *a = cli->args;
    int status = EXIT_DONE;
    json_t *file = cmd_context_open(cli, a->name, &status), *described;
    const char *name = a->name ? a->name : cmd_context_current(file);

    if (!file)
        return status;
    if (!*name) {
        json_decref(file);
        return cli_fail(cli, EXIT_FAILED, "no context is in use; see `grapnel context list'");
    }
    described = cmd_context_describe(file, name, json_object_get(cmd_context_entries(file), name));
    if (cli->is_json) {
        cmd_context_print(described);
    } else {
        print_field("context", "%s", name);
        print_field("url", "%s", cmd_context_text(described, "url"));
        print_field("key", "%s", json_is_true(json_object_get(described, "has_key")) ? "set" : "-");
        print_field("tenant", "%s", cmd_context_text(described, "tenant"));
    }
    json_decref(described);
    json_decref(file);
    return EXIT_DONE;
}

/* ---- changes ---- */

static int cmd_context_add_run(struct cli *cli)
{
    struct args *a = cli->args;
    int status = EXIT_DONE;
    json_t *file, *entry;

    if (!a->name || !a->api)
        return cli_misuse(cli, "%s is missing", a->name ? "--api" : "NAME");
    file = cmd_context_open(cli, NULL, &status);
    if (!file)
        return status;
    entry = json_pack("{s:s, s:s, s:s}", "url", a->api, "key", a->key ? a->key : "", "tenant",
                      a->tenant ? a->tenant : "");
    (void)json_object_set_new(cmd_context_entries(file), a->name, entry);
    if (!entry || (!*cmd_context_current(file) &&
                   json_object_set_new(file, "current", json_string(a->name)))) {
        json_decref(file);
        return cli_misuse(cli, "expected UTF-8");
    }
    return cmd_context_save(cli, file);
}

static int cmd_context_use_run(struct cli *cli)
{
    struct args *a = cli->args;
    int status = EXIT_DONE;
    json_t *file;

    if (!a->name)
        return cli_misuse(cli, "NAME is missing");
    file = cmd_context_open(cli, a->name, &status);
    if (!file)
        return status;
    (void)json_object_set_new(file, "current", json_string(a->name));
    return cmd_context_save(cli, file);
}

static int cmd_context_remove_run(struct cli *cli)
{
    struct args *a = cli->args;
    struct diag diag = {""};
    int status = EXIT_DONE;

    if (!a->name)
        return cli_misuse(cli, "NAME is missing");
    json_decref(cmd_context_open(cli, a->name, &status));
    if (!status && context_remove(a->name, &diag))
        status = cli_fail(cli, EXIT_FAILED, "%s", diag.text);
    return status;
}

const struct command command_context_list = {
    .name = "context list",
    .arguments = "",
    .about = "List the APIs that management commands can call",
    .details = "They are in GRAPNEL_CONTEXTS, or grapnel/contexts.json in $XDG_CONFIG_HOME or "
               "~/.config. Keys are not printed.",
    .run = cmd_context_list_run,
};

const struct command command_context_add = {
    .name = "context add",
    .arguments = "NAME",
    .about = "Add or replace a context: an API's URL and a key for it",
    .options = add_options,
    .args_size = sizeof(struct args),
    .option = cmd_context_on_option,
    .run = cmd_context_add_run,
};

const struct command command_context_use = {
    .name = "context use",
    .arguments = "NAME",
    .about = "Choose the context of the commands that follow",
    .args_size = sizeof(struct args),
    .option = cmd_context_on_option,
    .run = cmd_context_use_run,
};

const struct command command_context_show = {
    .name = "context show",
    .arguments = "[NAME]",
    .about = "Show a context, or the current one",
    .args_size = sizeof(struct args),
    .option = cmd_context_on_option,
    .run = cmd_context_show_run,
};

const struct command command_context_remove = {
    .name = "context remove",
    .arguments = "NAME",
    .about = "Remove a context",
    .args_size = sizeof(struct args),
    .option = cmd_context_on_option,
    .run = cmd_context_remove_run,
};
