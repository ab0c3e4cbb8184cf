/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/format/extra_headers.h"
#include "common/json/json_scan.h"
#include "common/json/json_string.h"
#include <errno.h>
#include <strings.h>

/* Hop-by-hop (RFC 9110 7.6.1), what frames the message, and what has its own place. */
static const char *const reserved[] = {
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "traceparent",
    "tracestate",
    "upgrade",
    "user-agent",
    "http2-settings",
    "transfer-encoding",
};

static bool extra_headers_is_name(struct span name, const char *wanted)
{
    return name.len == strlen(wanted) && strncasecmp(name.data, wanted, name.len) == 0;
}

static bool extra_headers_is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static int extra_headers_check_name(struct span name, struct diag *diag)
{
    if (!name.len || name.len > EXTRA_HEADER_NAME_MAX)
        return diag_set(diag, "headers: a name of %zu bytes; expected 1 to %d", name.len,
                        EXTRA_HEADER_NAME_MAX);
    for (size_t i = 0; i < name.len; i++)
        if (!extra_headers_is_token_char(name.data[i]))
            return diag_set(diag,
                            "headers: the name \"%.*s\": expected letters, digits and hyphens",
                            (int)name.len, name.data);
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
        if (extra_headers_is_name(name, reserved[i]))
            return diag_set(diag, "headers: %.*s is reserved", (int)name.len, name.data);
    if (name.len >= 6 && strncasecmp(name.data, "proxy-", 6) == 0)
        return diag_set(diag, "headers: %.*s is reserved (Proxy-…)", (int)name.len, name.data);
    return 0;
}

/* @raw: what stands between the quotes of a JSON text. */
static int extra_headers_add_value(struct buf *ret, struct span name, struct span raw,
                                   struct diag *diag)
{
    char text[EXTRA_HEADER_VALUE_MAX];
    size_t len = json_string_plain(text, sizeof(text), raw);

    if (len > sizeof(text))
        return diag_set(diag, "headers: %.*s: longer than %d bytes", (int)name.len, name.data,
                        EXTRA_HEADER_VALUE_MAX);
    for (size_t i = 0; i < len; i++)
        if (text[i] < ' ' || text[i] > '~')
            return diag_set(diag, "headers: %.*s: expected printable ASCII", (int)name.len,
                            name.data);
    buf_add(ret, text, len);
    return buf_result(ret);
}

bool extra_headers_have(struct span lines, const char *name)
{
    size_t len = strlen(name);

    while (lines.len) {
        size_t line = strnlen(lines.data, lines.len);

        if (line > len && lines.data[len] == ':' && strncasecmp(lines.data, name, len) == 0)
            return true;
        lines = (struct span){lines.data + line + 1, lines.len - line - 1};
    }
    return false;
}

static int extra_headers_add_header(struct buf *ret, struct span lines, struct span name,
                                    struct span value, struct diag *diag)
{
    char text[EXTRA_HEADER_NAME_MAX + 1];
    enum json_kind kind;
    int r = extra_headers_check_name(name, diag);

    if (r)
        return r;
    memcpy(text, name.data, name.len);
    text[name.len] = '\0';
    if (extra_headers_have(lines, text))
        return diag_set(diag, "headers: %s is there twice", text);
    value = json_value(value, &kind);
    if (kind != JSON_KIND_STRING)
        return diag_set(diag, "headers: %s: expected a text", text);
    buf_add_text(ret, text);
    buf_add_text(ret, ": ");
    r = extra_headers_add_value(ret, name, (struct span){value.data + 1, value.len - 2}, diag);
    buf_add_char(ret, '\0');
    return r ? r : buf_result(ret);
}

int extra_headers_parse(struct buf *ret, struct span json, struct diag *diag)
{
    size_t begin = ret->len;
    struct span name, value;
    enum json_kind kind;
    struct json_walk w;
    struct diag why;
    unsigned n = 0;
    int r = 0;

    if (json_check(json, &why))
        return diag_set(diag, "headers: expected a JSON object of texts: %.100s", why.text);
    (void)json_value(json, &kind);
    if (kind != JSON_KIND_OBJECT)
        return diag_set(diag, "headers: expected a JSON object of texts");
    for (json_walk_begin(&w, json); !r && json_walk_next(&w, &name, &value);) {
        struct span lines =
            n ? (struct span){ret->data + begin, ret->len - begin} : (struct span){"", 0};

        r = ++n > EXTRA_HEADERS_MAX
                ? diag_set(diag, "headers: expected at most %d", EXTRA_HEADERS_MAX)
                : extra_headers_add_header(ret, lines, name, value, diag);
    }
    if (r == -ENOBUFS)
        return diag_set(diag, "headers: longer than %zu bytes in all", ret->cap);
    return r;
}
