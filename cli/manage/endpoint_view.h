/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_view.h: an endpoint as JSON and as words; never its secrets, only how many. */
#ifndef GRAPNEL_CLI_MANAGE_ENDPOINT_VIEW_H
#define GRAPNEL_CLI_MANAGE_ENDPOINT_VIEW_H

#include "cli/cli.h"
#include "common/model/endpoint.h"

enum { ENDPOINT_JSON_MAX = 128 << 10 };

/* In force: its own, or the setting's. */
unsigned endpoint_slots(const struct cli *cli, const struct endpoint *e);

/* The members of its object, for others to add to. */
void endpoint_json(struct buf *b, const struct cli *cli, const struct endpoint *e);

/* "A,B,user.*" */
void endpoint_events(struct buf *b, const struct endpoint *e);

/* One that was added or changed, with the secret that was made (""; none), which is never shown
 * again. @what: "added". @line: of the file that it came from; 0: none. The exit status. */
int endpoint_print(struct cli *cli, const struct endpoint *e, const char *what, const char *secret,
                   uint64_t line);

#endif
