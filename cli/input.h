/* SPDX-License-Identifier: Apache-2.0 */
/* input.h: reads a body from a file or from standard input, whole and bounded. */
#ifndef GRAPNEL_CLI_INPUT_H
#define GRAPNEL_CLI_INPUT_H

#include "common/base/buf.h"

/* Appends all of file @path (NULL or "-": standard input) to @ret, whose cap bounds it. Negative
 * with words that name the file. */
int input_read(struct buf *ret, const char *path, struct diag *diag);

#endif
