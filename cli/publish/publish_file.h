/* SPDX-License-Identifier: Apache-2.0 */
/* publish_file.h: `grapnel publish` for many events: one JSON object a line, sent in batches. */
#ifndef GRAPNEL_CLI_PUBLISH_PUBLISH_FILE_H
#define GRAPNEL_CLI_PUBLISH_PUBLISH_FILE_H

#include "cli/cli.h"

/* @path NULL or "-": standard input. @resume: the resume file, NULL for none. The exit status. */
int publish_file(struct cli *cli, struct grapnel *g, const char *path, const char *resume);

#endif
