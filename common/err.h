/* err.h: the result convention.
 *
 * 0 is done. Negative: something broke (-errno; libuv uses the same numbers); hand it up unchanged.
 * Positive: an outcome that the one function names in its header; its caller handles it and never
 * passes it on. */
#ifndef GRAPNEL_COMMON_ERR_H
#define GRAPNEL_COMMON_ERR_H

/* Marks the place where an error begins; logs it at trace level. Returns @r. */
#define err_origin(r) err_note_((r), "origin", __FILE__, __LINE__)

/* Marks a place that hands an error up. Returns @r. */
#define err_trace(r) err_note_((r), "trace", __FILE__, __LINE__)

/* A positive outcome that the caller did not expect becomes a fault (-EPROTO); negatives stay. */
#define err_fold(r) err_fold_((r), __FILE__, __LINE__)

/* The words for a negative result, such as "Connection refused". Lends a static string. */
const char *err_text(int r);

int err_note_(int r, const char *what, const char *file, int line);
int err_fold_(int r, const char *file, int line);

#endif
