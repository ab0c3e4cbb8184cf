/* SPDX-License-Identifier: Apache-2.0 */
/* cli_store.h: a command's store: what goes wrong is told, and becomes an exit status. */
#ifndef GRAPNEL_CLI_MANAGE_CLI_STORE_H
#define GRAPNEL_CLI_MANAGE_CLI_STORE_H

#include "admin/store/store.h"
#include "cli/cli.h"

/* An exit status, told. store_close() in any case. */
int cli_store_open(struct store *s, struct cli *cli);
int cli_store_open_any_key(struct store *s, struct cli *cli);

/* For commands that seal secrets: an exit status, told, when no master key is configured. */
int cli_store_need_key(const struct store *s);

/* Tells why a call failed; returns the exit status. */
int cli_store_fail(const struct store *s, int r);

/* The command that opened it. */
static inline struct cli *cli_of(const struct store *s)
{
    return s->owner;
}

#endif
