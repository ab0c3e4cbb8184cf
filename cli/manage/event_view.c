/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manage/event_view.h"
#include "cli/json_write.h"
#include "common/redis/redis_client.h"

void event_fields_json(struct buf *b, const redisReply *fields, size_t first)
{
    struct span name, value;

    json_key(b, "fields");
    json_begin(b, '[');
    for (size_t i = first; redis_reply_span(redis_reply_at(fields, i), &name) &&
                           redis_reply_span(redis_reply_at(fields, i + 1), &value);
         i += 2) {
        struct span shown = {value.data, MIN(value.len, (size_t)FIELD_JSON_BYTES)};

        json_begin(b, '{');
        json_put_span(b, "name", name);
        json_put_span(b, "value", shown);
        json_put_bool(b, "truncated", shown.len < value.len);
        json_end(b, '}');
    }
    json_end(b, ']');
}
