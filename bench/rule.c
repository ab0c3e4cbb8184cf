/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/rule.h"

#include "common/base/text.h"
#include <errno.h>

static int rule_add(struct rules *rules, struct rule **ret, struct span prefix, struct diag *diag)
{
    struct rule *rule = NULL;

    if (rules->n == RULES_MAX)
        return diag_set(diag, "more than %d --hang and --fail", RULES_MAX);
    rule = &rules->rows[rules->n];
    if (!prefix.len || *prefix.data != '/' || prefix.len >= sizeof(rule->prefix))
        return diag_set(diag, "path prefix \"%.*s\": expected '/' and at most %zu characters",
                        (int)prefix.len, prefix.data, sizeof(rule->prefix) - 1);
    memset(rule, 0, sizeof(*rule));
    memcpy(rule->prefix, prefix.data, prefix.len);
    rule->prefix_len = prefix.len;
    rules->n++;
    *ret = rule;
    return 0;
}

int rules_add_hang(struct rules *rules, const char *text, struct diag *diag)
{
    struct rule *rule = NULL;
    int r;

    r = rule_add(rules, &rule, span_of(text), diag);
    if (r)
        return r;
    rule->status = RULE_HANG;
    return 0;
}

/* "every 10" or "first 2" */
static int parse_when(struct rule *rule, const char *text)
{
    uint64_t *field, n;

    if (strncmp(text, "every ", 6) == 0)
        field = &rule->every;
    else if (strncmp(text, "first ", 6) == 0)
        field = &rule->first;
    else
        return -EINVAL;
    if (parse_u64(span_of(text + 6), &n) || !n)
        return -EINVAL;
    *field = n;
    return 0;
}

int rules_add_fail(struct rules *rules, const char *text, struct diag *diag)
{
    const char *equals = strrchr(text, '='), *when = equals ? strchr(equals, ':') : NULL;
    struct rule *rule = NULL;
    uint64_t status;
    int r;

    if (!equals || parse_u64((struct span){equals + 1,
                                           when ? (size_t)(when - equals - 1) : strlen(equals + 1)},
                             &status))
        return diag_set(diag, "\"%s\": expected /prefix=STATUS[:every N|:first N]", text);
    if (status < 200 || status > 599)
        return diag_set(diag, "\"%s\": status must be 200..599", text);
    r = rule_add(rules, &rule, (struct span){text, (size_t)(equals - text)}, diag);
    if (r)
        return r;
    rule->status = (int)status;
    if (when && parse_when(rule, when + 1))
        return diag_set(diag, "\"%s\": behind ':' expected \"every N\" or \"first N\", N from 1",
                        text);
    return 0;
}

static bool applies(struct rule *rule, uint32_t attempt)
{
    if (rule->every && ++rule->seen % rule->every)
        return false;
    return !rule->first || attempt <= rule->first;
}

int rules_judge(struct rules *rules, struct span path, uint32_t attempt)
{
    for (size_t i = 0; i < rules->n; i++) {
        struct rule *rule = &rules->rows[i];

        if (path.len >= rule->prefix_len && memcmp(path.data, rule->prefix, rule->prefix_len) == 0)
            return applies(rule, attempt) ? rule->status : 200;
    }
    return 200;
}
