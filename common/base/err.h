/* SPDX-License-Identifier: Apache-2.0 */
/* err.h: the result convention.
 *
 * 0 is done. Negative: something broke (-errno; libuv uses the same numbers); hand it up unchanged.
 * Positive: an outcome that the one function names in its header; its caller handles it and never
 * passes it on. */
#ifndef GRAPNEL_COMMON_BASE_ERR_H
#define GRAPNEL_COMMON_BASE_ERR_H

#include <errno.h>

/* Marks the place where an error begins; logs it at trace level. Returns @r. */
#define err_origin(r) err_passes_((r), "origin", __FILE__, __LINE__)

/* Marks a place that hands an error up. Returns @r. */
#define err_trace(r) err_passes_((r), "trace", __FILE__, __LINE__)

/* A positive outcome that the caller did not expect becomes a fault (-EPROTO); negatives stay. */
#define err_fold(r) err_fold_((r), __FILE__, __LINE__)

/* The words for a negative result, such as "Connection refused". Lends a static string. */
const char *err_text(int r);

void err_note_(int r, const char *what, const char *file, int line);
void err_unexpected_(int r, const char *file, int line);

/* Inline, so that compilers and analysers see that @r comes out as it went in. */
static inline int err_passes_(int r, const char *what, const char *file, int line)
{
    err_note_(r, what, file, line);
    return r;
}

static inline int err_fold_(int r, const char *file, int line)
{
    if (r <= 0)
        return err_passes_(r, "fold", file, line);
    err_unexpected_(r, file, line);
    return -EPROTO;
}

#endif
