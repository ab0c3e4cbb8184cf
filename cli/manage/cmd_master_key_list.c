/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_master_key_list.c: `grapnel master-key list`. */
#include "admin/access/store_key.h"
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/cli_store.h"
#include "cli/table.h"
#include <stdio.h>

struct listing {
    struct store *s;
    struct installation_keys named;
    struct key_count count;
};

static const char *role(const struct listing *l, const char *id)
{
    if (*id && strcmp(id, installation_seals(&l->named)) == 0)
        return "seals";
    if (*id && strcmp(id, l->named.current) == 0)
        return "is being replaced";
    return "-";
}

static int cmd_master_key_list_print_json(const struct listing *l, unsigned i)
{
    const char *id = l->count.all[i].id;
    struct buf json;
    int status;

    buf_init(&json, 512);
    json_begin(&json, '{');
    json_put_text(&json, "id", *id ? id : NULL);
    json_put_bool(&json, "seals", strcmp(role(l, id), "seals") == 0);
    json_put_bool(&json, "isBeingReplaced", strcmp(role(l, id), "is being replaced") == 0);
    json_put_bool(&json, "configured", master_key_has(&l->s->key, id));
    json_put_i64(&json, "secrets", l->count.all[i].n);
    json_end(&json, '}');
    status = cli_print_json(cli_of(l->s), &json);
    buf_fini(&json);
    return status;
}

static void cmd_master_key_list_print_table(const struct listing *l)
{
    static const char *const titles[] = {"KEY", "STATE", "CONFIGURED", "SECRETS"};
    struct table table;

    table_init(&table, titles, ARRAY_LEN(titles));
    for (unsigned i = 0; i < l->count.n; i++) {
        const char *id = l->count.all[i].id;

        table_add_text(&table, *id ? id : "damaged");
        table_add_text(&table, role(l, id));
        table_add_text(&table, master_key_has(&l->s->key, id) ? "yes" : "no");
        table_add_i64(&table, l->count.all[i].n);
    }
    table_end(&table);
}

/* The named ones and the configured ones are told even when nothing lies under them. */
static int cmd_master_key_list_count(struct listing *l)
{
    const struct master_key *key = &l->s->key;
    char id[KEY_ID_SIZE];
    int r = store_keys_named(l->s, &l->named);

    if (r)
        return r;
    if (*l->named.current)
        key_count_add(&l->count, l->named.current, 0);
    if (*l->named.next)
        key_count_add(&l->count, l->named.next, 0);
    for (unsigned i = 0; i < key->n; i++) {
        cipher_key_id(id, key->all[i].id);
        key_count_add(&l->count, id, 0);
    }
    return store_keys_count(l->s, &l->count);
}

static int cmd_master_key_list_print(const struct listing *l)
{
    int status = EXIT_DONE;

    if (!cli_of(l->s)->is_json)
        cmd_master_key_list_print_table(l);
    for (unsigned i = 0; i < l->count.n && cli_of(l->s)->is_json && !status; i++)
        status = cmd_master_key_list_print_json(l, i);
    if (!status && l->count.n_unread)
        return cli_fail(cli_of(l->s), EXIT_FAILED,
                        "%lld records were written by another version of Grapnel, or are damaged: "
                        "their secrets are not counted",
                        (long long)l->count.n_unread);
    return status;
}

static int cmd_master_key_list_run(struct cli *cli)
{
    struct store s;
    struct listing l = {.s = &s};
    int status = cli_store_open_any_key(&s, cli), r;

    if (!status) {
        r = cmd_master_key_list_count(&l);
        status = r ? cli_store_fail(&s, r) : cmd_master_key_list_print(&l);
    }
    store_close(&s);
    return status;
}

const struct command command_master_key_list = {
    .name = "master-key list",
    .arguments = "",
    .about = "List the master keys, and how many secrets lie encrypted under each",
    .details =
        "A key that does not seal and has no secrets may be taken out of the settings. While "
        "one is being replaced (`grapnel master-key rotate') all programs need both. With --json "
        "each key is a line.",
    .run = cmd_master_key_list_run,
};
