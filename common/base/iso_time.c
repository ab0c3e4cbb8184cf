/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/iso_time.h"
#include <errno.h>

enum { DAY_MS = 86400000 };

/* 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z. */
static const int64_t first_ms = INT64_C(-62167219200000), last_ms = INT64_C(253402300799999);

struct date {
    int64_t year;
    unsigned month, day;
};

/* Counts days from 0000-03-01 on, so that the leap day is the last of its year; a cycle of 400
 * years has 146097 days. */
static struct date date_of_days(int64_t days_since_1970)
{
    int64_t days = days_since_1970 + 719468 + 146097; /* one cycle more: never negative here */
    int64_t cycle = days / 146097;
    unsigned of_cycle = (unsigned)(days % 146097);
    unsigned year = (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
    unsigned of_year = of_cycle - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * of_year + 2) / 153; /* from March */

    return (struct date){
        .year = (cycle - 1) * 400 + year + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = of_year - (153 * month + 2) / 5 + 1,
    };
}

static int64_t days_of_date(struct date d)
{
    int64_t year = d.year + 400 - (d.month <= 2);
    unsigned of_cycle_year = (unsigned)(year % 400);
    unsigned of_year = (153 * (d.month > 2 ? d.month - 3 : d.month + 9) + 2) / 5 + d.day - 1;

    return (year / 400 - 1) * 146097 + of_cycle_year * 365 + of_cycle_year / 4 -
           of_cycle_year / 100 + of_year - 719468;
}

static char *iso_time_put(char *out, unsigned value, unsigned digits, char after)
{
    for (unsigned i = digits; i > 0; i--) {
        out[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    out[digits] = after;
    return out + digits + 1;
}

void iso_time_write(char *out, int64_t ms)
{
    int64_t days;
    unsigned of_day;
    struct date date;

    ms = MAX(first_ms, MIN(last_ms, ms));
    days = ms / DAY_MS - (ms % DAY_MS < 0);
    of_day = (unsigned)(ms - days * DAY_MS);
    date = date_of_days(days);

    out = iso_time_put(out, (unsigned)date.year, 4, '-');
    out = iso_time_put(out, date.month, 2, '-');
    out = iso_time_put(out, date.day, 2, 'T');
    out = iso_time_put(out, of_day / 3600000, 2, ':');
    out = iso_time_put(out, of_day / 60000 % 60, 2, ':');
    out = iso_time_put(out, of_day / 1000 % 60, 2, '.');
    (void)iso_time_put(out, of_day % 1000, 3, 'Z');
}

/* Takes @digits digits and then @after ('\0': nothing) from the front of @text. */
static bool iso_time_take_number(struct span *text, size_t digits, char after, unsigned *ret)
{
    size_t len = digits + (after != '\0');
    unsigned value = 0;

    if (text->len < len || (after && text->data[digits] != after))
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (text->data[i] < '0' || text->data[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text->data[i] - '0');
    }
    *text = (struct span){text->data + len, text->len - len};
    *ret = value;
    return true;
}

/* ".5", ".123456": milliseconds, cut off behind the third digit. Nothing there: 0. */
static bool take_fraction(struct span *text, unsigned *ret_ms)
{
    unsigned factor = 100, digit, ms = 0;

    if (text->len == 0 || text->data[0] != '.') {
        *ret_ms = 0;
        return true;
    }
    *text = (struct span){text->data + 1, text->len - 1};
    if (!iso_time_take_number(text, 1, '\0', &digit))
        return false;
    do {
        ms += digit * factor;
        factor /= 10;
    } while (iso_time_take_number(text, 1, '\0', &digit));
    *ret_ms = ms;
    return true;
}

/* "Z" or "+02:00", which must be all that is left. */
static int parse_zone(struct span text, int64_t *ret_ms)
{
    unsigned hours, minutes;
    bool is_west;

    if (span_equal(text, SPAN("Z"))) {
        *ret_ms = 0;
        return 0;
    }
    if (text.len == 0 || (text.data[0] != '+' && text.data[0] != '-'))
        return -EINVAL;
    is_west = text.data[0] == '-';
    text = (struct span){text.data + 1, text.len - 1};
    if (!iso_time_take_number(&text, 2, ':', &hours) ||
        !iso_time_take_number(&text, 2, '\0', &minutes) || text.len)
        return -EINVAL;
    if (hours > 23 || minutes > 59)
        return -ERANGE;
    *ret_ms = (int64_t)(hours * 60 + minutes) * (is_west ? -60000 : 60000);
    return 0;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 && is_leap ? 29 : days[month - 1];
}

int parse_iso_time(struct span text, int64_t *ret_ms)
{
    unsigned year, month, day, hour, minute, second, ms;
    int64_t zone_ms, days;
    int r;

    if (!iso_time_take_number(&text, 4, '-', &year) ||
        !iso_time_take_number(&text, 2, '-', &month) ||
        !iso_time_take_number(&text, 2, 'T', &day) || !iso_time_take_number(&text, 2, ':', &hour) ||
        !iso_time_take_number(&text, 2, ':', &minute) ||
        !iso_time_take_number(&text, 2, '\0', &second) || !take_fraction(&text, &ms))
        return -EINVAL;
    r = parse_zone(text, &zone_ms);
    if (r)
        return r;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 ||
        minute > 59 || second > 59)
        return -ERANGE;

    days = days_of_date((struct date){year, month, day});
    *ret_ms = days * DAY_MS + (int64_t)hour * 3600000 + (int64_t)minute * 60000 +
              (int64_t)second * 1000 + ms - zone_ms;
    return 0;
}
