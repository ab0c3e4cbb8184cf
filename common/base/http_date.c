/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/http_date.h"
#include <time.h>

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const long_days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};

static const char *const zone[] = {"GMT"};

static bool http_date_take_name(struct span *at, const char *const *names, size_t n, int *ret)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(names[i]);

        if (at->len < len || memcmp(at->data, names[i], len) != 0)
            continue;
        *at = (struct span){at->data + len, at->len - len};
        *ret = (int)i;
        return true;
    }
    return false;
}

static bool http_date_take_digits(struct span *at, size_t n, int *ret)
{
    int value = 0;

    if (at->len < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (at->data[i] < '0' || at->data[i] > '9')
            return false;
        value = value * 10 + (at->data[i] - '0');
    }
    *at = (struct span){at->data + n, at->len - n};
    *ret = value;
    return true;
}

/* A two-digit year that looks more than 50 years ahead is the last one that ended so (RFC
 * 9110 5.6.7). */
static void set_short_year(struct tm *ret, int digits, int64_t now_wall_ms)
{
    time_t now = (time_t)(now_wall_ms / 1000);
    struct tm today = {0};
    int year;

    (void)gmtime_r(&now, &today);
    year = today.tm_year + 1900;
    year += (digits - year % 100 + 100) % 100; /* the next one */
    if (year > today.tm_year + 1900 + 50)
        year -= 100;
    ret->tm_year = year - 1900;
}

static bool take_year(struct span *at, struct tm *ret)
{
    int year;

    if (!http_date_take_digits(at, 4, &year))
        return false;
    ret->tm_year = year - 1900;
    return true;
}

/* One part of a date: w W weekday, d day, _ day with a space for its first digit, b month, Y y
 * year, H M S, Z the word GMT; everything else is itself. */
static bool http_date_take_part(struct span *at, char part, struct tm *ret, int64_t now_wall_ms)
{
    int digits;

    switch (part) {
    case 'w':
        return http_date_take_name(at, days, ARRAY_LEN(days), &ret->tm_wday);
    case 'W':
        return http_date_take_name(at, long_days, ARRAY_LEN(long_days), &ret->tm_wday);
    case 'b':
        return http_date_take_name(at, months, ARRAY_LEN(months), &ret->tm_mon);
    case '_':
        if (at->len && at->data[0] == ' ') {
            *at = (struct span){at->data + 1, at->len - 1};
            return http_date_take_digits(at, 1, &ret->tm_mday);
        }
        return http_date_take_digits(at, 2, &ret->tm_mday);
    case 'd':
        return http_date_take_digits(at, 2, &ret->tm_mday);
    case 'Y':
        return take_year(at, ret);
    case 'y':
        if (!http_date_take_digits(at, 2, &digits))
            return false;
        set_short_year(ret, digits, now_wall_ms);
        return true;
    case 'H':
        return http_date_take_digits(at, 2, &ret->tm_hour);
    case 'M':
        return http_date_take_digits(at, 2, &ret->tm_min);
    case 'S':
        return http_date_take_digits(at, 2, &ret->tm_sec);
    case 'Z':
        return http_date_take_name(at, zone, ARRAY_LEN(zone), &digits);
    }
    if (at->len == 0 || at->data[0] != part)
        return false;
    *at = (struct span){at->data + 1, at->len - 1};
    return true;
}

static bool parse_as(struct span text, const char *form, int64_t now_wall_ms, int64_t *ret_s)
{
    struct tm tm = {0};
    int day;

    for (; *form; form++)
        if (!http_date_take_part(&text, *form, &tm, now_wall_ms))
            return false;
    if (text.len || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    tm.tm_sec = MIN(tm.tm_sec, 59); /* a leap second ends no day */
    day = tm.tm_mday;
    *ret_s = timegm(&tm);
    return tm.tm_mday == day; /* else there is no such day, and timegm() moved it */
}

bool http_date_parse(struct span text, int64_t now_wall_ms, int64_t *ret_s)
{
    static const char *const forms[] = {
        "w, d b Y H:M:S Z", /* Sun, 06 Nov 1994 08:49:37 GMT */
        "W, d-b-y H:M:S Z", /* Sunday, 06-Nov-94 08:49:37 GMT */
        "w b _ H:M:S Y",    /* Sun Nov  6 08:49:37 1994 */
    };
    int64_t seconds;

    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (!parse_as(text, forms[i], now_wall_ms, &seconds))
            continue;
        *ret_s = seconds;
        return true;
    }
    return false;
}
