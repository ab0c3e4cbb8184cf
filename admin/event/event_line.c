/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/event/event_line.h"
#include "common/base/text.h"
#include "common/json/json_scan.h"
#include <errno.h>
#include <jansson.h>

enum member {
    TENANT,
    TYPE,
    DATA,
    ID,
    TIME,
    TRACE,
    KEY,
    TRACEPARENT,
    TRACESTATE,
    ENDPOINT,
    N_MEMBERS
};

static const char *const names[N_MEMBERS] = {
    [TENANT] = "tenant",
    [TYPE] = "type",
    [DATA] = "data",
    [ID] = "id",
    [TIME] = "time",
    [TRACE] = "trace",
    [KEY] = "idempotency_key",
    [TRACEPARENT] = "traceparent",
    [TRACESTATE] = "tracestate",
    [ENDPOINT] = "endpoint",
};

static int find_member(struct span name)
{
    if (span_equal(name, SPAN("idempotencyKey")))
        return KEY;
    for (int i = 0; i < N_MEMBERS; i++)
        if (span_equal(name, span_of(names[i])))
            return i;
    return -1;
}

static int event_line_collect(struct span values[N_MEMBERS], struct span text, struct diag *diag)
{
    struct json_walk walk;
    struct span name, value;
    enum json_kind kind;
    int member;

    for (json_walk_begin(&walk, text); json_walk_next(&walk, &name, &value);) {
        member = find_member(name);
        if (member < 0)
            return diag_set(diag,
                            "%.*s: unknown member; expected tenant, type, data, id, time, trace, "
                            "idempotency_key, traceparent, tracestate, endpoint",
                            (int)MIN(name.len, 40u), name.data);
        if (values[member].data)
            return diag_set(diag, "%s: given twice", names[member]);
        values[member] = json_value(value, &kind);
    }
    return 0;
}

static bool is_null(struct span value)
{
    return !value.data || span_equal(value, SPAN("null"));
}

/* Resolves the escapes of a JSON text in place: they never get longer. */
static int unescape(char *text, size_t *len, const char *name, struct diag *diag)
{
    json_t *decoded = json_loadb(text - 1, *len + 2, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

    if (!decoded)
        return diag_set(diag, "%s: an escape in it cannot be decoded", name);
    *len = json_string_length(decoded);
    memcpy(text, json_string_value(decoded), *len);
    json_decref(decoded);
    return 0;
}

/* @value is within @line: the text's end, where its closing quote is, becomes a NUL. */
static int event_line_take_text(char *line, struct span whole, struct span value, const char *name,
                                const char **ret, struct diag *diag)
{
    char *text = line + (value.data - whole.data) + 1;
    size_t len = value.len - 2;
    int r;

    if (*value.data != '"')
        return diag_set(diag, "%s: expected a text in quotes", name);
    if (memchr(text, '\\', len)) {
        r = unescape(text, &len, name, diag);
        if (r)
            return r;
    }
    if (memchr(text, '\0', len))
        return diag_set(diag, "%s: holds a zero byte", name);
    text[len] = '\0';
    *ret = text;
    return 0;
}

int event_time_parse(struct span text, int64_t *ret_ms)
{
    if (parse_i64(text, ret_ms) && parse_iso_time(text, ret_ms))
        return -EINVAL;
    return *ret_ms > 0 ? 0 : -EINVAL;
}

static int event_line_take_time(struct span value, int64_t *ret_ms, struct diag *diag)
{
    struct span text = value;

    if (*value.data == '"')
        text = (struct span){value.data + 1, value.len - 2};
    if (event_time_parse(text, ret_ms) == 0)
        return 0;
    return diag_set(diag, "time: expected milliseconds since 1970, or a text such as "
                          "\"2025-01-22T14:30:00Z\"");
}

int event_line_take(char *line, size_t len, struct grapnel_event *ret, struct diag *diag)
{
    struct span whole = {line, len}, values[N_MEMBERS] = {{0}};
    struct grapnel_event e = {0};
    const struct {
        enum member member;
        const char **value;
    } texts[] = {
        {TENANT, &e.tenant},         {TYPE, &e.type},           {ID, &e.id},
        {TRACE, &e.trace_id},        {KEY, &e.idempotency_key}, {TRACEPARENT, &e.traceparent},
        {TRACESTATE, &e.tracestate}, {ENDPOINT, &e.endpoint}};
    enum json_kind kind;

    (void)json_value(whole, &kind);
    if (kind != JSON_KIND_OBJECT)
        return diag_set(diag, "expected a JSON object");
    if (event_line_collect(values, whole, diag))
        return -EINVAL;
    if (!is_null(values[TIME]) && event_line_take_time(values[TIME], &e.occurred_ms, diag))
        return -EINVAL;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (!is_null(values[texts[i].member]) &&
            event_line_take_text(line, whole, values[texts[i].member], names[texts[i].member],
                                 texts[i].value, diag))
            return -EINVAL;
    e.data = values[DATA].data; /* null is data, too */
    e.data_len = values[DATA].len;
    *ret = e;
    return 0;
}

int event_line_parse(char *line, size_t len, struct grapnel_event *ret, struct diag *diag)
{
    return json_check((struct span){line, len}, diag) ? -EINVAL
                                                      : event_line_take(line, len, ret, diag);
}
