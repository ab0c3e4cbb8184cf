/* SPDX-License-Identifier: Apache-2.0 */
/* iso_time.h: times as RFC 3339 writes them. Pure. */
#ifndef GRAPNEL_COMMON_BASE_ISO_TIME_H
#define GRAPNEL_COMMON_BASE_ISO_TIME_H

#include "common/base/base.h"

enum { ISO_TIME_LEN = 24 };

/* Writes 2025-01-22T14:30:00.000Z, ISO_TIME_LEN bytes and no NUL. Years 0000 to 9999; what lies
 * outside becomes the nearest time inside. */
void iso_time_write(char *out, int64_t ms);

/* 2025-01-22T14:30:00Z, with optional fraction and ±hh:mm. Milliseconds since 1970. -EINVAL,
 * -ERANGE. */
int parse_iso_time(struct span text, int64_t *ret_ms);

#endif
