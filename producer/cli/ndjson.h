/* ndjson.h: one line of JSON → one event.
 *
 *     {"tenant": "123", "type": "USER_CREATED", "data": {…},
 *      "id": "…", "time": 1737556200000, "trace": "…", "idempotencyKey": "…",
 *      "traceparent": "…", "tracestate": "…", "endpoint": "…"}
 *
 * `data` is taken out as it stands, byte for byte; `time` may be a text such as
 * "2025-01-22T14:30:00Z" too. What is null counts as left out. */
#ifndef GRAPNEL_PRODUCER_CLI_NDJSON_H
#define GRAPNEL_PRODUCER_CLI_NDJSON_H

#include "common/base.h"
#include "producer/include/grapnel.h"

/* Changes @line, into which the event then points. -EINVAL with words: no JSON object, an unknown
 * or doubled member, a member of another kind than expected. The values are judged by the library.
 */
int ndjson_parse(char *line, size_t len, struct grapnel_event *ret, struct diag *diag);

/* "1737556200000" or "2025-01-22T14:30:00Z". -EINVAL. */
int event_time_parse(struct span text, int64_t *ret_ms);

#endif
