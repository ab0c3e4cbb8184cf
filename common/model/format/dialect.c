/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/format/dialect.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

#define OUR_USER_AGENT "Grapnel/" GRAPNEL_VERSION_TEXT

/* An array member of a row and its count, from the same list. */
#define FILL(member, count, type, ...)                                                             \
    .member = {__VA_ARGS__}, .count = sizeof((type[]){__VA_ARGS__}) / sizeof(type)
#define HEADERS(...) FILL(headers, n_headers, struct dialect_header, __VA_ARGS__)
#define DELAYS(...) FILL(delays_ms, n_delays, int64_t, __VA_ARGS__)
#define PREFIX(text)                                                                               \
    .header_prefix = text, .id_header = {text "Id", VALUE_DELIVERY_ID},                            \
    .timestamp_header = {text "Timestamp", VALUE_TIMESTAMP_S}
#define STATUSES(...) FILL(statuses, n_statuses, struct dialect_status, __VA_ARGS__)

static const struct dialect dialects[] = {
#define DIALECT(name_, ...) {.name = (name_), __VA_ARGS__},
#include "common/model/format/dialect.def"
#undef DIALECT
};

/* ", royalti, simple, …" */
static const char names[] =
#define DIALECT(name_, ...) ", " name_
#include "common/model/format/dialect.def"
#undef DIALECT
    ;

const struct dialect *dialect_at(size_t index)
{
    return index < ARRAY_LEN(dialects) ? &dialects[index] : NULL;
}

const struct dialect *dialect_find(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(dialects); i++)
        if (span_equal(name, span_of(dialects[i].name)))
            return &dialects[i];
    return NULL;
}

const char *dialect_names(void)
{
    return names + 2;
}

void dialect_header_name(struct buf *ret, const struct dialect *d, const char *name)
{
    if (d->own_prefix) {
        buf_add_text(ret, d->own_prefix);
        name += strlen(d->header_prefix);
    }
    buf_add_text(ret, name);
}
