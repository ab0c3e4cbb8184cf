/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/json_string.h"

enum { CHAR_BYTES_MAX = 4, HEX_ESCAPE_BYTES = 6 };

static unsigned json_string_hex_value(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* The unit that "\uXXXX" at the beginning of @raw stands for. */
static bool read_unit(struct span raw, unsigned *ret)
{
    unsigned unit = 0;

    if (raw.len < HEX_ESCAPE_BYTES || raw.data[0] != '\\' || raw.data[1] != 'u')
        return false;
    for (size_t i = 2; i < HEX_ESCAPE_BYTES; i++)
        unit = unit << 4 | (json_string_hex_value(raw.data[i]) & 15);
    *ret = unit;
    return true;
}

static void json_string_skip(struct span *s, size_t n)
{
    *s = (struct span){s->data + n, s->len - n};
}

static size_t write_char(char *ret, unsigned c)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        ret[i] = (char)(0x80 | (c & 0x3f));
    ret[0] = (char)(leads[n] | c);
    return n;
}

static size_t take_units(struct span *raw, unsigned first, char *ret)
{
    unsigned second;

    json_string_skip(raw, HEX_ESCAPE_BYTES);
    if (first >> 10 == 0xd800 >> 10 && read_unit(*raw, &second) && second >> 10 == 0xdc00 >> 10) {
        json_string_skip(raw, HEX_ESCAPE_BYTES);
        first = 0x10000 + ((first & 0x3ff) << 10 | (second & 0x3ff));
    }
    return write_char(ret, first);
}

static char short_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    }
    return c;
}

/* Takes a byte, or an escaped character, off @raw, which is not empty. */
static size_t json_string_take(struct span *raw, char *ret)
{
    unsigned unit;

    if (read_unit(*raw, &unit))
        return take_units(raw, unit, ret);
    if (raw->data[0] == '\\' && raw->len > 1) {
        *ret = short_escape(raw->data[1]);
        json_string_skip(raw, 2);
        return 1;
    }
    *ret = raw->data[0];
    json_string_skip(raw, 1);
    return 1;
}

static bool json_string_takes_prefix(struct span *raw, struct span plain)
{
    char bytes[CHAR_BYTES_MAX];

    while (plain.len) {
        size_t n = raw->len ? json_string_take(raw, bytes) : 0;

        if (n == 0 || n > plain.len || memcmp(bytes, plain.data, n) != 0)
            return false;
        json_string_skip(&plain, n);
    }
    return true;
}

bool json_string_equal(struct span raw, struct span plain)
{
    return raw.len >= plain.len && json_string_takes_prefix(&raw, plain) && raw.len == 0;
}

bool json_string_has_prefix(struct span raw, struct span plain)
{
    return json_string_takes_prefix(&raw, plain);
}

size_t json_string_plain(char *ret, size_t size, struct span raw)
{
    char bytes[CHAR_BYTES_MAX];
    size_t len = 0;

    while (raw.len) {
        size_t n = json_string_take(&raw, bytes);

        if (len < size)
            memcpy(ret + len, bytes, MIN(n, size - len));
        len += n;
    }
    return len;
}
