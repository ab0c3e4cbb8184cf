/* SPDX-License-Identifier: Apache-2.0 */
/* tenant_view.h: a tenant as JSON and as words. */
#ifndef GRAPNEL_CLI_MANAGE_TENANT_VIEW_H
#define GRAPNEL_CLI_MANAGE_TENANT_VIEW_H

#include "cli/cli.h"
#include "common/model/tenant.h"

/* The limit in force: its own, or the setting's. 0: none. */
int64_t tenant_limit(const struct cli *cli, const struct tenant *t);
/* "100", "100 (default)", "none"; written to @ret. */
void tenant_limit_words(const struct cli *cli, const struct tenant *t, char ret[32]);

/* The members of its object, for others to add to. */
void tenant_json(struct buf *b, const struct cli *cli, const struct tenant *t);

#endif
