/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/event_check.h"
#include "common/base/text.h"
#include "common/json/json_scan.h"
#include <errno.h>

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_id_char(char c)
{
    return is_alnum(c) || c == '_' || c == '-';
}

static bool is_name_char(char c)
{
    return is_id_char(c) || c == '.' || c == ':';
}

static bool event_check_is_key_char(char c)
{
    return c > ' ' && c <= '~';
}

static bool is_trace_char(char c)
{
    return c >= ' ' && c <= '~';
}

/* What one field of text may be. */
struct rule {
    const char *field;
    size_t max;
    bool (*fits)(char c);
    const char *alphabet; /* the same in words */
};

static const struct rule tenant_rule = {"tenant", EVENT_TENANT_MAX, is_name_char,
                                        "A-Z a-z 0-9 _ - . :"};
static const struct rule type_rule = {"type", EVENT_TYPE_MAX, is_name_char, "A-Z a-z 0-9 _ - . :"};
static const struct rule id_rule = {"id", EVENT_ID_MAX, is_id_char, "A-Z a-z 0-9 _ -"};
static const struct rule endpoint_rule = {"endpoint", EVENT_ID_MAX, is_id_char, "A-Z a-z 0-9 _ -"};
static const struct rule trace_rule = {"trace", EVENT_TRACE_MAX, is_trace_char, "printable ASCII"};
static const struct rule key_rule = {"idempotency key", EVENT_KEY_MAX, event_check_is_key_char,
                                     "printable ASCII without spaces"};

static int refuse_byte(const struct rule *rule, struct span value, size_t at, struct diag *diag)
{
    return diag_set(diag, "%s: byte 0x%02x at position %zu; expected 1 to %zu of %s", rule->field,
                    (unsigned char)value.data[at], at + 1, rule->max, rule->alphabet);
}

static int event_check_text(const struct rule *rule, struct span value, struct diag *diag)
{
    if (value.len == 0)
        return diag_set(diag, "%s: empty; expected 1 to %zu of %s", rule->field, rule->max,
                        rule->alphabet);
    if (value.len > rule->max)
        return diag_set(diag, "%s: %zu bytes; expected 1 to %zu of %s", rule->field, value.len,
                        rule->max, rule->alphabet);
    for (size_t i = 0; i < value.len; i++)
        if (!rule->fits(value.data[i]))
            return refuse_byte(rule, value, i, diag);
    return 0;
}

static int check_required(const struct rule *rule, struct span value, struct diag *diag)
{
    if (!value.data)
        return diag_set(diag, "%s: missing; expected 1 to %zu of %s", rule->field, rule->max,
                        rule->alphabet);
    return event_check_text(rule, value, diag);
}

static int check_optional(const struct rule *rule, struct span value, struct diag *diag)
{
    return value.data ? event_check_text(rule, value, diag) : 0;
}

static int check_time(struct span value, struct diag *diag)
{
    uint64_t ms;

    if (!value.data)
        return 0;
    if (parse_u64(value, &ms) || ms == 0 || ms > (uint64_t)EVENT_TIME_MAX)
        return diag_set(diag, "time: expected milliseconds since 1970 in decimal digits, 1 to %lld",
                        (long long)EVENT_TIME_MAX);
    return 0;
}

static int check_data(struct span value, size_t max, struct diag *diag)
{
    struct diag json;

    if (!value.data)
        return diag_set(diag, "data: missing; expected one JSON value");
    if (value.len > max)
        return diag_set(diag, "data: %zu bytes; expected at most %zu", value.len, max);
    if (json_check(value, &json))
        return diag_set(diag, "data: not JSON: %.120s", json.text);
    return 0;
}

static int event_check_length(const char *field, struct span value, struct diag *diag)
{
    if (value.len <= EVENT_TRACE_CONTEXT_MAX)
        return 0;
    return diag_set(diag, "%s: %zu bytes; expected at most %d", field, value.len,
                    EVENT_TRACE_CONTEXT_MAX);
}

int event_check(const struct event_fields *e, size_t data_max, struct diag *diag)
{
    if (check_required(&tenant_rule, e->tenant, diag) ||
        check_required(&type_rule, e->type, diag) || check_optional(&id_rule, e->id, diag) ||
        check_time(e->time, diag) || check_optional(&trace_rule, e->trace, diag) ||
        event_check_length("traceparent", e->traceparent, diag) ||
        event_check_length("tracestate", e->tracestate, diag) ||
        check_optional(&endpoint_rule, e->endpoint, diag) ||
        check_optional(&key_rule, e->key, diag))
        return -EINVAL;
    return check_data(e->data, data_max, diag);
}

bool event_type_is_own(struct span type)
{
    static const struct span own = {"grapnel.", 8};

    return type.len >= own.len && memcmp(type.data, own.data, own.len) == 0;
}
