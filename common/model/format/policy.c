/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/format/policy.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include "common/model/format/extra_headers.h"
#include "common/model/format/policy_names.h"
#include <errno.h>

enum {
    RETRIES_MAX = 100,
    JITTER_MAX = 100,
    RULES_MAX = 16, /* of `statuses`; the dialect's own come behind them */
    PREFIX_MAX = 40,
    USER_AGENT_MAX = 256,
    LINES_BYTES_MAX = 8192,
};
#define DELAY_MIN_MS INT64_C(100)
#define DELAY_MAX_MS (INT64_C(30) * 24 * 3600 * 1000)
#define TIMEOUT_MAX_MS INT64_C(120000)
#define RETRY_AFTER_MAX_MS (INT64_C(7) * 24 * 3600 * 1000)

static const struct {
    const char *name, *value, *help;
} parts[N_POLICY_PARTS] = {
#define PART(id_, name_, value_, help_) {(name_), (value_), (help_)},
#include "common/model/format/policy.def"
#undef PART
};

const char *policy_part_name(enum policy_part part)
{
    return parts[part].name;
}

const char *policy_part_value(enum policy_part part)
{
    return parts[part].value;
}

const char *policy_part_help(enum policy_part part)
{
    return parts[part].help;
}

int policy_part_find(struct span name, enum policy_part *ret)
{
    for (unsigned i = 0; i < N_POLICY_PARTS; i++) {
        if (!span_equal(name, span_of(parts[i].name)))
            continue;
        *ret = (enum policy_part)i;
        return 0;
    }
    return -ENOENT;
}

/* ---- small forms ---- */

/* What stands before the first @separator; *@rest goes on behind it, or is empty. */
static struct span policy_cut(struct span *rest, char separator)
{
    const char *found = rest->len ? memchr(rest->data, separator, rest->len) : NULL;
    struct span head = {rest->data, found ? (size_t)(found - rest->data) : rest->len};
    size_t step = head.len + (found ? 1 : 0);

    *rest = (struct span){rest->data + step, rest->len - step};
    return head;
}

static struct span policy_trim(struct span s)
{
    while (s.len && s.data[0] == ' ')
        s = (struct span){s.data + 1, s.len - 1};
    while (s.len && s.data[s.len - 1] == ' ')
        s.len--;
    return s;
}

/* Behind it something was forgotten. */
static int check_end(struct span list, const char *name, struct diag *diag)
{
    list = policy_trim(list);
    if (list.len && list.data[list.len - 1] == ',')
        return diag_set(diag, "%s: ends in a comma; expected another entry behind it", name);
    return 0;
}

static int policy_get_number(struct span text, uint64_t max, unsigned *ret)
{
    uint64_t value;

    if (parse_u64(text, &value) || value > max)
        return -EINVAL;
    *ret = (unsigned)value;
    return 0;
}

static int get_duration(struct span text, int64_t min, int64_t max, int64_t *ret)
{
    int64_t value;

    if (parse_duration_ms(text, &value) || value < min || value > max)
        return -EINVAL;
    *ret = value;
    return 0;
}

/* "1", "1.5", "2.25": times 100. */
static int get_factor(struct span text, unsigned *ret)
{
    struct span rest = text, whole = policy_cut(&rest, '.');
    unsigned value, parts_of_100 = 0;

    if (policy_get_number(whole, 10, &value) || rest.len > 2)
        return -EINVAL;
    if (whole.len < text.len && policy_get_number(rest, 99, &parts_of_100))
        return -EINVAL;
    value = value * 100 + parts_of_100 * (rest.len == 1 ? 10 : 1);
    if (value < 100 || value > 1000)
        return -EINVAL;
    *ret = value;
    return 0;
}

/* ---- the parts: each takes its text over into the row ---- */

