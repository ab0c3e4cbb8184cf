/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/destination.h"
#include "common/model/mail_address.h"
#include <strings.h>

/* A row's functions may be its own. */
#define DESTINATION(name, schemes, title, check, outcome, secret, takes_tls)                       \
    extern destination_check_fn check;                                                             \
    extern destination_outcome_fn outcome;
#include DESTINATION_ROWS
#undef DESTINATION

#define DESTINATION(name, ...) {#name, __VA_ARGS__},
static const struct destination_type types[] = {
#include DESTINATION_ROWS
};
#undef DESTINATION

int destination_check_http(struct span url, const struct destination_rules *rules,
                           struct diag *diag)
{
    return egress_check_url(rules->egress, url, rules->may_be_plain, diag);
}

int destination_check_mail(struct span url, const struct destination_rules *rules,
                           struct diag *diag)
{
    (void)rules;
    return mail_url_check(url, diag);
}

/* Is it one of the words of @schemes? */
static bool destination_has_scheme(const char *schemes, struct span url)
{
    while (*schemes) {
        size_t len = strcspn(schemes, " ");

        if (url.len >= len && strncasecmp(url.data, schemes, len) == 0)
            return true;
        schemes += len + (schemes[len] == ' ');
    }
    return false;
}

const struct destination_type *destination_type_of(struct span url)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (destination_has_scheme(types[i].schemes, url))
            return &types[i];
    return &types[0];
}

const struct destination_type *destination_type_find(struct span name)
{
    if (!name.len)
        return &types[0];
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (span_equal(name, span_of(types[i].name)))
            return &types[i];
    return NULL;
}

const char *destination_title(struct span name)
{
    const struct destination_type *type = destination_type_find(name);

    return type ? type->title : "status";
}

struct span destination_record_name(const struct destination_type *type)
{
    return type == &types[0] ? SPAN("") : span_of(type->name);
}

unsigned destination_type_index(const struct destination_type *type)
{
    return (unsigned)(type - types);
}

int destination_check(struct span url, const struct destination_rules *rules, struct diag *diag)
{
    return destination_type_of(url)->check(url, rules, diag);
}
