/* SPDX-License-Identifier: Apache-2.0 */
/* source_event.h: the event that a genuine call becomes: its type, what it is told apart by, and its data. Pure.
 *
 * The data is the body, byte for byte, where that is JSON and no headers are kept; else
 *
 *     {"headers": {"x-request-id": "…"}, "body": <the JSON> | "text"}   or "body_base64" where it is no UTF-8 */
#ifndef GRAPNEL_COMMON_MODEL_INBOUND_SOURCE_EVENT_H
#define GRAPNEL_COMMON_MODEL_INBOUND_SOURCE_EVENT_H

#include "common/base/buf.h"
#include "common/model/event_check.h"
#include "common/model/inbound/source.h"

struct source_event {
    char type[EVENT_TYPE_MAX + 1];
    char key[EVENT_KEY_MAX + 1]; /* the idempotency key */
    struct span data;            /* lies in the body, or in @room */
    struct buf room;
};

/* -EINVAL with words: no type can be made of it, or it is larger than @data_max; -ENOMEM. source_event_fini() in any
 * case. Borrows the body. */
int source_event_init(struct source_event *ret, const struct source *s,
                      const struct source_call *call, size_t data_max, struct diag *diag);
void source_event_fini(struct source_event *e);

/* What a type may be, without what stands for the parts that come from the call. -EINVAL with words that begin with
 * @field. */
int source_type_check(const char *field, struct span type, struct diag *diag);

/* Is @path one that filter_path.h reads? -EINVAL with words. */
int source_path_check(const char *field, struct span path, struct diag *diag);

#endif
