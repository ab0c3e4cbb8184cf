/* SPDX-License-Identifier: Apache-2.0 */
/* text.h: text to values, strictly: the whole input must fit the form, or it is refused. */
#ifndef GRAPNEL_COMMON_BASE_TEXT_H
#define GRAPNEL_COMMON_BASE_TEXT_H

#include "common/base/base.h"
#include "common/base/iso_time.h" /* parse_iso_time() */

/* Decimal digits only, no sign, no space. -EINVAL, -ERANGE. */
int parse_u64(struct span text, uint64_t *ret);

/* An optional '-', then decimal digits. -EINVAL, -ERANGE. */
int parse_i64(struct span text, int64_t *ret);

/* "250ms", "30s", "5m", "2h", "7d"; a bare number is milliseconds. -EINVAL, -ERANGE. */
int parse_duration_ms(struct span text, int64_t *ret);

/* "16384", "16KiB", "1MiB", "1GiB". -EINVAL, -ERANGE. */
int parse_bytes(struct span text, uint64_t *ret);

/* "true", "false", "1", "0", "yes", "no", "on", "off". -EINVAL. */
int parse_bool(struct span text, bool *ret);

/* Either case; @ret holds at least text.len / 2 bytes. -EINVAL. */
int parse_hex(struct span text, uint8_t *ret, size_t *ret_len);

/* Standard alphabet, padding required; @ret holds at least text.len / 4 * 3 bytes. -EINVAL. */
int parse_base64(struct span text, uint8_t *ret, size_t *ret_len);
/* The alphabet for URLs, no padding (RFC 7515); @ret holds at least text.len bytes. -EINVAL. */
int parse_base64url(struct span text, uint8_t *ret, size_t *ret_len);

/* Bytes of the well-formed UTF-8 character (RFC 3629: no surrogate, no overlong form) that @text
 * begins with; 0 if there is none. */
size_t utf8_char(struct span text);
bool text_is_utf8(struct span text); /* nothing but such characters */

/* A name that may stand in a Redis key and a log line: 1 to @max of A-Z a-z 0-9 _ - . : */
bool text_is_name(struct span text, size_t max);

/* Gives a copy that ends with NUL; NULL when out of memory. */
char *text_copy(struct span text);

/* Compares in time that depends on the lengths only. */
bool equal_secret(struct span a, struct span b);

#endif
