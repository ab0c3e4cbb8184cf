/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/log.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* TAIL is kept free for what ends a line, so that one that is cut is still well-formed. */
enum { LINE_SIZE = 4096, TAIL = 24 };

struct line {
    char data[LINE_SIZE];
    size_t len;
    bool is_cut; /* something did not fit; nothing more is added */
};

static const char *program_name = "grapnel";
static enum log_level level_min = LOG_LEVEL_INFO;
static enum log_format line_format = LOG_FORMAT_TEXT;

void log_setup(const char *program, enum log_level level, enum log_format format)
{
    program_name = program;
    level_min = level;
    line_format = format;
}

bool log_is_on(enum log_level level)
{
    return level >= level_min;
}

/* All of it or nothing. */
static void log_add(struct line *l, const char *data, size_t len)
{
    if (l->is_cut || len > LINE_SIZE - TAIL - l->len) {
        l->is_cut = true;
        return;
    }
    memcpy(l->data + l->len, data, len);
    l->len += len;
}

static void log_add_text(struct line *l, const char *text)
{
    log_add(l, text, strlen(text));
}

/* One character of @s at @at as it stands, or escaped. Returns how many bytes of @s that were. */
static size_t add_char(struct line *l, struct span s, size_t at)
{
    unsigned char c = (unsigned char)s.data[at];
    size_t n = utf8_char((struct span){s.data + at, s.len - at});
    char escape[8];

    if (n && c >= 0x20 && c != 0x7f && c != '"' && c != '\\') {
        log_add(l, s.data + at, n);
        return n;
    }
    if (c == '"' || c == '\\')
        (void)snprintf(escape, sizeof(escape), "\\%c", c);
    else if (c == '\n')
        (void)snprintf(escape, sizeof(escape), "\\n");
    else if (line_format == LOG_FORMAT_JSON)
        (void)snprintf(escape, sizeof(escape), "\\u%04x", n ? c : 0xfffd);
    else
        (void)snprintf(escape, sizeof(escape), "\\x%02x", c);
    log_add(l, escape, strlen(escape));
    return 1;
}

static void add_quoted(struct line *l, struct span s)
{
    log_add(l, "\"", 1);
    if (l->is_cut)
        return;
    for (size_t i = 0; i < s.len && !l->is_cut;)
        i += add_char(l, s, i);
    l->data[l->len++] = '"'; /* of the tail's room when the value was cut */
}

/* May it stand in a text line without quotes? */
static bool is_plain(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];

        if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=')
            return false;
    }
    return s.len > 0 && s.len < LINE_SIZE / 2;
}

static void log_add_key(struct line *l, const char *key)
{
    bool is_json = line_format == LOG_FORMAT_JSON;

    if (is_json)
        log_add_text(l, l->len ? ",\"" : "{\"");
    else if (l->len)
        log_add_text(l, " ");
    log_add_text(l, key);
    log_add_text(l, is_json ? "\":" : "=");
}

static void add_span_field(struct line *l, const char *key, struct span value)
{
    size_t begin = l->len;

    log_add_key(l, key);
    if (l->is_cut)
        l->len = begin; /* no key without a value */
    else if (line_format == LOG_FORMAT_TEXT && is_plain(value))
        log_add(l, value.data, value.len);
    else
        add_quoted(l, value);
}

static void add_number_field(struct line *l, const char *key, int64_t number)
{
    size_t begin = l->len;
    char digits[24];

    (void)snprintf(digits, sizeof(digits), "%" PRId64, number);
    log_add_key(l, key);
    log_add_text(l, digits);
    if (l->is_cut)
        l->len = begin;
}

static void log_add_head(struct line *l, enum log_level level, const char *message)
{
    static const char *const names[] = {"trace", "debug", "info", "warn", "error"};
    char time[ISO_TIME_LEN];

    iso_time_write(time, clock_wall_ms());
    add_span_field(l, "time", (struct span){time, sizeof(time)});
    add_span_field(l, "level", span_of(names[level]));
    add_span_field(l, "program", span_of(program_name));
    add_span_field(l, "message", span_of(message));
}

static void log_add_field(struct line *l, const struct log_field *field)
{
    if (l->is_cut)
        return;
    if (field->kind == LOG_FIELD_INT)
        add_number_field(l, field->key, field->number);
    else if (field->kind == LOG_FIELD_SPAN)
        add_span_field(l, field->key, field->span);
    else
        add_span_field(l, field->key, span_of(field->text));
}

static void add_end(struct line *l)
{
    bool is_json = line_format == LOG_FORMAT_JSON;
    const char *end = is_json ? "}\n" : "\n";

    if (l->is_cut)
        end = is_json ? ",\"cut\":true}\n" : " cut=true\n";
    memcpy(l->data + l->len, end, strlen(end)); /* TAIL is larger */
    l->len += strlen(end);
}

void log_write_(enum log_level level, const char *message, ...)
{
    int saved_errno = errno;
    struct line l;
    va_list args;

    l.len = 0;
    l.is_cut = false;
    log_add_head(&l, level, message);
    va_start(args, message);
    for (;;) {
        struct log_field field = va_arg(args, struct log_field);

        if (field.kind == LOG_FIELD_END)
            break;
        log_add_field(&l, &field);
    }
    va_end(args);
    add_end(&l);

    /* One write: lines of several processes do not mix. A log that cannot be written is no reason
     * to stop delivering. */
    while (write(STDERR_FILENO, l.data, l.len) < 0 && errno == EINTR)
        ;
    errno = saved_errno;
}

bool log_limit_pass(struct log_limit *l, int64_t every_ms, uint64_t *ret_held)
{
    int64_t now_ms = clock_mono_ms();

    if (now_ms < l->next_ms) {
        l->held++;
        return false;
    }
    *ret_held = l->held;
    l->held = 0;
    l->next_ms = now_ms + every_ms;
    return true;
}
