/* cmd_api_key_add.c: `grapnel api-key add`. */
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/api_key_view.h"
#include "cli/manage/cli_store.h"
#include "common/base/text.h"
#include "common/model/options.h"
#include <openssl/crypto.h>
#include <stdio.h>

struct args {
    const char *tenant, *name;
    enum role role; /* ROLE_NONE: not given */
    int64_t lasts_ms;
};

enum { OPT_TENANT = OPTION_FIRST, OPT_ROLE, OPT_NAME, OPT_EXPIRES };

static const struct argp_option options[] = {
    {"tenant", OPT_TENANT, "ID", 0, "Whose it is (default: an operator's, for all tenants)", 0},
    {"role", OPT_ROLE, "ROLE", 0,
     "What it may do: admin (everything of the tenant), read, or publish (only publish events); "
     "operator goes without --tenant",
     0},
    {"name", OPT_NAME, "TEXT", 0, "What it is for", 0},
    {"expires", OPT_EXPIRES, "DURATION", 0, "How long it is valid (default: until it is revoked)",
     0},
    {0},
};

static int cmd_api_key_add_take_role(enum role *ret, const char *value, struct diag *diag)
{
    *ret = role_of_name(span_of(value));
    if (*ret != ROLE_NONE)
        return 0;
    return diag_set(diag, "--role: expected operator, admin, read or publish, not \"%.48s\"",
                    value);
}

static int cmd_api_key_add_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    switch (key) {
    case OPT_TENANT:
        return option_tenant(&a->tenant, "--tenant", value, diag);
    case OPT_ROLE:
        return cmd_api_key_add_take_role(&a->role, value, diag);
    case OPT_NAME:
        return option_words(&a->name, "--name", value, API_KEY_NAME_MAX, diag);
    case OPT_EXPIRES:
        if (option_any_duration(&a->lasts_ms, "--expires", value, diag))
            return -EINVAL;
        return a->lasts_ms > 0 ? 0 : diag_set(diag, "--expires: expected more than 0");
    default:
        return diag_set(diag, "unexpected option");
    }
}

static int cmd_api_key_add_print(struct cli *cli, const struct api_key *k, const char *text)
{
    struct buf json;
    int status = EXIT_DONE;

    if (!cli->is_json) {
        (void)printf("%s\n", text);
        (void)fprintf(stderr, "This is all that will ever be seen of it: keep it.\n");
        return EXIT_DONE;
    }
    buf_init(&json, API_KEY_JSON_MAX);
    (void)buf_reserve(&json, API_KEY_JSON_MAX / 2); /* so that it does not move, as it is wiped */
    json_begin(&json, '{');
    api_key_json(&json, k);
    json_put_text(&json, "key", text);
    json_end(&json, '}');
    status = cli_print_json(cli, &json);
    buf_wipe(&json);
    return status;
}

static int cmd_api_key_add_make(struct store *s, const struct args *a, struct api_key *k,
                                char *text)
{
    int64_t now_ms = 0;
    int r = a->lasts_ms ? store_now_ms(s, &now_ms) : 0;

    if (a->lasts_ms)
        k->expires_ms = now_ms + a->lasts_ms;
    return r ? r : store_api_key_add(s, k, text);
}

static int cmd_api_key_add_add(struct store *s, const struct args *a)
{
    struct api_key k = {.role = a->role};
    char text[API_KEY_TEXT_SIZE];
    int r, status;

    (void)snprintf(k.name, sizeof(k.name), "%s", a->name);
    (void)snprintf(k.tenant, sizeof(k.tenant), "%s", a->tenant ? a->tenant : "");
    r = cmd_api_key_add_make(s, a, &k, text);
    if (r == STORE_NO_TENANT)
        status = cli_fail(cli_of(s), EXIT_FAILED, "--tenant: there is no tenant %s", a->tenant);
    else if (r == STORE_TOO_MANY)
        status = cli_fail(cli_of(s), EXIT_FAILED, "there are %d keys, as many as there may be",
                          API_KEYS_MAX);
    else
        status = r ? cli_store_fail(s, r) : cmd_api_key_add_print(cli_of(s), &k, text);
    OPENSSL_cleanse(text, sizeof(text));
    return status;
}

static int cmd_api_key_add_run(struct cli *cli)
{
    const struct args *a = cli->args;
    struct store s;
    int status;

    if (!a->name || !*a->name)
        return cli_misuse(cli, "--name is missing: what the key is for");
    if (a->role == ROLE_NONE)
        return cli_misuse(cli, "--role is missing: operator, admin, read or publish");
    if ((a->role == ROLE_OPERATOR) == (a->tenant != NULL))
        return cli_misuse(cli, "--role: operators are of no tenant, all others need --tenant");
    status = cli_store_open(&s, cli);
    if (!status)
        status = cmd_api_key_add_add(&s, a);
    store_close(&s);
    return status;
}

const struct command command_api_key_add = {
    .name = "api-key add",
    .arguments = "",
    .about = "Make a key for the API",
    .details =
        "Prints the key, this once: the store has no more than a digest of it. A tenant has at "
        "most 100 keys, and so have the operators.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_api_key_add_on_option,
    .run = cmd_api_key_add_run,
};
