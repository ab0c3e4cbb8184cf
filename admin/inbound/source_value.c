/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/inbound/source_value.h"
#include "common/model/inbound/source_event.h"
#include "common/model/options.h"
#include <errno.h>
#include <stdio.h>

int source_value_text(struct span *ret, const char *name, const json_t *value, size_t max,
                      struct diag *diag)
{
    if (!json_is_string(value) || json_string_length(value) > max)
        return diag_set(diag, "%s: expected a text of at most %zu bytes", name, max);
    *ret = (struct span){json_string_value(value), json_string_length(value)};
    return 0;
}

static void source_value_copy(char *to, struct span text)
{
    memcpy(to, text.data, text.len);
    to[text.len] = '\0';
}

static bool source_value_is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* RFC 9110, in lower case. */
int source_value_header(char ret[SOURCE_TEXT_MAX + 1], const char *name, const json_t *value,
                        struct diag *diag)
{
    struct span text;

    if (source_value_text(&text, name, value, SOURCE_TEXT_MAX, diag))
        return -EINVAL;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        ret[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
        if (!source_value_is_token_char(ret[i]))
            return diag_set(diag, "%s: expected the name of a header", name);
    }
    ret[text.len] = '\0';
    return text.len ? 0 : diag_set(diag, "%s: expected the name of a header", name);
}

/* "5m", or milliseconds. */
int source_value_duration(int64_t *ret, const char *name, const json_t *value, int64_t min,
                          int64_t max, struct diag *diag)
{
    char digits[32];

    if (json_is_string(value))
        return option_duration(ret, name, json_string_value(value), min, max, diag);
    if (!json_is_integer(value))
        return diag_set(diag, "%s: expected a duration such as 5m", name);
    (void)snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(value));
    return option_duration(ret, name, digits, min, max, diag);
}

/* ---- where a text is from ---- */

static int get_path(struct source_pick *ret, const char *name, const json_t *value,
                    struct diag *diag)
{
    struct span text;

    if (source_value_text(&text, name, value, SOURCE_TEXT_MAX, diag) ||
        source_path_check(name, text, diag))
        return -EINVAL;
    source_value_copy(ret->text, text);
    return 0;
}

static int get_fixed(struct source_pick *ret, const char *name, const json_t *value,
                     struct diag *diag)
{
    struct span text;

    if (source_value_text(&text, name, value, SOURCE_TEXT_MAX, diag) ||
        source_type_check(name, text, diag))
        return -EINVAL;
    source_value_copy(ret->text, text);
    return 0;
}

static int source_value_take_from(struct source_pick *ret, const char *name, const json_t *value,
                                  struct diag *diag)
{
    const char *member = strchr(name, '.') + 1;

    if (strcmp(member, "header") == 0) {
        ret->from = SOURCE_FROM_HEADER;
        return source_value_header(ret->text, name, value, diag);
    }
    if (strcmp(member, "path") == 0) {
        ret->from = SOURCE_FROM_PATH;
        return get_path(ret, name, value, diag);
    }
    if (strcmp(name, "event_type.fixed") == 0) {
        ret->from = SOURCE_FROM_FIXED;
        return get_fixed(ret, name, value, diag);
    }
    ret->from = SOURCE_FROM_BODY;
    ret->text[0] = '\0';
    return json_is_true(value) ? 0 : diag_set(diag, "%s: expected true", name);
}

int source_value_type_prefix(char ret[SOURCE_TEXT_MAX + 1], const json_t *value, struct diag *diag)
{
    struct span text;

    if (source_value_text(&text, "event_type.prefix", value, 64, diag) ||
        (text.len && source_type_check("event_type.prefix", text, diag)))
        return -EINVAL;
    source_value_copy(ret, text);
    return 0;
}

/* {"header": "X-GitHub-Event", "prefix": "github."}: one of the former, and what may stand beside it. */
int source_value_pick(struct source_pick *ret, const char *field, const char *const *names,
                      const char *words, const json_t *value, struct diag *diag)
{
    struct source_pick found = {0};
    char name[32];
    unsigned n = 0;

    if (!json_is_object(value))
        return diag_set(diag, "%s: expected %s", field, words);
    for (unsigned i = 0; i < 3; i++) {
        const json_t *member = json_object_get(value, names[i]);

        (void)snprintf(name, sizeof(name), "%s.%s", field, names[i]);
        if (!member || json_is_null(member))
            continue;
        if (source_value_take_from(&found, name, member, diag))
            return -EINVAL;
        n++;
    }
    if (n != 1)
        return diag_set(diag, "%s: expected %s", field, words);
    *ret = found;
    return 0;
}

int source_value_only(const char *field, const json_t *value, const char *const *names,
                      struct diag *diag)
{
    const char *name;
    json_t *member;

    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        unsigned i = 0;

        while (names[i] && strcmp(names[i], name) != 0)
            i++;
        if (!names[i])
            return diag_set(diag, "%s.%.40s: unknown", field, name);
    }
    return 0;
}
