/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/webhook/show.h"
#include "common/base/text.h"
#include "common/json/json_scan.h"
#include <inttypes.h>
#include <strings.h>

enum colour { PLAIN, BOLD, DIM, RED, GREEN, YELLOW, BLUE };

static void paint(struct buf *ret, bool has_colour, enum colour colour)
{
    static const char *const codes[] = {
        [PLAIN] = "\033[0m",  [BOLD] = "\033[1m",    [DIM] = "\033[2m",   [RED] = "\033[31m",
        [GREEN] = "\033[32m", [YELLOW] = "\033[33m", [BLUE] = "\033[34m",
    };

    if (has_colour)
        buf_add_text(ret, codes[colour]);
}

/* --- text ------------------------------------------------------------------------------------- */

/* C0, DEL, and C1 (in UTF-8: 0xc2 0x80 to 0xc2 0x9f) are for terminals, not for people. */
static size_t control_length(struct span text, size_t at)
{
    unsigned char c = (unsigned char)text.data[at];

    if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
        return 1;
    if (c == 0xc2 && at + 1 < text.len && (unsigned char)text.data[at + 1] < 0xa0)
        return 2;
    return 0;
}

static void add_harmless(struct buf *ret, struct span text)
{
    bool is_utf8 = text_is_utf8(text);

    for (size_t i = 0; i < text.len; i++) {
        size_t n = control_length(text, i);

        if (!n && !is_utf8 && (unsigned char)text.data[i] >= 0x80)
            n = 1;
        if (!n)
            buf_add_char(ret, text.data[i]);
        for (size_t j = 0; j < n; j++)
            buf_printf(ret, "\\x%02x", (unsigned char)text.data[i + j]);
        i += n ? n - 1 : 0;
    }
}

static void add_line_end(struct buf *ret, unsigned depth)
{
    buf_add_char(ret, '\n');
    for (unsigned i = 0; i < depth; i++)
        buf_add_text(ret, "  ");
}

static size_t string_length(struct span json, size_t at)
{
    size_t i = at + 1;

    while (json.data[i] != '"')
        i += json.data[i] == '\\' ? 2 : 1;
    return i + 1 - at;
}

static bool show_is_name(struct span json, size_t behind)
{
    while (behind < json.len && strchr(" \t\r\n", json.data[behind]))
        behind++;
    return behind < json.len && json.data[behind] == ':';
}

static size_t add_string(struct buf *ret, struct span json, size_t at, bool has_colour)
{
    size_t len = string_length(json, at);

    paint(ret, has_colour, show_is_name(json, at + len) ? BLUE : GREEN);
    add_harmless(ret, (struct span){json.data + at, len});
    paint(ret, has_colour, PLAIN);
    return len;
}

static size_t add_word(struct buf *ret, struct span json, size_t at, bool has_colour)
{
    size_t len = 1;

    while (at + len < json.len && !strchr(" \t\r\n,:]}", json.data[at + len]))
        len++;
    paint(ret, has_colour, YELLOW);
    buf_add(ret, json.data + at, len);
    paint(ret, has_colour, PLAIN);
    return len;
}

static bool is_empty_pair(struct span json, size_t at)
{
    size_t i = at + 1;

    while (i < json.len && strchr(" \t\r\n", json.data[i]))
        i++;
    return i < json.len && (json.data[i] == ']' || json.data[i] == '}');
}

static void open_pair(struct buf *ret, struct span json, size_t at, unsigned *depth)
{
    buf_add_char(ret, json.data[at]);
    if (!is_empty_pair(json, at))
        add_line_end(ret, ++*depth);
    else
        ++*depth;
}

static void close_pair(struct buf *ret, char c, unsigned *depth)
{
    char last = ret->len ? ret->data[ret->len - 1] : '\0';

    --*depth;
    if (last != '{' && last != '[')
        add_line_end(ret, *depth);
    buf_add_char(ret, c);
}

/* Indents @json, which passed json_check(), without rebuilding it: numbers keep their spelling. */
static void add_indented(struct buf *ret, struct span json, bool has_colour)
{
    unsigned depth = 0;

    for (size_t i = 0; i < json.len;) {
        char c = json.data[i];
        size_t n = 1;

        if (c == '"')
            n = add_string(ret, json, i, has_colour);
        else if (c == '{' || c == '[')
            open_pair(ret, json, i, &depth);
        else if (c == '}' || c == ']')
            close_pair(ret, c, &depth);
        else if (c == ':')
            buf_add_text(ret, ": ");
        else if (c == ',') {
            buf_add_char(ret, c);
            add_line_end(ret, depth);
        } else if (!strchr(" \t\r\n", c))
            n = add_word(ret, json, i, has_colour);
        i += n;
    }
}

static void add_genuine(struct buf *ret, const struct received *r, const char *dialect)
{
    if (r->n_secrets > 1)
        buf_printf(ret, "signature verified (%s, secret %zu of %zu)", dialect, r->verdict.secret,
                   r->n_secrets);
    else
        buf_printf(ret, "signature verified (%s)", dialect);
}

static void add_verdict(struct buf *ret, const struct received *r, bool has_colour)
{
    const char *dialect = r->verdict.dialect ? r->verdict.dialect->name : "no dialect";

    switch (r->verdict.result) {
    case WEBHOOK_UNJUDGED:
        paint(ret, has_colour, DIM);
        buf_printf(ret, "signature not checked: no secret given (%s)", dialect);
        break;
    case WEBHOOK_GENUINE:
        paint(ret, has_colour, GREEN);
        add_genuine(ret, r, dialect);
        break;
    case WEBHOOK_UNSIGNED:
        paint(ret, has_colour, YELLOW);
        buf_printf(ret, "NOT verified (%s): %s", dialect, r->verdict.reason.text);
        break;
    case WEBHOOK_WRONG:
        paint(ret, has_colour, RED);
        buf_printf(ret, "NOT verified (%s): ", dialect);
        add_harmless(ret, span_of(r->verdict.reason.text));
        break;
    }
    paint(ret, has_colour, PLAIN);
    buf_add_char(ret, '\n');
}

