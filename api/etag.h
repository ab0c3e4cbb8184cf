/* SPDX-License-Identifier: Apache-2.0 */
/* etag.h: which version of a thing a change is about (RFC 9110, 8.8.3 and 13.1.1): a strong tag of the bytes that lie in
 * Redis, so that it changes with every change, whoever made it, and with nothing else. */
#ifndef GRAPNEL_API_ETAG_H
#define GRAPNEL_API_ETAG_H

#include "api/call.h"

enum { ETAG_SIZE = 35 }; /* 32 hex digits in quotes, NUL */

/* Pure. */
void etag_of(char ret[ETAG_SIZE], struct span record);
/* Is @etag among those of a field If-Match, or is that "*"? A weak tag is none; nor is what has no right form, from
 * there on. Pure. */
bool etag_fits(const char *if_match, const char *etag);

/* Tells the tag with the answer; after the last call_json(). */
void etag_tell(struct call *c, struct span record);
/* 0: the call says no version, or this one. -EINVAL, and answered with 412. */
int etag_check(struct call *c, struct span record);

#endif