static int apply_header_prefix(struct policy *p, const char *text, struct diag *diag)
{
    size_t len = strlen(text);

    if (len == 0 || len > PREFIX_MAX || !text_is_name(span_of(text), PREFIX_MAX) ||
        strpbrk(text, "._:") || text[0] == '-') /* "_": many servers drop such headers */
        return diag_set(diag, "header-prefix: expected 1 to %d letters, digits and hyphens",
                        PREFIX_MAX);
    p->row.own_prefix = text;
    return 0;
}

static int find_name(const char *const *names, size_t n, struct span text)
{
    for (size_t i = 0; i < n; i++)
        if (span_equal(span_of(names[i]), text))
            return (int)i;
    return -1;
}

static int apply_signature(struct policy *p, const char *text, struct diag *diag)
{
    int i = find_name(form_names, ARRAY_LEN(form_names), span_of(text));

    if (i < 0)
        return diag_set(diag, "signature: expected hex, sha256-hex, v1 or v1a");
    p->row.signature.form = (enum sign_form)i;
    return 0;
}

static int apply_signed_text(struct policy *p, const char *text, struct diag *diag)
{
    int i = find_name(signed_names, ARRAY_LEN(signed_names), span_of(text));

    if (i < 0)
        return diag_set(diag, "signed-text: expected body, timestamp.body or id.timestamp.body");
    p->row.signature.text = (enum sign_text)i;
    return 0;
}

static int apply_signing(struct policy *p, const char *text, struct diag *diag)
{
    int i = find_name(signing_names, ARRAY_LEN(signing_names), span_of(text));

    if (i < 0)
        return diag_set(diag, "signing: expected always or required");
    p->row.signing = (enum signing)i;
    return 0;
}

/* "base=2s factor=2 cap=1h" */
static int apply_exponential(struct policy *p, struct span rest, struct diag *diag)
{
    struct dialect_schedule s = {.factor_percent = 200,
                                 .cap_ms = 24 * INT64_C(3600000),
                                 .jitter_percent = p->row.schedule.jitter_percent,
                                 .retries = p->row.schedule.retries};

    while ((rest = policy_trim(rest)).len) {
        struct span value = policy_cut(&rest, ' '), name = policy_cut(&value, '=');
        int r = -EINVAL;

        if (span_equal(name, SPAN("base")))
            r = get_duration(value, DELAY_MIN_MS, DELAY_MAX_MS, &s.base_ms);
        else if (span_equal(name, SPAN("cap")))
            r = get_duration(value, DELAY_MIN_MS, DELAY_MAX_MS, &s.cap_ms);
        else if (span_equal(name, SPAN("factor")))
            r = get_factor(value, &s.factor_percent);
        if (r)
            return diag_set(diag,
                            "schedule: \"%.*s\": expected base and cap of 100ms to 30d, "
                            "and a factor of 1 to 10",
                            (int)MIN(name.len, 20u), name.data);
    }
    if (!s.base_ms || s.cap_ms < s.base_ms)
        return diag_set(diag, "schedule: expected a base, and a cap that is not below it");
    p->row.schedule = s;
    return 0;
}

/* "30s,5m,2h" */
static int apply_delays(struct policy *p, struct span rest, struct diag *diag)
{
    struct dialect_schedule s = {.jitter_percent = p->row.schedule.jitter_percent};
    int r = check_end(rest, "schedule", diag);

    if (r)
        return r;
    while (rest.len) {
        struct span item = policy_trim(policy_cut(&rest, ','));

        if (s.n_delays == DIALECT_SCHEDULE_MAX)
            return diag_set(diag, "schedule: expected at most %d delays", DIALECT_SCHEDULE_MAX);
        if (get_duration(item, DELAY_MIN_MS, DELAY_MAX_MS, &s.delays_ms[s.n_delays]))
            return diag_set(diag,
                            "schedule: \"%.*s\": expected delays of 100ms to 30d, as "
                            "30s,5m,2h, or base=2s factor=2 cap=1h",
                            (int)MIN(item.len, 20u), item.data);
        s.n_delays++;
    }
    if (!s.n_delays)
        return diag_set(diag,
                        "schedule: expected delays, as 30s,5m,2h, or base=2s factor=2 cap=1h");
    s.retries = s.n_delays;
    p->row.schedule = s;
    return 0;
}

