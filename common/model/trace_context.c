/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/trace_context.h"
#include "common/base/rng.h"

enum { TRACE_AT = 3, TRACE_LEN = 32, SPAN_AT = 36, SPAN_LEN = 16, FLAGS_AT = 53, FLAGS_LEN = 2 };

/* ---- traceparent ---- */

static bool trace_context_is_hex(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
            return false;
    return true;
}

static bool is_id(const char *text, size_t len)
{
    return trace_context_is_hex(text, len) && strspn(text, "0") < len;
}

int traceparent_check(struct span traceparent, struct diag *diag)
{
    char text[TRACEPARENT_LEN + 1] = "";

    if (traceparent.len != TRACEPARENT_LEN || memchr(traceparent.data, '\0', traceparent.len))
        return diag_set(diag, "traceparent: %zu bytes; expected %d, as 00-<32 hex digits>-<16>-<2>",
                        traceparent.len, TRACEPARENT_LEN);
    memcpy(text, traceparent.data, traceparent.len);
    if (strncmp(text, "00-", 3) != 0)
        return diag_set(diag, "traceparent: expected version 00 (00-…)");
    if (text[SPAN_AT - 1] != '-' || text[FLAGS_AT - 1] != '-' ||
        !trace_context_is_hex(text + FLAGS_AT, FLAGS_LEN) || !is_id(text + TRACE_AT, TRACE_LEN) ||
        !is_id(text + SPAN_AT, SPAN_LEN))
        return diag_set(diag,
                        "traceparent: expected 00-<32 hex digits>-<16>-<2> in lower case, no id "
                        "all zeros");
    return 0;
}

void traceparent_next(char ret[TRACEPARENT_LEN + 1], struct span traceparent)
{
    uint8_t span[SPAN_LEN / 2] = {0};
    char *at = ret + SPAN_AT;

    rng_bytes(span, sizeof(span));
    span[0] |= span[0] ? 0 : 1; /* never all zeros */
    memcpy(ret, traceparent.data, TRACEPARENT_LEN);
    for (size_t i = 0; i < sizeof(span); i++, at += 2) {
        at[0] = "0123456789abcdef"[span[i] >> 4];
        at[1] = "0123456789abcdef"[span[i] & 15];
    }
    ret[TRACEPARENT_LEN] = '\0';
}

/* ---- tracestate ---- */

static bool trace_context_is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("_-*/@", c));
}

static bool trace_context_is_key(struct span key)
{
    if (key.len == 0 || key.len > 256 || strchr("_-*/@", key.data[0]))
        return false;
    for (size_t i = 0; i < key.len; i++)
        if (!trace_context_is_key_char(key.data[i]))
            return false;
    return true;
}

static bool is_value(struct span value)
{
    if (value.len == 0 || value.len > 256)
        return false;
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] < ' ' || value.data[i] > '~' || value.data[i] == '=')
            return false;
    return true;
}

static struct span trace_context_trim(struct span s)
{
    while (s.len && (s.data[0] == ' ' || s.data[0] == '\t'))
        s = (struct span){s.data + 1, s.len - 1};
    while (s.len && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* "vendor=value"; the specification lets members be empty. */
static bool is_member(struct span member)
{
    const char *equals;
    size_t len;

    if (member.len == 0)
        return true;
    equals = memchr(member.data, '=', member.len);
    if (!equals)
        return false;
    len = (size_t)(equals - member.data);
    return trace_context_is_key((struct span){member.data, len}) &&
           is_value((struct span){equals + 1, member.len - len - 1});
}

int tracestate_check(struct span tracestate, struct diag *diag)
{
    struct span rest = tracestate;
    unsigned n = 0;

    if (tracestate.len == 0 || tracestate.len > TRACESTATE_MAX)
        return diag_set(diag, "tracestate: %zu bytes; expected 1 to %d", tracestate.len,
                        TRACESTATE_MAX);
    while (rest.data) {
        const char *comma = memchr(rest.data, ',', rest.len);
        size_t len = comma ? (size_t)(comma - rest.data) : rest.len;

        if (++n > TRACESTATE_MEMBERS_MAX ||
            !is_member(trace_context_trim((struct span){rest.data, len})))
            return diag_set(diag,
                            "tracestate: member %u: expected at most %d of vendor=value, with "
                            "commas between",
                            n, TRACESTATE_MEMBERS_MAX);
        rest = comma ? (struct span){comma + 1, rest.len - len - 1} : (struct span){NULL, 0};
    }
    return 0;
}

int trace_context_check(struct span traceparent, struct span tracestate, struct diag *diag)
{
    if (traceparent.data && traceparent_check(traceparent, diag))
        return -EINVAL;
    if (!tracestate.data)
        return 0;
    if (!traceparent.data)
        return diag_set(diag, "tracestate: means nothing without traceparent");
    return tracestate_check(tracestate, diag);
}
