/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route.h"
#include "common/base/text.h"
#include <stdio.h>

/* What stands behind a slash, up to the next one, on which *@at goes on. */
static struct span route_next_part(const char **at)
{
    const char *begin = *at + 1;
    size_t len = strcspn(begin, "/");

    *at = begin + len;
    return (struct span){begin, len};
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False when it is too long, cut off, or holds what no id or name does. */
static bool route_decode(char ret[ROUTE_PARAM_BYTES_MAX], struct span part)
{
    size_t n = 0;

    for (size_t i = 0; i < part.len; i++) {
        int c = (unsigned char)part.data[i];

        if (c == '%') {
            int high = i + 2 < part.len ? hex_digit(part.data[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(part.data[i + 2]) : -1;

            if (low < 0)
                return false;
            c = high * 16 + low;
            i += 2;
        }
        if (c < ' ' || c == 0x7f || n + 1 == ROUTE_PARAM_BYTES_MAX)
            return false;
        ret[n++] = (char)c;
    }
    ret[n] = '\0';
    return n > 0;
}

static bool route_fits(const struct route *route, const char *path,
                       char params[ROUTE_PARAMS_MAX][ROUTE_PARAM_BYTES_MAX])
{
    const char *wanted = route->pattern;
    unsigned n = 0;

    while (*wanted && *path == '/') {
        struct span pattern = route_next_part(&wanted), part = route_next_part(&path);

        if (pattern.len && pattern.data[0] == '{') {
            if (!route_decode(params[n++], part))
                return false;
        } else if (!span_equal(pattern, part)) {
            return false;
        }
    }
    return !*wanted && !*path;
}

void route_find(struct route_match *ret, const char *method, const char *path)
{
    const struct route *route;

    ret->route = NULL;
    ret->has_path = false;
    for (size_t i = 0; (route = route_at(i)) && !ret->route; i++) {
        if (!route_fits(route, path, ret->params))
            continue;
        ret->has_path = true;
        if (strcmp(route->method, method) == 0)
            ret->route = route;
    }
}

void route_print(FILE *out)
{
    const struct route *route;

    for (size_t i = 0; (route = route_at(i)); i++)
        (void)fprintf(out, "%s\t%s\t%s\t%s\n", route->method, route->pattern,
                      role_name(route->role), route->is_of_tenant ? "tenant" : "-");
}

void route_methods(char *ret, size_t size, const char *path)
{
    char ignored[ROUTE_PARAMS_MAX][ROUTE_PARAM_BYTES_MAX];
    const struct route *route;
    size_t len = 0;

    *ret = '\0';
    for (size_t i = 0; (route = route_at(i)); i++)
        if (route_fits(route, path, ignored) && len < size)
            len += (size_t)snprintf(ret + len, size - len, "%s%s", len ? ", " : "", route->method);
}
