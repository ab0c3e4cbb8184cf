/* SPDX-License-Identifier: Apache-2.0 */
/* buf.h: growable bytes with a hard cap.
 *
 * A failed append (cap reached, out of memory) marks the buffer as failed and changes nothing else;
 * later appends do nothing. So a run of appends needs one check: buf_result(). */
#ifndef GRAPNEL_COMMON_BASE_BUF_H
#define GRAPNEL_COMMON_BASE_BUF_H

#include "common/base/base.h"

struct buf {
    char *data; /* always NUL-terminated when not NULL; the NUL is not counted */
    size_t len, size, cap;
    int error; /* 0, -ENOBUFS (cap) or -ENOMEM */
};

void buf_init(struct buf *b, size_t cap);
void buf_fini(struct buf *b); /* frees; the buffer may be initialised again */
/* As buf_fini(), but the bytes are overwritten first. For a secret, buf_reserve() all its room
 * before: growing leaves copies behind. */
void buf_wipe(struct buf *b);
void buf_clear(struct buf *b); /* empties and forgets an error, keeps the memory */

void buf_add(struct buf *b, const void *data, size_t len); /* borrows @data */
void buf_add_span(struct buf *b, struct span s);
void buf_add_text(struct buf *b, const char *text);
void buf_add_char(struct buf *b, char c);
void buf_add_u64(struct buf *b, uint64_t value); /* decimal */
void buf_add_i64(struct buf *b, int64_t value);
void buf_add_hex(struct buf *b, const void *data, size_t len);    /* lower case */
void buf_add_base64(struct buf *b, const void *data, size_t len); /* standard alphabet, padded */
void buf_printf(struct buf *b, const char *format, ...) _printf_(2, 3);

/* A JSON string with its quotes; what JSON must escape is escaped, other UTF-8 stays as it is,
 * and a byte that is not UTF-8 becomes U+FFFD. */
void buf_add_json_string(struct buf *b, struct span s);

/* Milliseconds since 1970 as 2025-01-22T14:30:00.000Z. */
void buf_add_iso_time(struct buf *b, int64_t ms);

/* Room for @len more bytes, which the caller writes and then counts with buf_wrote(). NULL on
 * error. */
char *buf_reserve(struct buf *b, size_t len);
void buf_wrote(struct buf *b, size_t len);

int buf_result(const struct buf *b);       /* 0, -ENOBUFS or -ENOMEM */
struct span buf_span(const struct buf *b); /* borrowed until the next append */
char *buf_take(struct buf *b); /* gives the NUL-terminated bytes; NULL when failed; empties @b */

#endif
