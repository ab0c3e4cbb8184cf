/* SPDX-License-Identifier: Apache-2.0 */
/* lines.h: reads lines from a descriptor, none longer than a cap. */
#ifndef GRAPNEL_CLI_LINES_H
#define GRAPNEL_CLI_LINES_H

#include "common/base/base.h"

struct lines {
    int fd;
    char *data; /* bytes read, not handed out yet: from @at to @end */
    size_t at, end, size;
    size_t line_max;
    uint64_t number; /* of the last line handed out, from 1 */
    bool is_at_end;
};

/* -ENOMEM. */
int lines_init(struct lines *l, int fd, size_t line_max);
void lines_fini(struct lines *l);

/* 0 and the next line without its line end, which the caller may change until the next call; or
 * LINES_END; or LINES_TOO_LONG, the line having been skipped; or negative. */
enum { LINES_END = 1, LINES_TOO_LONG };
int lines_next(struct lines *l, char **ret, size_t *ret_len);

#endif