static int apply_schedule(struct policy *p, const char *text, struct diag *diag)
{
    return strchr(text, '=') ? apply_exponential(p, span_of(text), diag)
                             : apply_delays(p, span_of(text), diag);
}

static int apply_retries(struct policy *p, const char *text, struct diag *diag)
{
    if (policy_get_number(span_of(text), RETRIES_MAX, &p->row.schedule.retries))
        return diag_set(diag, "retries: expected 0 to %d", RETRIES_MAX);
    return 0;
}

static int apply_jitter(struct policy *p, const char *text, struct diag *diag)
{
    struct span number = span_of(text);

    if (number.len && number.data[number.len - 1] == '%')
        number.len--;
    if (policy_get_number(number, JITTER_MAX, &p->row.schedule.jitter_percent))
        return diag_set(diag, "jitter: expected 0 to %d (percent)", JITTER_MAX);
    return 0;
}

static int apply_timeout(struct policy *p, const char *text, struct diag *diag)
{
    if (get_duration(span_of(text), DELAY_MIN_MS, TIMEOUT_MAX_MS, &p->row.timeout_ms))
        return diag_set(diag, "timeout: expected a duration from 100ms to 120s");
    return 0;
}

static int apply_retry_after_max(struct policy *p, const char *text, struct diag *diag)
{
    if (get_duration(span_of(text), 0, RETRY_AFTER_MAX_MS, &p->row.retry_after_max_ms))
        return diag_set(diag, "retry-after-max: expected a duration up to 7d, or 0");
    return 0;
}

/* "400-499=final", "*=retry" */
static int parse_rule(struct span rule, struct dialect_status *ret)
{
    struct span meaning = rule, range = policy_trim(policy_cut(&meaning, '=')), last = range;
    struct span first = policy_cut(&last, '-');
    unsigned from = 0, to = 999;
    int i = find_name(meaning_names, ARRAY_LEN(meaning_names), policy_trim(meaning));

    if (i < 0)
        return -EINVAL;
    if (!span_equal(range, SPAN("*"))) {
        if (policy_get_number(first, 599, &from) || from < 200)
            return -EINVAL;
        to = from;
        if (first.len < range.len && (policy_get_number(last, 599, &to) || to < from))
            return -EINVAL;
    }
    *ret = (struct dialect_status){(int)from, (int)to, (enum status_meaning)i};
    return 0;
}

static int apply_statuses(struct policy *p, const char *text, struct diag *diag)
{
    struct dialect_status rules[DIALECT_STATUSES_MAX];
    struct span rest = span_of(text);
    unsigned n = 0;
    int r = check_end(rest, "statuses", diag);

    if (r)
        return r;
    while (rest.len) {
        struct span rule = policy_trim(policy_cut(&rest, ','));

        if (n == RULES_MAX)
            return diag_set(diag, "statuses: expected at most %d rules", RULES_MAX);
        if (parse_rule(rule, &rules[n]))
            return diag_set(diag,
                            "statuses: \"%.*s\": expected rules such as 410=disable or "
                            "400-499=final; meanings: success, retry, timeout, slow, final, "
                            "disable",
                            (int)MIN(rule.len, 40u), rule.data);
        n++;
    }
    if (!n)
        return diag_set(diag, "statuses: expected at least one rule, such as 404=final");
    for (unsigned i = 0; i < p->row.n_statuses && n < ARRAY_LEN(rules); i++)
        rules[n++] = p->row.statuses[i];
    memcpy(p->row.statuses, rules, n * sizeof(rules[0]));
    p->row.n_statuses = n;
    return 0;
}

static int apply_headers(struct policy *p, const char *text, struct diag *diag)
{
    return extra_headers_parse(&p->lines, span_of(text), diag);
}

