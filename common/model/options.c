/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/options.h"
#include "common/base/text.h"
#include "common/model/event_check.h"
#include "common/model/tenant.h"
#include <errno.h>

enum { SHOWN = 40 };

int option_i64(int64_t *ret, const char *name, const char *value, int64_t min, int64_t max,
               struct diag *diag)
{
    int64_t number;

    if (parse_i64(span_of(value), &number) || number < min || number > max)
        return diag_set(diag, "%s: expected a number from %lld to %lld, not \"%.*s\"", name,
                        (long long)min, (long long)max, SHOWN, value);
    *ret = number;
    return 0;
}

int option_duration(int64_t *ret, const char *name, const char *value, int64_t min, int64_t max,
                    struct diag *diag)
{
    int64_t ms;

    if (parse_duration_ms(span_of(value), &ms) || ms < min || ms > max)
        return diag_set(diag,
                        "%s: expected a duration from %lldms to %llds, such as 30s, not \"%.*s\"",
                        name, (long long)min, (long long)max / 1000, SHOWN, value);
    *ret = ms;
    return 0;
}

int option_any_duration(int64_t *ret, const char *name, const char *value, struct diag *diag)
{
    if (parse_duration_ms(span_of(value), ret) == 0)
        return 0;
    return diag_set(diag, "%s: expected a duration such as 250ms, 2s or 5m", name);
}

int option_dialect(const struct dialect **ret, const char *name, const char *value,
                   struct diag *diag)
{
    const struct dialect *dialect = dialect_find(span_of(value));

    if (!dialect)
        return diag_set(diag, "%s: expected one of %s, not \"%.*s\"", name, dialect_names(), SHOWN,
                        value);
    *ret = dialect;
    return 0;
}

int option_bool(bool *ret, const char *name, const char *value, struct diag *diag)
{
    if (parse_bool(span_of(value), ret) == 0)
        return 0;
    return diag_set(diag, "%s: expected yes or no, not \"%.*s\"", name, SHOWN, value);
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

int option_words(const char **ret, const char *name, const char *value, size_t max,
                 struct diag *diag)
{
    if (strlen(value) > max)
        return diag_set(diag, "%s: %zu bytes; expected at most %zu", name, strlen(value), max);
    if (!text_is_utf8(span_of(value)) || has_control(value))
        return diag_set(diag, "%s: expected UTF-8 text without control characters", name);
    *ret = value;
    return 0;
}

int option_tenant(const char **ret, const char *name, const char *value, struct diag *diag)
{
    if (!text_is_name(span_of(value), EVENT_TENANT_MAX))
        return diag_set(diag, "%s: expected 1 to %d of A-Z a-z 0-9 _ - . :, not \"%.*s\"", name,
                        EVENT_TENANT_MAX, SHOWN, value);
    *ret = value;
    return 0;
}

int option_argument(const char **ret, const char *what, const char *value, struct diag *diag)
{
    if (*ret)
        return diag_set(diag, "one %s only: \"%.*s\" is the second", what, SHOWN, value);
    *ret = value;
    return 0;
}

int option_limit(int64_t *ret, const char *name, const char *value, struct diag *diag)
{
    int64_t limit = 0;

    if (strcmp(value, "default") == 0)
        limit = -1;
    else if (strcmp(value, "none") != 0 &&
             (parse_i64(span_of(value), &limit) || limit < 0 || limit > TENANT_LIMIT_MAX))
        return diag_set(diag, "%s: expected a number from 0 to %d, default or none, not \"%.*s\"",
                        name, TENANT_LIMIT_MAX, SHOWN, value);
    *ret = limit;
    return 0;
}
