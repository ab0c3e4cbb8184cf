/* SPDX-License-Identifier: Apache-2.0 */
/* http_date.h: the three forms of a date in HTTP headers (RFC 9110 5.6.7). Pure. */
#ifndef GRAPNEL_COMMON_BASE_HTTP_DATE_H
#define GRAPNEL_COMMON_BASE_HTTP_DATE_H

#include "common/base/base.h"

/* Seconds since 1970; false for anything else than exactly such a date. @now_wall_ms tells which
 * century a year of two digits is in. The weekday's name need not be the right one. */
bool http_date_parse(struct span text, int64_t now_wall_ms, int64_t *ret_s);

#endif
