/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/tenant_setting.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include "common/model/partition.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>

#define WEBHOOK_DIALECT "royalti"
#define HIDDEN "(hidden)"

enum { VALUE_MAX = POLICY_TEXT_MAX };

/* ---- values ---- */

static int tenant_setting_get_bool(struct span value, const char *name, bool *ret,
                                   struct diag *diag)
{
    if (span_equal(value, SPAN("true")))
        *ret = true;
    else if (span_equal(value, SPAN("false")))
        *ret = false;
    else
        return diag_set(diag, "%s: expected true or false", name);
    return 0;
}

static int check_number(struct span value, const char *name, uint64_t min, uint64_t max,
                        struct diag *diag)
{
    uint64_t number;

    if (parse_u64(value, &number) || number < min || number > max)
        return diag_set(diag, "%s: expected a number from %llu to %llu", name,
                        (unsigned long long)min, (unsigned long long)max);
    return 0;
}

/* Words of the endpoint's parts begin with the part's name: the setting's belongs there. */
static int rename_words(int r, const char *name, struct diag *diag)
{
    struct diag words = *diag;
    const char *colon = strstr(words.text, ": ");

    return r == -EINVAL ? diag_set(diag, "%s: %.150s", name, colon ? colon + 2 : words.text) : r;
}

static int tenant_setting_set_part(struct tenant_webhook *w, enum policy_part part,
                                   const char *name, struct span value, const char *unit,
                                   struct diag *diag)
{
    struct buf text;
    int r;

    buf_init(&text, VALUE_MAX);
    buf_add_span(&text, value);
    buf_add_text(&text, unit);
    r = buf_result(&text);
    if (r == -ENOBUFS)
        r = diag_set(diag, "%s: expected at most %d bytes", name, VALUE_MAX);
    if (!r)
        r = rename_words(policy_set(&w->endpoint->policy, part, value.len ? text.data : NULL, diag),
                         name, diag);
    buf_fini(&text);
    return r;
}

static void add_flag(struct buf *ret, bool value)
{
    buf_add_text(ret, value ? "true" : "false");
}

static void add_part(struct buf *ret, const struct endpoint *e, enum policy_part part)
{
    if (e && e->policy.texts[part])
        buf_add_text(ret, e->policy.texts[part]);
}

/* ---- the ten ---- */

static int tenant_setting_set_url(struct tenant_webhook *w, struct span value, struct diag *diag)
{
    int r = value.len ? egress_check_url(w->egress, value, w->tenant->may_be_plain, diag) : 0;

    r = rename_words(r, "webhook-url", diag);
    return r ? r : endpoint_replace_text(&w->endpoint->url, value);
}

static void tenant_setting_get_url(struct buf *ret, const struct tenant *t,
                                   const struct endpoint *e)
{
    (void)t;
    buf_add_text(ret, e ? e->url : "");
}

static int tenant_setting_set_is_active(struct tenant_webhook *w, struct span value,
                                        struct diag *diag)
{
    bool is_active;

    if (tenant_setting_get_bool(value, "webhook-isActive", &is_active, diag))
        return -EINVAL;
    if (is_active && !(*w->endpoint->url))
        return diag_set(diag, "webhook-isActive: expected webhook-url to be set first");
    w->state = is_active ? WEBHOOK_ENABLE : WEBHOOK_DISABLE;
    w->reason = "webhook-isActive is false";
    return 0;
}

static void tenant_setting_get_is_active(struct buf *ret, const struct tenant *t,
                                         const struct endpoint *e)
{
    (void)t;
    add_flag(ret, e && !e->disabled_reason);
}

static int tenant_setting_set_enabled_events(struct tenant_webhook *w, struct span value,
                                             struct diag *diag)
{
    int r = endpoint_set_events(w->endpoint, value.len ? value : SPAN("default"), diag);

    return rename_words(r, "webhook-enabledEvents", diag);
}

static void tenant_setting_get_enabled_events(struct buf *ret, const struct tenant *t,
                                              const struct endpoint *e)
{
    (void)t;
    if (!e || (e->n_events == 1 && strcmp(e->events[0], "default") == 0))
        return;
    for (unsigned i = 0; i < e->n_events; i++) {
        buf_add_text(ret, i ? "," : "");
        buf_add_text(ret, strcmp(e->events[i], "*") == 0 ? "all" : e->events[i]);
    }
}

static int tenant_setting_set_enable_signature_validation(struct tenant_webhook *w,
                                                          struct span value, struct diag *diag)
{
    static const char name[] = "webhook-enableSignatureValidation";
    bool is_on;

    if (tenant_setting_get_bool(value, name, &is_on, diag))
        return -EINVAL;
    return tenant_setting_set_part(w, POLICY_signing, name,
                                   is_on ? SPAN("always") : SPAN("required"), "", diag);
}

static void tenant_setting_get_enable_signature_validation(struct buf *ret, const struct tenant *t,
                                                           const struct endpoint *e)
{
    (void)t;
    add_flag(ret, e && e->policy.row.signing == SIGNING_ALWAYS);
}

/* The new one alone from now on, as the guide has it. */
static int tenant_setting_set_secret_token(struct tenant_webhook *w, struct span value,
                                           struct diag *diag)
{
    struct secret_change change = {.now_ms = w->now_ms, .overlap_ms = 0};
    char text[SECRET_TEXT_MAX + 2];
    int r;

    (void)snprintf(text, sizeof(text), "%.*s", (int)MIN(value.len, sizeof(text) - 1), value.data);
    r = endpoint_add_secret(w->endpoint, w->key, value.len ? text : NULL, &change, w->made, diag);
    OPENSSL_cleanse(text, sizeof(text));
    return rename_words(r, "webhook-secretToken", diag);
}

