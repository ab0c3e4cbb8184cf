/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manage/cli_store.h"
#include <errno.h>

int cli_store_fail(const struct store *s, int r)
{
    int status = r == -ENOTCONN || r == -ETIMEDOUT ? EXIT_UNREACHABLE : EXIT_FAILED;

    return cli_fail(cli_of(s), status, "%s", store_words(s, r));
}

int cli_store_open(struct store *s, struct cli *cli)
{
    int r = store_open(s, &cli->settings, cli);

    return r ? cli_store_fail(s, r) : EXIT_DONE;
}

int cli_store_open_any_key(struct store *s, struct cli *cli)
{
    int r = store_open_any_key(s, &cli->settings, cli);

    return r ? cli_store_fail(s, r) : EXIT_DONE;
}

int cli_store_need_key(const struct store *s)
{
    if (s->key.is_set)
        return EXIT_DONE;
    return cli_fail(cli_of(s), EXIT_FAILED,
                    "master_key: not set; secrets are kept encrypted, so expected 32 bytes in "
                    "base64 (openssl rand -base64 32) in GRAPNEL_MASTER_KEY, or a file that holds "
                    "them in GRAPNEL_MASTER_KEY_FILE");
}
