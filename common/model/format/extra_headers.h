/* SPDX-License-Identifier: Apache-2.0 */
/* extra_headers.h: headers that an endpoint wants sent besides its dialect's. Pure. */
#ifndef GRAPNEL_COMMON_MODEL_FORMAT_EXTRA_HEADERS_H
#define GRAPNEL_COMMON_MODEL_FORMAT_EXTRA_HEADERS_H

#include "common/base/base.h"
#include "common/base/buf.h"

enum { EXTRA_HEADERS_MAX = 20, EXTRA_HEADER_NAME_MAX = 64, EXTRA_HEADER_VALUE_MAX = 1024 };

/* A JSON object of texts → lines "Name: value", each ended by NUL, appended to @ret. Refused with words
 * that name the header (-EINVAL): what is no token (RFC 9110 5.6.2), names that belong to the connection,
 * to the message or to us, names that come twice, values that are not printable ASCII. */
int extra_headers_parse(struct buf *ret, struct span json, struct diag *diag);

/* Does one of @lines have header @name, in whatever case? */
bool extra_headers_have(struct span lines, const char *name);

#endif