static void tenant_setting_get_secret_token(struct buf *ret, const struct tenant *t,
                                            const struct endpoint *e)
{
    (void)t;
    buf_add_text(ret, e && e->secrets.n ? HIDDEN : "");
}

static int tenant_setting_set_retry_attempts(struct tenant_webhook *w, struct span value,
                                             struct diag *diag)
{
    static const char name[] = "webhook-retryAttempts";
    int r = value.len ? check_number(value, name, 1, 10, diag) : 0;

    return r ? r : tenant_setting_set_part(w, POLICY_retries, name, value, "", diag);
}

static void tenant_setting_get_retry_attempts(struct buf *ret, const struct tenant *t,
                                              const struct endpoint *e)
{
    (void)t;
    if (e)
        buf_add_u64(ret, e->policy.row.schedule.retries);
}

static int tenant_setting_set_timeout_ms(struct tenant_webhook *w, struct span value,
                                         struct diag *diag)
{
    static const char name[] = "webhook-timeoutMs";
    int r = value.len ? check_number(value, name, 1000, 120000, diag) : 0;

    return r ? r : tenant_setting_set_part(w, POLICY_timeout, name, value, "ms", diag);
}

static void tenant_setting_get_timeout_ms(struct buf *ret, const struct tenant *t,
                                          const struct endpoint *e)
{
    (void)t;
    if (e)
        buf_add_i64(ret, e->policy.row.timeout_ms);
}

static int tenant_setting_set_require_https(struct tenant_webhook *w, struct span value,
                                            struct diag *diag)
{
    const char *url = w->endpoint->url;
    bool is_required;

    if (tenant_setting_get_bool(value, "webhook-requireHttps", &is_required, diag))
        return -EINVAL;
    if (is_required && *url && egress_check_url(w->egress, span_of(url), false, NULL))
        return diag_set(diag, "webhook-requireHttps: webhook-url is not https; expected it to be "
                              "changed first");
    w->tenant->may_be_plain = !is_required;
    return 0;
}

static void tenant_setting_get_require_https(struct buf *ret, const struct tenant *t,
                                             const struct endpoint *e)
{
    (void)e;
    add_flag(ret, !t->may_be_plain);
}

static int tenant_setting_set_custom_headers(struct tenant_webhook *w, struct span value,
                                             struct diag *diag)
{
    return tenant_setting_set_part(w, POLICY_headers, "webhook-customHeaders", value, "", diag);
}

static void tenant_setting_get_custom_headers(struct buf *ret, const struct tenant *t,
                                              const struct endpoint *e)
{
    (void)t;
    add_part(ret, e, POLICY_headers);
}

static int tenant_setting_set_user_agent(struct tenant_webhook *w, struct span value,
                                         struct diag *diag)
{
    return tenant_setting_set_part(w, POLICY_user_agent, "webhook-userAgent", value, "", diag);
}

static void tenant_setting_get_user_agent(struct buf *ret, const struct tenant *t,
                                          const struct endpoint *e)
{
    (void)t;
    if (e)
        buf_add_text(ret, e->policy.row.user_agent);
}

/* ---- the table ---- */

static const struct tenant_setting settings[] = {
#define TENANT_SETTING(id_, name_, type_, default_)                                                \
    {(name_), (type_), (default_), tenant_setting_set_##id_, tenant_setting_get_##id_},
#include "common/model/tenant_setting.def"
#undef TENANT_SETTING
};

const struct tenant_setting *tenant_setting_at(size_t index)
{
    return index < ARRAY_LEN(settings) ? &settings[index] : NULL;
}

const struct tenant_setting *tenant_setting_find(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        if (span_equal(name, span_of(settings[i].name)))
            return &settings[i];
    return NULL;
}

static int tenant_setting_fill(struct tenant_webhook *w, struct diag *diag)
{
    struct endpoint *e = w->endpoint;
    int r = endpoint_replace_text(&e->tenant, span_of(w->tenant->id));

    r = r ? r : endpoint_replace_text(&e->description, SPAN("made by the tenant's settings"));
    r = r ? r : endpoint_set_events(e, SPAN("default"), diag);
    r = r ? r : policy_set(&e->policy, POLICY_signing, "required", diag);
    r = r ? r : tenant_setting_set_secret_token(w, SPAN(""), diag);
    return r ? r : endpoint_replace_text(&w->tenant->webhook, span_of(e->id));
}

int tenant_webhook_make(struct tenant_webhook *w, unsigned partitions, struct diag *diag)
{
    char id[ID_SIZE];
    int r;

    id_make(id, "ep_", partition_of(span_of(w->tenant->id), partitions));
    r = endpoint_new(&w->endpoint, span_of(id), dialect_find(SPAN(WEBHOOK_DIALECT)));
    if (r)
        return r;
    w->endpoint->created_ms = w->now_ms;
    w->state = WEBHOOK_DISABLE;
    w->reason = "webhook-isActive is false";
    return tenant_setting_fill(w, diag);
}

int tenant_setting_set(struct tenant_webhook *w, const struct tenant_setting *s, struct span value,
                       struct diag *diag)
{
    int r;

    if (value.len > VALUE_MAX)
        return diag_set(diag, "%s: expected at most %d bytes", s->name, VALUE_MAX);
    if (value.len && memchr(value.data, '\0', value.len))
        return diag_set(diag, "%s: expected no NUL byte", s->name);
    if (!value.len && strcmp(s->type, "boolean") == 0)
        value = span_of(s->default_text);
    r = s->set(w, value, diag);
    if (!r && !*w->endpoint->url && w->state != WEBHOOK_DISABLE) {
        w->state = WEBHOOK_DISABLE;
        w->reason = "webhook-url is not set";
    }
    return r;
}