static int apply_user_agent(struct policy *p, const char *text, struct diag *diag)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++)
        if (text[i] < ' ' || text[i] > '~')
            return diag_set(diag, "user-agent: expected printable ASCII");
    if (len == 0 || len > USER_AGENT_MAX || text[0] == ' ' || text[len - 1] == ' ')
        return diag_set(diag, "user-agent: expected 1 to %d characters, without spaces around them",
                        USER_AGENT_MAX);
    p->row.user_agent = text;
    return 0;
}

typedef int apply_fn(struct policy *p, const char *text, struct diag *diag);

static apply_fn *const applies[N_POLICY_PARTS] = {
#define PART(id_, ...) apply_##id_,
#include "common/model/format/policy.def"
#undef PART
};

/* ---- the whole ---- */

static bool has_header(const struct dialect *d, enum dialect_value value)
{
    for (unsigned i = 0; i < d->n_headers; i++)
        if (d->headers[i].value == value)
            return true;
    return false;
}

/* Who verifies needs what is signed. */
static void add_signed_headers(struct dialect *d)
{
    if (d->signature.text == SIGN_TEXT_BODY)
        return;
    if (!has_header(d, VALUE_TIMESTAMP_S))
        d->headers[d->n_headers++] = d->timestamp_header;
    if (d->signature.text == SIGN_TEXT_ID_TIMESTAMP_BODY && !has_header(d, VALUE_DELIVERY_ID))
        d->headers[d->n_headers++] = d->id_header;
}

static int check_own_name(const struct policy *p, const char *name, struct diag *diag)
{
    struct buf sent;
    int r;

    buf_init(&sent, 256);
    dialect_header_name(&sent, &p->row, name);
    r = buf_result(&sent);
    if (!r && extra_headers_have(buf_span(&p->lines), sent.data))
        r = diag_set(diag, "headers: %s is the dialect's own", sent.data);
    buf_fini(&sent);
    return r;
}

static int check_own_names(const struct policy *p, struct diag *diag)
{
    int r = p->lines.len ? check_own_name(p, p->row.signature.header, diag) : 0;

    for (unsigned i = 0; i < p->row.n_headers && p->lines.len && !r; i++)
        r = check_own_name(p, p->row.headers[i].name, diag);
    return r;
}

static int compile(struct policy *p, const struct dialect *d, struct diag *diag)
{
    int r = 0;

    p->row = *d;
    buf_clear(&p->lines);
    for (unsigned i = 0; i < N_POLICY_PARTS && !r; i++)
        if (p->texts[i])
            r = applies[i](p, p->texts[i], diag);
    if (r)
        return r;
    add_signed_headers(&p->row);
    return check_own_names(p, diag);
}

void policy_init(struct policy *p, const struct dialect *d)
{
    *p = (struct policy){.row = *d};
    buf_init(&p->lines, LINES_BYTES_MAX);
}

void policy_fini(struct policy *p)
{
    for (unsigned i = 0; i < N_POLICY_PARTS; i++)
        free(p->texts[i]);
    buf_fini(&p->lines);
    *p = (struct policy){0};
}

int policy_set(struct policy *p, enum policy_part part, const char *text, struct diag *diag)
{
    const struct dialect *d = dialect_find(span_of(p->row.name));
    char *old = p->texts[part], *copy = NULL;
    int r;

    if (text && strlen(text) > POLICY_TEXT_MAX)
        return diag_set(diag, "%s: longer than %d bytes", parts[part].name, POLICY_TEXT_MAX);
    if (text && !(copy = strdup(text)))
        return err_origin(-ENOMEM);
    p->texts[part] = copy;
    r = compile(p, d, diag);
    if (r) {
        p->texts[part] = old;
        (void)compile(p, d, NULL); /* went well before */
        old = copy;
    }
    free(old);
    return r;
}

int policy_set_dialect(struct policy *p, const struct dialect *d, struct diag *diag)
{
    const struct dialect *old = dialect_find(span_of(p->row.name));
    int r = compile(p, d, diag);

    if (r)
        (void)compile(p, old, NULL);
    return r;
}
