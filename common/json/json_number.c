/* SPDX-License-Identifier: Apache-2.0 */
/* json_number.c: a number is read as sign × 0.DIGITS × 10^(exponent + point), where DIGITS begins with
 * no 0. So the larger power is the larger number, and at equal powers the digits decide from the
 * left. The exponent stays text: it may have more digits than any integer type. */
#include "common/json/json_number.h"

/* More than two texts in memory can differ in where their points are. */
#define DIFFERENCE_MAX INT64_C(1000000000000000)

static bool json_number_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct span behind(struct span s, size_t n)
{
    return (struct span){s.data + n, s.len - n};
}

static void read_exponent(struct json_number *n, struct span text) /* behind the 'e' */
{
    n->exponent_sign = 1;
    if (text.len && (text.data[0] == '-' || text.data[0] == '+')) {
        n->exponent_sign = text.data[0] == '-' ? -1 : 1;
        text = behind(text, 1);
    }
    while (text.len && text.data[0] == '0')
        text = behind(text, 1);
    n->exponent = text;
}

/* Up to the first byte that is no part of the digits. */
static size_t mantissa_len(struct span text)
{
    size_t n = 0;

    while (n < text.len && (json_number_is_digit(text.data[n]) || text.data[n] == '.'))
        n++;
    return n;
}

struct json_number json_number_read(struct span text)
{
    struct json_number n = {.sign = 1};
    const char *point;

    if (text.len && text.data[0] == '-') {
        n.sign = -1;
        text = behind(text, 1);
    }
    n.digits = (struct span){text.data, mantissa_len(text)};
    text = behind(text, n.digits.len);
    read_exponent(&n, behind(text, text.len ? 1 : 0));

    point = n.digits.len ? memchr(n.digits.data, '.', n.digits.len) : NULL;
    n.point = point ? point - n.digits.data : (int64_t)n.digits.len;
    while (n.digits.len && (n.digits.data[0] == '0' || n.digits.data[0] == '.')) {
        n.point -= n.digits.data[0] == '0';
        n.digits = behind(n.digits, 1);
    }
    while (n.digits.len && strchr("0.", n.digits.data[n.digits.len - 1]))
        n.digits.len--;
    if (n.digits.len == 0)
        n.sign = 0;
    return n;
}

/* The digit of @s that stands for 10^power. */
static int digit_at(struct span s, size_t power)
{
    return power < s.len ? s.data[s.len - 1 - power] - '0' : 0;
}

/* a's exponent less b's, but at most DIFFERENCE_MAX either way: what is that large once only grows
 * with further digits. */
static int64_t exponent_difference(const struct json_number *a, const struct json_number *b)
{
    int64_t difference = 0;

    for (size_t power = MAX(a->exponent.len, b->exponent.len); power-- > 0;) {
        difference = difference * 10 + a->exponent_sign * digit_at(a->exponent, power) -
                     b->exponent_sign * digit_at(b->exponent, power);
        if (difference >= DIFFERENCE_MAX || difference <= -DIFFERENCE_MAX)
            return difference;
    }
    return difference;
}

static char take_digit(struct span *digits)
{
    if (digits->data[0] == '.')
        *digits = behind(*digits, 1);
    *digits = behind(*digits, 1);
    return digits->data[-1];
}

static int compare_digits(struct span a, struct span b)
{
    while (a.len && b.len) {
        char from_a = take_digit(&a), from_b = take_digit(&b);

        if (from_a != from_b)
            return from_a < from_b ? -1 : 1;
    }
    return (a.len > 0) - (b.len > 0); /* what is left ends in a digit that is not 0 */
}

int json_number_order(const struct json_number *a, const struct json_number *b)
{
    int64_t powers;

    if (a->sign != b->sign || a->sign == 0)
        return a->sign - b->sign;
    powers = exponent_difference(a, b) + a->point - b->point;
    if (powers)
        return powers < 0 ? -a->sign : a->sign;
    return a->sign * compare_digits(a->digits, b->digits);
}

int json_number_compare(struct span a, struct span b)
{
    struct json_number x = json_number_read(a), y = json_number_read(b);

    return json_number_order(&x, &y);
}
