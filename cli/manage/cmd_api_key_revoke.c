/* cmd_api_key_revoke.c: `grapnel api-key revoke`. */
#include "admin/access/store_api_key.h"
#include "cli/commands.h"
#include "cli/manage/cli_store.h"
#include "common/model/options.h"
#include <stdio.h>

struct args {
    const char *id;
};

static int cmd_api_key_revoke_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    if (key != ARGP_KEY_ARG)
        return diag_set(diag, "unexpected option");
    return option_argument(&a->id, "key", value, diag);
}

static int cmd_api_key_revoke_print(struct cli *cli, const struct api_key *k)
{
    struct buf json;
    int status;

    if (!cli->is_json) {
        (void)printf("key %s revoked\n", k->id);
        return EXIT_DONE;
    }
    buf_init(&json, 256);
    buf_printf(&json, "{\"id\":\"%s\",\"revoked\":true}", k->id);
    status = cli_print_json(cli, &json);
    buf_fini(&json);
    return status;
}

static int take_back(struct store *s, const char *id)
{
    struct api_key k;
    int r = store_api_key_get(s, span_of(id), &k);

    r = r ? r : store_api_key_remove(s, &k);
    if (r == STORE_MISSING)
        return cli_fail(cli_of(s), EXIT_FAILED,
                        "there is no such key; expected its id as `grapnel api-key list' shows it");
    return r ? cli_store_fail(s, r) : cmd_api_key_revoke_print(cli_of(s), &k);
}

static int cmd_api_key_revoke_run(struct cli *cli)
{
    const struct args *a = cli->args;
    struct store s;
    int status;

    if (!a->id)
        return cli_misuse(cli, "the key's id is missing");
    status = cli_store_open(&s, cli);
    if (!status)
        status = take_back(&s, a->id);
    store_close(&s);
    return status;
}

const struct command command_api_key_revoke = {
    .name = "api-key revoke",
    .arguments = "ID",
    .about = "Take a key for the API back, at once",
    .details =
        "From the moment that this is answered no call with it is accepted. ID is the part in "
        "front of the secret: gk_ and a UUID.",
    .args_size = sizeof(struct args),
    .option = cmd_api_key_revoke_on_option,
    .run = cmd_api_key_revoke_run,
};