static void show_add_headers(struct buf *ret, const struct webhook *w, bool has_colour)
{
    for (size_t i = 0; i < w->n_headers; i++) {
        paint(ret, has_colour, BLUE);
        add_harmless(ret, span_of(w->headers[i].name));
        paint(ret, has_colour, PLAIN);
        buf_add_text(ret, ": ");
        add_harmless(ret, span_of(w->headers[i].value));
        buf_add_char(ret, '\n');
    }
}

void show_text(struct buf *ret, const struct received *r, bool has_colour)
{
    paint(ret, has_colour, BOLD);
    buf_printf(ret, "#%" PRIu64 " ", r->number);
    add_harmless(ret, span_of(r->method));
    buf_add_char(ret, ' ');
    add_harmless(ret, span_of(r->uri));
    paint(ret, has_colour, PLAIN);
    paint(ret, has_colour, DIM);
    buf_add_text(ret, "  ");
    buf_add_iso_time(ret, r->time_ms);
    buf_printf(ret, "  answered %u", r->status);
    paint(ret, has_colour, PLAIN);
    buf_add_char(ret, '\n');
    add_verdict(ret, r, has_colour);
    show_add_headers(ret, &r->webhook, has_colour);
    buf_add_char(ret, '\n');
    if (json_check(r->webhook.body, NULL) == 0)
        add_indented(ret, r->webhook.body, has_colour);
    else
        add_harmless(ret, r->webhook.body);
    buf_add_text(ret, "\n\n");
}

/* --- JSON ------------------------------------------------------------------------------------- */

/* HTTP's values are bytes; a JSON text holds UTF-8 only. */
static void show_add_value(struct buf *ret, const char *value)
{
    struct buf copy;

    if (text_is_utf8(span_of(value))) {
        buf_add_json_string(ret, span_of(value));
        return;
    }
    buf_init(&copy, 4 * strlen(value) + 1);
    add_harmless(&copy, span_of(value));
    buf_add_json_string(ret, buf_span(&copy));
    buf_fini(&copy);
}

static bool is_first_of_its_name(const struct webhook *w, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcasecmp(w->headers[i].name, w->headers[index].name) == 0)
            return false;
    return true;
}

/* All values of one name, joined as RFC 9110 has it. */
static void add_joined(struct buf *ret, const struct webhook *w, const char *name)
{
    struct buf joined;

    buf_init(&joined, 256 * 1024);
    for (size_t i = 0; i < w->n_headers; i++) {
        if (strcasecmp(w->headers[i].name, name) != 0)
            continue;
        buf_add_text(&joined, joined.len ? ", " : "");
        buf_add_text(&joined, w->headers[i].value);
    }
    show_add_value(ret, joined.data ? joined.data : "");
    buf_fini(&joined);
}

static void add_json_headers(struct buf *ret, const struct webhook *w)
{
    bool has_any = false;

    buf_add_text(ret, ",\"headers\":{");
    for (size_t i = 0; i < w->n_headers; i++) {
        if (!is_first_of_its_name(w, i))
            continue;
        buf_add_text(ret, has_any ? "," : "");
        show_add_value(ret, w->headers[i].name);
        buf_add_char(ret, ':');
        add_joined(ret, w, w->headers[i].name);
        has_any = true;
    }
    buf_add_char(ret, '}');
}

static void add_json_body(struct buf *ret, struct span body)
{
    if (text_is_utf8(body)) {
        buf_add_text(ret, ",\"body\":");
        buf_add_json_string(ret, body);
        return;
    }
    buf_add_text(ret, ",\"bodyBase64\":\"");
    buf_add_base64(ret, body.data, body.len);
    buf_add_char(ret, '"');
}

static void add_json_verdict(struct buf *ret, const struct received *r)
{
    static const char *const words[] = {[WEBHOOK_UNJUDGED] = "null",
                                        [WEBHOOK_GENUINE] = "true",
                                        [WEBHOOK_UNSIGNED] = "false",
                                        [WEBHOOK_WRONG] = "false"};
    const struct webhook_verdict *v = &r->verdict;

    buf_add_text(ret, ",\"dialect\":");
    if (v->dialect)
        buf_add_json_string(ret, span_of(v->dialect->name));
    else
        buf_add_text(ret, "null");
    buf_printf(ret, ",\"verified\":%s", words[v->result]);
    if (v->result == WEBHOOK_GENUINE)
        buf_printf(ret, ",\"secret\":%zu", v->secret);
    if (*v->reason.text) {
        buf_add_text(ret, ",\"reason\":");
        show_add_value(ret, v->reason.text);
    }
}

void show_json(struct buf *ret, const struct received *r)
{
    buf_printf(ret, "{\"number\":%" PRIu64 ",\"time\":\"", r->number);
    buf_add_iso_time(ret, r->time_ms);
    buf_add_text(ret, "\",\"method\":");
    show_add_value(ret, r->method);
    buf_add_text(ret, ",\"path\":");
    show_add_value(ret, r->uri);
    add_json_headers(ret, &r->webhook);
    add_json_body(ret, r->webhook.body);
    add_json_verdict(ret, r);
    buf_printf(ret, ",\"status\":%u}", r->status);
}
