/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/text.h"
#include <errno.h>
#include <openssl/crypto.h>

static bool text_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int parse_u64(struct span text, uint64_t *ret)
{
    uint64_t value = 0;
    bool is_over = false;

    if (text.len == 0)
        return -EINVAL;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit;

        if (!text_is_digit(text.data[i]))
            return -EINVAL;
        digit = (unsigned)(text.data[i] - '0');
        is_over = is_over || value > UINT64_MAX / 10 || value * 10 > UINT64_MAX - digit;
        value = value * 10 + digit;
    }
    if (is_over)
        return -ERANGE;

    *ret = value;
    return 0;
}

int parse_i64(struct span text, int64_t *ret)
{
    bool is_negative = text.len > 0 && text.data[0] == '-';
    uint64_t value;
    int r;

    if (is_negative)
        text = (struct span){text.data + 1, text.len - 1};
    r = parse_u64(text, &value);
    if (r)
        return r;
    if (value > (uint64_t)INT64_MAX + is_negative)
        return -ERANGE;

    *ret = is_negative ? (int64_t)-value : (int64_t)value;
    return 0;
}

struct unit {
    const char *name;
    uint64_t factor;
};

/* Digits and then one of the units; the unit "" is allowed where the table has it. */
static int parse_with_unit(struct span text, const struct unit *units, size_t n_units, uint64_t max,
                           uint64_t *ret)
{
    struct span unit;
    size_t digits = 0;
    uint64_t value = 0;
    int r;

    while (digits < text.len && text_is_digit(text.data[digits]))
        digits++;
    r = parse_u64((struct span){text.data, digits}, &value);
    if (r == -EINVAL)
        return r;

    unit = (struct span){text.data + digits, text.len - digits};
    for (size_t i = 0; i < n_units; i++) {
        if (!span_equal(unit, span_of(units[i].name)))
            continue;
        if (r || value > max / units[i].factor)
            return -ERANGE;
        *ret = value * units[i].factor;
        return 0;
    }
    return -EINVAL;
}

int parse_duration_ms(struct span text, int64_t *ret)
{
    static const struct unit units[] = {{"", 1},      {"ms", 1},      {"s", 1000},
                                        {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    uint64_t value;
    int r = parse_with_unit(text, units, ARRAY_LEN(units), INT64_MAX, &value);

    if (r)
        return r;
    *ret = (int64_t)value;
    return 0;
}

int parse_bytes(struct span text, uint64_t *ret)
{
    static const struct unit units[] = {
        {"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};

    return parse_with_unit(text, units, ARRAY_LEN(units), UINT64_MAX, ret);
}

int parse_bool(struct span text, bool *ret)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (span_equal(text, span_of(words[i]))) {
            *ret = i % 2 == 1;
            return 0;
        }
    }
    return -EINVAL;
}

static int text_hex_value(char c)
{
    if (text_is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int parse_hex(struct span text, uint8_t *ret, size_t *ret_len)
{
    if (text.len % 2)
        return -EINVAL;
    for (size_t i = 0; i < text.len; i += 2) {
        int high = text_hex_value(text.data[i]), low = text_hex_value(text.data[i + 1]);

        if (high < 0 || low < 0)
            return -EINVAL;
        ret[i / 2] = (uint8_t)(high << 4 | low);
    }
    *ret_len = text.len / 2;
    return 0;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (text_is_digit(c))
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

static int base64url_value(char c)
{
    if (c == '-')
        return 62;
    if (c == '_')
        return 63;
    return c == '+' || c == '/' ? -1 : base64_value(c);
}

static int parse_digits(struct span digits, int (*value_of)(char c), uint8_t *ret, size_t *ret_len)
{
    uint32_t bits = 0;
    size_t len = 0;

    for (size_t i = 0; i < digits.len; i++) {
        int value = value_of(digits.data[i]);

        if (value < 0)
            return -EINVAL;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 0)
            ret[len++] = (uint8_t)(bits >> (6 - i % 4 * 2));
    }
    /* What is left over in the last digit must be zero: one text for one value (RFC 4648, 3.5). */
    if ((digits.len % 4 == 2 && bits & 15) || (digits.len % 4 == 3 && bits & 3))
        return -EINVAL;

    *ret_len = len;
    return 0;
}

int parse_base64(struct span text, uint8_t *ret, size_t *ret_len)
{
    struct span digits = text;

    if (text.len % 4)
        return -EINVAL;
    while (digits.len > 0 && text.len - digits.len < 2 && digits.data[digits.len - 1] == '=')
        digits.len--;
    return parse_digits(digits, base64_value, ret, ret_len);
}

int parse_base64url(struct span text, uint8_t *ret, size_t *ret_len)
{
    return text.len % 4 == 1 ? -EINVAL : parse_digits(text, base64url_value, ret, ret_len);
}

size_t utf8_char(struct span text)
{
    const unsigned char *s = (const unsigned char *)text.data;
    unsigned char low = 0x80, high = 0xbf;
    size_t len;

    if (text.len == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;

    len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (text.len < len)
        return 0;
    /* The second byte's range is what keeps out overlong forms, surrogates and what is too large.
     */
    if (s[0] == 0xe0)
        low = 0xa0;
    else if (s[0] == 0xed)
        high = 0x9f;
    else if (s[0] == 0xf0)
        low = 0x90;
    else if (s[0] == 0xf4)
        high = 0x8f;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    }
    return len;
}

bool text_is_utf8(struct span text)
{
    size_t i = 0;

    while (i < text.len) {
        size_t n;
        uint64_t eight;

        if (text.len - i >= sizeof(eight)) { /* most text is ASCII: eight bytes at a time */
            memcpy(&eight, text.data + i, sizeof(eight));
            if (!(eight & UINT64_C(0x8080808080808080))) {
                i += sizeof(eight);
                continue;
            }
        }
        n = utf8_char((struct span){text.data + i, text.len - i});
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

bool text_is_name(struct span text, size_t max)
{
    if (text.len == 0 || text.len > max)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i], lower = c | 0x20;

        if (text_is_digit(c) || (lower >= 'a' && lower <= 'z'))
            continue;
        if (c != '_' && c != '-' && c != '.' && c != ':')
            return false;
    }
    return true;
}

bool equal_secret(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0);
}

char *text_copy(struct span text)
{
    char *copy = malloc(text.len + 1);

    if (!copy)
        return NULL;
    if (text.len)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return copy;
}
