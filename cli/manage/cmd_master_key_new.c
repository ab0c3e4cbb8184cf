/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_master_key_new.c: `grapnel master-key new`. */
#include "cli/commands.h"
#include "cli/json_write.h"
#include "common/base/rng.h"
#include "common/crypto/master_key.h"
#include <stdio.h>

static int cmd_master_key_new_print_json(const struct cli *cli, const char *text)
{
    struct master_key key = {.n = 0};
    char id[KEY_ID_SIZE];
    struct buf json;
    int status;

    if (master_key_load(&key, text, "", NULL))
        return EXIT_FAILED;
    cipher_key_id(id, key.all[0].id);
    master_key_wipe(&key);
    buf_init(&json, 256);
    (void)buf_reserve(&json, 200);
    json_begin(&json, '{');
    json_put_text(&json, "id", id);
    json_put_text(&json, "key", text);
    json_end(&json, '}');
    status = cli_print_json(cli, &json);
    buf_wipe(&json);
    return status;
}

static int cmd_master_key_new_run(struct cli *cli)
{
    uint8_t bytes[sizeof(((struct cipher_key *)NULL)->bytes)];
    struct buf text;
    int status = EXIT_DONE;

    rng_bytes(bytes, sizeof(bytes));
    buf_init(&text, 64);
    buf_add_base64(&text, bytes, sizeof(bytes));
    explicit_bzero(bytes, sizeof(bytes));
    if (buf_result(&text))
        status = cli_fail(cli, EXIT_FAILED, "out of memory");
    else if (cli->is_json)
        status = cmd_master_key_new_print_json(cli, text.data);
    else if (printf("%s\n", text.data) < 0 || fflush(stdout))
        status = cli_fail(cli, EXIT_FAILED, "standard output cannot be written");
    buf_wipe(&text);
    return status;
}

const struct command command_master_key_new = {
    .name = "master-key new",
    .arguments = "",
    .about = "Make a master key and print it",
    .details = "32 random bytes in base64, for the settings master_key and master_key_file. It is "
               "kept nowhere. With --json its id is told, too.",
    .run = cmd_master_key_new_run,
};
