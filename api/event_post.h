/* SPDX-License-Identifier: Apache-2.0 */
/* event_post.h: calls that publish events, dealt with together: one round trip to Redis for all. */
#ifndef GRAPNEL_API_EVENT_POST_H
#define GRAPNEL_API_EVENT_POST_H

#include "admin/store/store.h"
#include "api/call.h"

enum { EVENT_POSTS_MAX = 16 };

/* May it be dealt with together with others? A small call of these may: what many of them hold together stays small. */
bool event_post_joins(const struct call *c);

/* Answers up to EVENT_POSTS_MAX such calls, whose callers were admitted. */
void event_post_many(struct call **calls, size_t n, struct store *s);

#endif
