/* SPDX-License-Identifier: Apache-2.0 */
/* event_line.h: one JSON object → one event: a line of a file, or a body for the API.
 *
 *     {"tenant": "123", "type": "USER_CREATED", "data": {…},
 *      "id": "…", "time": 1737556200000, "trace": "…", "idempotency_key": "…",
 *      "traceparent": "…", "tracestate": "…", "endpoint": "…"}
 *
 * `data` is taken out as it stands, byte for byte; `time` may be a text such as
 * "2025-01-22T14:30:00Z" too; `idempotencyKey` is the same as `idempotency_key`. What is null counts as
 * left out. */
#ifndef GRAPNEL_ADMIN_EVENT_EVENT_LINE_H
#define GRAPNEL_ADMIN_EVENT_EVENT_LINE_H

#include "common/base/base.h"
#include <grapnel.h>

/* Changes @line, into which the event then points. -EINVAL with words: no JSON object, an unknown
 * or doubled member, a member of another kind than expected. The values are judged by the library.
 */
int event_line_parse(char *line, size_t len, struct grapnel_event *ret, struct diag *diag);
/* The same for what has passed json_check() already, as part of a larger text. */
int event_line_take(char *line, size_t len, struct grapnel_event *ret, struct diag *diag);

/* "1737556200000" or "2025-01-22T14:30:00Z". -EINVAL. */
int event_time_parse(struct span text, int64_t *ret_ms);

#endif
