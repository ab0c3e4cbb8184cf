/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/json_scan.h"
#include "common/base/text.h"
#include <errno.h>

/* What json_check() reads with. Bytes are unsigned here, so that tables may be indexed by them. */
struct scan {
    const unsigned char *at, *end;
    const char *wrong; /* set where it stopped */
    uint64_t objects;  /* bit n: the container at depth n + 1 is an object */
    unsigned depth;
};

enum want { WANT_VALUE, WANT_VALUE_OR_END, WANT_NAME, WANT_NAME_OR_END, WANT_NEXT };

static bool json_scan_fail(struct scan *s, const char *wrong)
{
    s->wrong = wrong;
    return false;
}

static bool is_space(unsigned char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void skip_space(struct scan *s)
{
    while (s->at < s->end && is_space(*s->at))
        s->at++;
}

static bool next_is(const struct scan *s, unsigned char c)
{
    return s->at < s->end && *s->at == c;
}

static bool json_scan_is_digit(const struct scan *s)
{
    return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))

/* High bits set where a byte of @word is 0; bytes above the first such one may be marked wrongly.
 */
static inline uint64_t zero_bytes(uint64_t word)
{
    return (word - EACH_BYTE(1)) & ~word & EACH_BYTE(0x80);
}

/* How many of the 8 bytes come before the first one marked. */
static inline size_t bytes_before(uint64_t marks)
{
    return (size_t)__builtin_ctzll(marks) / 8;
}

