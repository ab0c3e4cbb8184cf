/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_setting_set.c: `grapnel setting set`: changes settings of a tenant's webhook, all or none. */
#include "admin/tenant/endpoint_spec.h"
#include "admin/tenant/store_setting.h"
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/cli_store.h"
#include "common/model/options.h"
#include <stdio.h>

enum { SETTINGS_MAX = 20, JSON_MAX = 4096 };

struct args {
    const char *tenant;
    struct store_setting settings[SETTINGS_MAX];
    size_t n;
};

/* "webhook-timeoutMs=45000" */
static int add_setting(struct args *a, const char *text, struct diag *diag)
{
    const char *equals = strchr(text, '=');
    size_t len = equals ? (size_t)(equals - text) : strlen(text);
    const struct tenant_setting *setting = tenant_setting_find((struct span){text, len});

    if (!setting)
        return diag_set(diag,
                        "%.*s: there is no such setting; `grapnel setting list TENANT' shows all",
                        (int)MIN(len, 60u), text);
    if (!equals)
        return diag_set(diag, "%s: expected %s=VALUE", setting->name, setting->name);
    if (a->n == SETTINGS_MAX)
        return diag_set(diag, "expected at most %d settings", SETTINGS_MAX);
    a->settings[a->n++] = (struct store_setting){setting, span_of(equals + 1)};
    return 0;
}

static int cmd_setting_set_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    if (key != ARGP_KEY_ARG)
        return diag_set(diag, "unexpected option");
    return a->tenant ? add_setting(a, value, diag)
                     : option_tenant(&a->tenant, "tenant", value, diag);
}

static int cmd_setting_set_tell_done(struct cli *cli, const struct args *a,
                                     const struct tenant_webhook *w)
{
    struct buf json;
    int status;

    if (!cli->is_json) {
        (void)printf("tenant %s: %zu set\n", a->tenant, a->n);
        if (*w->made)
            (void)printf("secret %s (shown this once)\n", w->made);
        return EXIT_DONE;
    }
    buf_init(&json, JSON_MAX);
    (void)buf_reserve(&json, JSON_MAX / 2); /* growing would leave the secret behind */
    json_begin(&json, '{');
    json_put_text(&json, "tenant", a->tenant);
    json_put_text(&json, "endpoint", w->endpoint->id);
    json_put_i64(&json, "set", (int64_t)a->n);
    if (*w->made)
        json_put_text(&json, "secret", w->made);
    json_end(&json, '}');
    status = cli_print_json(cli, &json);
    buf_wipe(&json);
    return status;
}

static int cmd_setting_set_tell(struct store *s, const struct args *a,
                                const struct tenant_webhook *w, int r)
{
    switch (r) {
    case 0:
        return cmd_setting_set_tell_done(cli_of(s), a, w);
    case STORE_MISSING:
        return cli_fail(cli_of(s), EXIT_FAILED, "there is no tenant %s", a->tenant);
    case STORE_CHANGED:
        return cli_fail(cli_of(s), EXIT_FAILED, "tenant %s is being changed by others; try again",
                        a->tenant);
    case STORE_TOO_MANY:
        return cli_fail(cli_of(s), EXIT_FAILED, "tenant %s has %d endpoints, which is the most",
                        a->tenant, ENDPOINTS_PER_TENANT_MAX);
    default:
        return cli_store_fail(s, r);
    }
}

static int cmd_setting_set_set(struct store *s, const struct args *a)
{
    struct endpoint_rules rules;
    struct tenant_webhook w;
    int r, status;

    if (endpoint_rules_init(&rules, s, &s->words))
        return cli_misuse(cli_of(s), "%s", s->words.text);
    r = store_settings_put(s, span_of(a->tenant), &rules.egress, a->settings, a->n, &w);
    status = cmd_setting_set_tell(s, a, &w, r);
    store_webhook_fini(&w);
    return status;
}

static int cmd_setting_set_run(struct cli *cli)
{
    const struct args *a = cli->args;
    struct store s;
    int status;

    if (!a->tenant)
        return cli_misuse(cli, "the tenant's id is missing");
    if (!a->n)
        return cli_misuse(cli, "nothing to set: expected NAME=VALUE");
    status = cli_store_open(&s, cli);
    if (!status)
        status = cli_store_need_key(&s);
    if (!status)
        status = cmd_setting_set_set(&s, a);
    store_close(&s);
    return status;
}

const struct command command_setting_set = {
    .name = "setting set",
    .arguments = "TENANT NAME=VALUE…",
    .about = "Change settings of a tenant's webhook, all that are named or none",
    .details =
        "The first change makes the endpoint that the settings are about, which is not active "
        "until "
        "webhook-isActive=true. An empty value gives a setting back to its default. A change that "
        "was answered holds for every attempt that begins later. A secret that was made is shown "
        "this once.",
    .args_size = sizeof(struct args),
    .option = cmd_setting_set_on_option,
    .run = cmd_setting_set_run,
};
