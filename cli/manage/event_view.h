/* SPDX-License-Identifier: Apache-2.0 */
/* event_view.h: stored events as JSON. */
#ifndef GRAPNEL_CLI_MANAGE_EVENT_VIEW_H
#define GRAPNEL_CLI_MANAGE_EVENT_VIEW_H

#include "common/base/buf.h"
#include <hiredis/hiredis.h>

enum {
    EVENT_JSON_MAX = 128 << 20,
    FIELD_JSON_BYTES = 16 << 10, /* of a field's value that is shown */
};

/* The member `fields` of @fields ([field, value, …]), which may hold anything: an array of
 * {name, value, truncated}, from element @first on. */
void event_fields_json(struct buf *b, const redisReply *fields, size_t first);

#endif
