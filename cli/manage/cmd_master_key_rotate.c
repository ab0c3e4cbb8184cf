/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_master_key_rotate.c: `grapnel master-key rotate`. */
#include "admin/access/store_key.h"
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/cli_store.h"
#include "common/model/options.h"
#include <errno.h>
#include <stdio.h>

struct args {
    const char *id;
};

static int cmd_master_key_rotate_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    if (key != ARGP_KEY_ARG)
        return diag_set(diag, "unexpected option");
    if (strlen(value) != KEY_ID_SIZE - 1 || strspn(value, "0123456789abcdef") != KEY_ID_SIZE - 1)
        return diag_set(diag, "ID: expected the 8 hex digits that `grapnel master-key list' shows");
    return option_argument(&a->id, "ID", value, diag);
}

/* What is named when @id is to seal. Back to the key that is being replaced is allowed: then the
 * other one is. A third one has to wait, as secrets would lie under more keys than are named. */
static int plan(const struct installation_keys *now, const char *id, struct installation_keys *ret)
{
    *ret = *now;
    if (strcmp(id, installation_seals(now)) == 0)
        return 0;
    if (!*now->next) {
        (void)snprintf(ret->next, sizeof(ret->next), "%s", id);
        return 0;
    }
    if (strcmp(id, now->current) != 0)
        return -EBUSY;
    *ret = (struct installation_keys){.next = ""};
    (void)snprintf(ret->current, sizeof(ret->current), "%s", now->next);
    (void)snprintf(ret->next, sizeof(ret->next), "%s", id);
    return 0;
}

static int cmd_master_key_rotate_print(const struct cli *cli, const struct installation_keys *k)
{
    struct buf json;
    int status = EXIT_DONE;

    if (!cli->is_json) {
        if (*k->next)
            (void)printf(
                "rotating from %s to %s: the schedulers re-encrypt what is there; `grapnel "
                "master-key list' shows how far they are\n",
                k->current, k->next);
        else
            (void)printf("%s is the master key already\n", k->current);
        return status;
    }
    buf_init(&json, 256);
    json_begin(&json, '{');
    json_put_text(&json, "current", k->current);
    json_put_text(&json, "next", *k->next ? k->next : NULL);
    json_end(&json, '}');
    status = cli_print_json(cli, &json);
    buf_fini(&json);
    return status;
}

static int rotate(struct store *s, const char *id)
{
    struct installation_keys now, then;
    char ids[KEY_IDS_SIZE];
    int r = store_keys_named(s, &now);

    if (r)
        return cli_store_fail(s, r);
    master_key_ids(ids, &s->key);
    if (!master_key_has(&s->key, id))
        return cli_fail(cli_of(s), EXIT_FAILED,
                        "master_key: %s is not among what is configured (%s)", id, ids);
    if (plan(&now, id, &then))
        return cli_fail(cli_of(s), EXIT_FAILED,
                        "%s is being replaced by %s; expected that to end first", now.current,
                        now.next);
    r = store_keys_change(s, &now, &then);
    if (r == STORE_CHANGED)
        return cli_fail(cli_of(s), EXIT_FAILED,
                        "somebody else changed the key meanwhile; try again");
    return r ? cli_store_fail(s, r) : cmd_master_key_rotate_print(cli_of(s), &then);
}

static int cmd_master_key_rotate_run(struct cli *cli)
{
    const struct args *a = cli->args;
    struct store s;
    int status;

    if (!a->id)
        return cli_misuse(cli, "ID is missing");
    status = cli_store_open(&s, cli);
    if (!status)
        status = cli_store_need_key(&s);
    if (!status)
        status = rotate(&s, a->id);
    store_close(&s);
    return status;
}

const struct command command_master_key_rotate = {
    .name = "master-key rotate",
    .arguments = "ID",
    .about = "Change the master key to another one that is configured",
    .details =
        "Every program must have been started with both keys before: one that lacks a key stops. "
        "From now on secrets are encrypted under the named key, and the schedulers re-encrypt what "
        "lies under the other one; deliveries go on meanwhile. When `grapnel master-key list' "
        "shows no "
        "secrets under the old key, and it is not being replaced any more, take it out of the "
        "settings.\n\n"
        "Until then the change can be taken back by naming the old key.",
    .args_size = sizeof(struct args),
    .option = cmd_master_key_rotate_on_option,
    .run = cmd_master_key_rotate_run,
};
