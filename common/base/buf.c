/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/iso_time.h"
#include "common/base/text.h"
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

enum { FIRST_SIZE = 64 };

static const char hex_digits[] = "0123456789abcdef";

void buf_init(struct buf *b, size_t cap)
{
    *b = (struct buf){.cap = MIN(cap, SIZE_MAX / 4)};
}

void buf_fini(struct buf *b)
{
    free(b->data);
    buf_init(b, b->cap);
}

void buf_wipe(struct buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->size);
    buf_fini(b);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->error = 0;
    if (b->data)
        b->data[0] = '\0';
}

static bool buf_fail(struct buf *b, int error)
{
    b->error = error;
    return false;
}

/* Out of line: the common case is that the bytes fit. */
static __attribute__((noinline)) bool buf_grow(struct buf *b, size_t len)
{
    size_t size = b->size ? b->size : FIRST_SIZE;
    char *data;

    if (len > b->cap - b->len)
        return buf_fail(b, err_origin(-ENOBUFS));

    while (size <= b->len + len)
        size *= 2;
    size = MIN(size, b->cap + 1);
    data = realloc(b->data, size);
    if (!data)
        return buf_fail(b, err_origin(-ENOMEM));

    b->data = data;
    b->size = size;
    return true;
}

/* Room for @len bytes and the NUL behind them. */
static inline bool buf_has_room(struct buf *b, size_t len)
{
    if (b->error)
        return false;
    if (len < b->size - b->len) /* size is 0 or above len */
        return true;
    return buf_grow(b, len);
}

static inline void buf_count(struct buf *b, size_t len)
{
    b->len += len;
    b->data[b->len] = '\0';
}

void buf_add(struct buf *b, const void *data, size_t len)
{
    if (!buf_has_room(b, len))
        return;
    if (len)
        memcpy(b->data + b->len, data, len);
    buf_count(b, len);
}

void buf_add_span(struct buf *b, struct span s)
{
    buf_add(b, s.data, s.len);
}

void buf_add_text(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_add_char(struct buf *b, char c)
{
    if (!buf_has_room(b, 1))
        return;
    b->data[b->len] = c;
    buf_count(b, 1);
}

/* Writes the digits so that they end at @end; returns where they begin. */
static char *buf_digits_before(char *end, uint64_t value)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return end;
}

void buf_add_u64(struct buf *b, uint64_t value)
{
    char digits[20], *end = digits + sizeof(digits), *first = buf_digits_before(end, value);

    buf_add(b, first, (size_t)(end - first));
}

void buf_add_i64(struct buf *b, int64_t value)
{
    char digits[20], *end = digits + sizeof(digits), *first;

    first = buf_digits_before(end, value < 0 ? -(uint64_t)value : (uint64_t)value);
    if (value < 0)
        *--first = '-'; /* the longest number that has a sign has 19 digits */
    buf_add(b, first, (size_t)(end - first));
}

void buf_add_hex(struct buf *b, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    char *out = buf_reserve(b, len <= SIZE_MAX / 4 ? len * 2 : SIZE_MAX);

    if (!out)
        return;
    for (size_t i = 0; i < len; i++) {
        *out++ = hex_digits[bytes[i] >> 4];
        *out++ = hex_digits[bytes[i] & 15];
    }
    buf_wrote(b, len * 2);
}

void buf_add_base64(struct buf *b, const void *data, size_t len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *in = data;
    char *out = buf_reserve(b, len <= SIZE_MAX / 4 ? (len + 2) / 3 * 4 : SIZE_MAX);

    if (!out)
        return;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = (uint32_t)in[i] << 16;

        if (i + 1 < len)
            bits |= (uint32_t)in[i + 1] << 8;
        if (i + 2 < len)
            bits |= in[i + 2];
        *out++ = alphabet[bits >> 18];
        *out++ = alphabet[bits >> 12 & 63];
        *out++ = i + 1 < len ? alphabet[bits >> 6 & 63] : '=';
        *out++ = i + 2 < len ? alphabet[bits & 63] : '=';
    }
    buf_wrote(b, (len + 2) / 3 * 4);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    int len;

    if (b->error)
        return;
    va_start(args, format);
    len = vsnprintf(b->data ? b->data + b->len : NULL, b->size - b->len, format, args);
    va_end(args);
    if (len >= 0 && (size_t)len < b->size - b->len) {
        b->len += (size_t)len;
        return;
    }

    if (b->data)
        b->data[b->len] = '\0'; /* a failed append changes nothing */
    if (len < 0) {
        buf_fail(b, err_origin(-ENOMEM));
        return;
    }
    if (!buf_has_room(b, (size_t)len))
        return;
    va_start(args, format);
    (void)vsnprintf(b->data + b->len, (size_t)len + 1, format, args);
    va_end(args);
    b->len += (size_t)len;
}

/* How many bytes from @at on may stand in a JSON string as they are. */
static size_t plain_run(struct span s, size_t at)
{
    size_t i = at;

    while (i < s.len) {
        unsigned char c = (unsigned char)s.data[i];
        size_t n = 1;

        if (c < 0x20 || c == '"' || c == '\\')
            break;
        if (c >= 0x80)
            n = utf8_char((struct span){s.data + i, s.len - i});
        if (n == 0)
            break;
        i += n;
    }
    return i - at;
}

static void add_json_escape(struct buf *b, unsigned char c)
{
    static const char short_forms[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};

    if (c >= 0x80) {
        buf_add_text(b,
                     "\\ufffd"); /* not UTF-8: the replacement character, so that it stays JSON */
        return;
    }
    buf_add_char(b, '\\');
    if (c >= 0x20) {
        buf_add_char(b, (char)c);
    } else if (short_forms[c]) {
        buf_add_char(b, short_forms[c]);
    } else {
        buf_add_text(b, "u00");
        buf_add_hex(b, &c, 1);
    }
}

void buf_add_json_string(struct buf *b, struct span s)
{
    size_t begin = b->len;

    buf_add_char(b, '"');
    for (size_t i = 0; i < s.len && !b->error;) {
        size_t n = plain_run(s, i);

        buf_add(b, s.data + i, n);
        i += n;
        if (i < s.len)
            add_json_escape(b, (unsigned char)s.data[i++]);
    }
    buf_add_char(b, '"');

    if (b->error && b->data) { /* no half string */
        b->len = begin;
        b->data[begin] = '\0';
    }
}

void buf_add_iso_time(struct buf *b, int64_t ms)
{
    char *out = buf_reserve(b, ISO_TIME_LEN);

    if (!out)
        return;
    iso_time_write(out, ms);
    buf_wrote(b, ISO_TIME_LEN);
}

char *buf_reserve(struct buf *b, size_t len)
{
    return buf_has_room(b, len) ? b->data + b->len : NULL;
}

void buf_wrote(struct buf *b, size_t len)
{
    assert(b->data && len < b->size - b->len);
    buf_count(b, len);
}

int buf_result(const struct buf *b)
{
    return b->error;
}

struct span buf_span(const struct buf *b)
{
    return (struct span){b->data ? b->data : "", b->len};
}

char *buf_take(struct buf *b)
{
    char *data;

    if (!buf_has_room(b, 0)) {
        buf_fini(b);
        return NULL;
    }
    b->data[b->len] = '\0'; /* an empty buffer got its memory just now */
    data = TAKE(b->data);
    buf_init(b, b->cap);
    return data;
}