static inline uint64_t load_word(const void *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Skips the bytes of a string that need no thought: ASCII but controls, quote and backslash. Eight
 * at a time, since payloads are mostly this. */
static void skip_plain(struct scan *s)
{
    while (s->end - s->at >= 8) {
        uint64_t word = load_word(s->at), marks;

        marks = (word & EACH_BYTE(0x80)) | ((word - EACH_BYTE(0x20)) & ~word & EACH_BYTE(0x80)) |
                zero_bytes(word ^ EACH_BYTE('"')) | zero_bytes(word ^ EACH_BYTE('\\'));
        if (marks) {
            s->at += bytes_before(marks);
            return;
        }
        s->at += 8;
    }
    while (s->at < s->end && *s->at >= 0x20 && *s->at < 0x80 && *s->at != '"' && *s->at != '\\')
        s->at++;
}

static bool take_utf8(struct scan *s)
{
    size_t n = utf8_char((struct span){(const char *)s->at, (size_t)(s->end - s->at)});

    if (n == 0)
        return json_scan_fail(s, "malformed UTF-8");
    s->at += n;
    return true;
}

static bool json_scan_is_hex(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* From the backslash on. A lone surrogate such as \ud800 fits the grammar and is let through. */
static bool take_escape(struct scan *s)
{
    if (s->end - s->at < 2 || !s->at[1] || !strchr("\"\\/bfnrtu", s->at[1]))
        return json_scan_fail(s, "unknown escape in a string");
    if (s->at[1] != 'u') {
        s->at += 2;
        return true;
    }
    for (ptrdiff_t i = 2; i < 6; i++)
        if (s->end - s->at <= i || !json_scan_is_hex(s->at[i]))
            return json_scan_fail(s, "expected four hexadecimal digits behind \\u");
    s->at += 6;
    return true;
}

static bool take_string(struct scan *s) /* from the opening quote on */
{
    s->at++;
    for (;;) {
        skip_plain(s);
        if (s->at == s->end)
            return json_scan_fail(s, "a string does not end");
        if (*s->at == '"') {
            s->at++;
            return true;
        }
        if (*s->at == '\\') {
            if (!take_escape(s))
                return false;
        } else if (*s->at < 0x20) {
            return json_scan_fail(s, "control character in a string");
        } else if (!take_utf8(s)) {
            return false;
        }
    }
}

static bool json_scan_take_digits(struct scan *s)
{
    if (!json_scan_is_digit(s))
        return json_scan_fail(s, "expected a digit");
    while (json_scan_is_digit(s))
        s->at++;
    return true;
}

static bool json_scan_take_number(struct scan *s)
{
    if (next_is(s, '-'))
        s->at++;
    if (next_is(s, '0'))
        s->at++; /* nothing may follow it, so that 01 is refused */
    else if (!json_scan_take_digits(s))
        return false;
    if (next_is(s, '.')) {
        s->at++;
        if (!json_scan_take_digits(s))
            return false;
    }
    if (next_is(s, 'e') || next_is(s, 'E')) {
        s->at++;
        if (next_is(s, '+') || next_is(s, '-'))
            s->at++;
        return json_scan_take_digits(s);
    }
    return true;
}

static bool take_word(struct scan *s, struct span word)
{
    if ((size_t)(s->end - s->at) < word.len || memcmp(s->at, word.data, word.len) != 0)
        return json_scan_fail(s, "expected a value");
    s->at += word.len;
    return true;
}

static bool json_scan_enter(struct scan *s, bool is_object)
{
    uint64_t bit;

    if (s->depth == JSON_DEPTH_MAX)
        return json_scan_fail(s, "nested too deeply");
    bit = UINT64_C(1) << s->depth++;
    s->objects = is_object ? s->objects | bit : s->objects & ~bit;
    s->at++;
    return true;
}

static bool is_in_object(const struct scan *s)
{
    return s->depth > 0 && s->objects >> (s->depth - 1) & 1;
}

static void json_scan_leave(struct scan *s)
{
    s->depth--;
    s->at++;
}

static bool take_value(struct scan *s, enum want *want)
{
    *want = WANT_NEXT;
    switch (s->at < s->end ? *s->at : 0) {
    case '{':
        *want = WANT_NAME_OR_END;
        return json_scan_enter(s, true);
    case '[':
        *want = WANT_VALUE_OR_END;
        return json_scan_enter(s, false);
    case '"':
        return take_string(s);
    case 't':
        return take_word(s, SPAN("true"));
    case 'f':
        return take_word(s, SPAN("false"));
    case 'n':
        return take_word(s, SPAN("null"));
    case '-':
    case '0' ... '9':
        return json_scan_take_number(s);
    }
    return json_scan_fail(s, "expected a value");
}

static bool json_scan_take_name(struct scan *s, enum want *want)
{
    if (!next_is(s, '"'))
        return json_scan_fail(s, "expected a member's name in quotes");
    if (!take_string(s))
        return false;
    skip_space(s);
    if (!next_is(s, ':'))
        return json_scan_fail(s, "expected ':'");
    s->at++;
    *want = WANT_VALUE;
    return true;
}

/* Behind a value inside a container. */
static bool take_next(struct scan *s, enum want *want)
{
    bool is_object = is_in_object(s);

    if (next_is(s, ',')) {
        s->at++;
        *want = is_object ? WANT_NAME : WANT_VALUE;
        return true;
    }
    if (!next_is(s, is_object ? '}' : ']'))
        return json_scan_fail(s, is_object ? "expected ',' or '}'" : "expected ',' or ']'");
    json_scan_leave(s);
    return true;
}

static bool json_scan_step(struct scan *s, enum want *want)
{
    switch (*want) {
    case WANT_VALUE_OR_END:
    case WANT_NAME_OR_END:
        if (next_is(s, *want == WANT_NAME_OR_END ? '}' : ']')) {
            json_scan_leave(s);
            *want = WANT_NEXT;
            return true;
        }
        return *want == WANT_NAME_OR_END ? json_scan_take_name(s, want) : take_value(s, want);
    case WANT_VALUE:
        return take_value(s, want);
    case WANT_NAME:
        return json_scan_take_name(s, want);
    case WANT_NEXT:
        return take_next(s, want);
    }
    unreachable();
}

int json_check(struct span text, struct diag *diag)
{
    const unsigned char *begin = (const unsigned char *)(text.len ? text.data : "");
    struct scan s = {.at = begin, .end = begin + text.len};
    enum want want = WANT_VALUE;

    do {
        skip_space(&s);
        if (!json_scan_step(&s, &want))
            goto refused;
    } while (s.depth > 0 || want != WANT_NEXT);

    skip_space(&s);
    if (s.at == s.end)
        return 0;
    (void)json_scan_fail(&s, "expected nothing behind the value");
refused:
    return diag_set(diag, "%s at byte %zu of %zu", s.wrong, (size_t)(s.at - begin) + 1, text.len);
}

/* From here on the text has passed json_check(). Reads stay inside it all the same. */

static const char *space_end(const char *at, const char *end)
{
    while (at < end && is_space((unsigned char)*at))
        at++;
    return at;
}

/* Behind the closing quote of the string that opens at @at. */
static const char *string_end(const char *at, const char *end)
{
    for (at++; at < end; at++) {
        while (end - at >= 8) {
            uint64_t word = load_word(at);
            uint64_t marks = zero_bytes(word ^ EACH_BYTE('"')) | zero_bytes(word ^ EACH_BYTE('\\'));

            if (marks) {
                at += bytes_before(marks);
                break;
            }
            at += 8;
        }
        if (at == end)
            return end;
        if (*at == '"')
            return at + 1;
        if (*at == '\\' && ++at == end)
            return end;
    }
    return end;
}

static const char *container_end(const char *at, const char *end)
{
    unsigned depth = 0;

    while (at < end) {
        switch (*at) {
        case '"':
            at = string_end(at, end);
            continue;
        case '{':
        case '[':
            depth++;
            break;
        case '}':
        case ']':
            if (--depth == 0)
                return at + 1;
            break;
        }
        at++;
    }
    return end;
}

static const char *value_end(const char *at, const char *end)
{
    if (at == end)
        return end;
    if (*at == '"')
        return string_end(at, end);
    if (*at == '{' || *at == '[')
        return container_end(at, end);
    while (at < end && *at != ',' && *at != '}' && *at != ']' && !is_space((unsigned char)*at))
        at++;
    return at;
}

static enum json_kind json_scan_kind_of(struct span value)
{
    switch (value.len ? value.data[0] : 'n') {
    case '{':
        return JSON_KIND_OBJECT;
    case '[':
        return JSON_KIND_ARRAY;
    case '"':
        return JSON_KIND_STRING;
    case 't':
        return JSON_KIND_TRUE;
    case 'f':
        return JSON_KIND_FALSE;
    case 'n':
        return JSON_KIND_NULL;
    }
    return JSON_KIND_NUMBER;
}

struct span json_value(struct span text, enum json_kind *ret_kind)
{
    struct span value = text;

    while (value.len && is_space((unsigned char)value.data[0]))
        value.data++, value.len--;
    while (value.len && is_space((unsigned char)value.data[value.len - 1]))
        value.len--;
    *ret_kind = json_scan_kind_of(value);
    return value;
}

void json_walk_at(struct json_walk *w, struct span text)
{
    const char *begin = text.len ? text.data : "";

    w->end = begin + text.len;
    w->at = space_end(begin, w->end);
}

char json_walk_enter(struct json_walk *w)
{
    if (w->at == w->end || (*w->at != '{' && *w->at != '['))
        return '\0';
    return *w->at++;
}

void json_walk_value(struct json_walk *w, struct span *ret_value)
{
    const char *value = w->at;

    w->at = value_end(value, w->end);
    *ret_value = (struct span){value, (size_t)(w->at - value)};
}

/* Behind the comma, if there is one. */
static const char *child_begin(const struct json_walk *w)
{
    const char *at = space_end(w->at, w->end);

    return at < w->end && *at == ',' ? space_end(at + 1, w->end) : at;
}

static bool leave_at(struct json_walk *w, const char *at)
{
    w->at = at < w->end ? at + 1 : at;
    return false;
}

bool json_walk_name(struct json_walk *w, struct span *ret_name)
{
    const char *name = child_begin(w), *name_end, *colon;

    if (name == w->end || *name != '"')
        return leave_at(w, name);
    name_end = string_end(name, w->end);
    colon = space_end(name_end, w->end);
    if (colon == w->end || *colon != ':')
        return leave_at(w, colon);
    w->at = space_end(colon + 1, w->end);
    *ret_name = (struct span){name + 1, (size_t)(name_end - name) - 2};
    return true;
}

bool json_walk_item(struct json_walk *w)
{
    const char *item = child_begin(w);

    /* Only ']' can stand here; the others would be a value of no bytes, and no end to them. */
    if (item == w->end || *item == ']' || *item == '}' || *item == ',')
        return leave_at(w, item);
    w->at = item;
    return true;
}

void json_walk_begin(struct json_walk *w, struct span text)
{
    json_walk_at(w, text);
    if (json_walk_enter(w) != '{')
        w->at = w->end;
}

bool json_walk_next(struct json_walk *w, struct span *ret_name, struct span *ret_value)
{
    if (!json_walk_name(w, ret_name))
        return false;
    json_walk_value(w, ret_value);
    return true;
}

bool json_member(struct span text, const char *name, struct span *ret_value)
{
    struct span wanted = span_of(name), found, value;
    struct json_walk w;
    bool is_found = false;

    for (json_walk_begin(&w, text); json_walk_next(&w, &found, &value);) {
        if (!span_equal(found, wanted))
            continue;
        *ret_value = value;
        is_found = true;
    }
    return is_found;
}
