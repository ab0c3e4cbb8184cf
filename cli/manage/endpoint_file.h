/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_file.h: `grapnel endpoint add --from`: many endpoints, one JSON object a line. */
#ifndef GRAPNEL_CLI_MANAGE_ENDPOINT_FILE_H
#define GRAPNEL_CLI_MANAGE_ENDPOINT_FILE_H

#include "admin/tenant/endpoint_spec.h"

/* @path "-": standard input. The exit status. */
int endpoint_file_add(struct store *s, const struct endpoint_rules *rules, const char *path);

#endif
