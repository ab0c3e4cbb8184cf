#include "producer/cli/webhook.h"
#include "common/sign.h"
#include "common/text.h"
#include <errno.h>
#include <stdio.h>
#include <strings.h>

int webhook_add_header(struct webhook *w, const char *name, const char *value)
{
    if (w->n_headers == WEBHOOK_HEADERS_MAX)
        return -ENOBUFS;
    w->headers[w->n_headers++] = (struct header){name, value};
    return 0;
}

const char *webhook_header(const struct webhook *w, const char *name)
{
    for (size_t i = 0; name && i < w->n_headers; i++)
        if (strcasecmp(w->headers[i].name, name) == 0)
            return w->headers[i].value;
    return NULL;
}

const char *webhook_header_of(const struct dialect *d, enum dialect_value value)
{
    for (unsigned i = 0; i < d->n_headers; i++)
        if (d->headers[i].value == value)
            return d->headers[i].name;
    return NULL;
}

static bool is_hex(const char *text)
{
    return strlen(text) == 2 * SIGN_DIGEST_BYTES &&
           strspn(text, "0123456789abcdefABCDEF") == 2 * SIGN_DIGEST_BYTES;
}

/* Is @value written in @form, as far as can be seen without a key? */
static bool has_form(const char *value, enum sign_form form)
{
    switch (form) {
    case SIGN_FORM_HEX:
        return is_hex(value);
    case SIGN_FORM_SHA256_HEX:
        return strncmp(value, "sha256=", 7) == 0 && is_hex(value + 7);
    case SIGN_FORM_V1_BASE64:
    case SIGN_FORM_V1A_BASE64:
        return strncmp(value, "v1,", 3) == 0 || strstr(value, " v1,") ||
               strncmp(value, "v1a,", 4) == 0 || strstr(value, " v1a,");
    }
    return false;
}

const char *webhook_form_text(enum sign_form form)
{
    switch (form) {
    case SIGN_FORM_HEX:
        return "<64 hex digits>";
    case SIGN_FORM_SHA256_HEX:
        return "sha256=<64 hex digits>";
    case SIGN_FORM_V1_BASE64:
        return "v1,<base64>";
    case SIGN_FORM_V1A_BASE64:
        return "v1a,<base64>";
    }
    return "?";
}

/* How well the headers fit: 0 when the signature's is not there; its form counts most. */
static unsigned fit(const struct webhook *w, const struct dialect *d)
{
    const char *signature = webhook_header(w, d->signature.header);
    unsigned points = 1, missing = 0;

    if (!signature)
        return 0;
    if (has_form(signature, d->signature.form))
        points += 1000;
    for (unsigned i = 0; i < d->n_headers; i++) {
        if (webhook_header(w, d->headers[i].name))
            points += 10;
        else
            missing++;
    }
    return points + 100 - missing * 10;
}

const struct dialect *webhook_detect(const struct webhook *w)
{
    const struct dialect *best = NULL, *d;
    unsigned most = 0, points;

    for (size_t i = 0; (d = dialect_at(i)); i++) {
        points = fit(w, d);
        if (points > most) {
            most = points;
            best = d;
        }
    }
    return best;
}

/* What is signed besides the body. */
struct signed_parts {
    const char *id;
    int64_t timestamp_s;
    bool has_timestamp;
};

static int wrong(struct diag *diag, const char *what, const char *name)
{
    (void)diag_set(diag, "header %s: %s", name ? name : "?", what);
    return WEBHOOK_WRONG;
}

static int read_parts(const struct webhook *w, const struct dialect *d, struct signed_parts *ret,
                      struct diag *diag)
{
    const char *id = webhook_header_of(d, VALUE_DELIVERY_ID);
    const char *timestamp = webhook_header_of(d, VALUE_TIMESTAMP_S);
    const char *seconds = webhook_header(w, timestamp);
    struct signed_parts parts = {.id = ""};

    if (d->signature.text != SIGN_TEXT_BODY) {
        if (!seconds)
            return wrong(diag, "missing; it is part of what is signed", timestamp);
        if (parse_i64(span_of(seconds), &parts.timestamp_s) || parts.timestamp_s < 0 ||
            parts.timestamp_s > INT64_C(253402300799))
            return wrong(diag, "expected seconds since 1970 in decimal digits", timestamp);
        parts.has_timestamp = true;
    }
    if (d->signature.text == SIGN_TEXT_ID_TIMESTAMP_BODY) {
        parts.id = webhook_header(w, id);
        if (!parts.id)
            return wrong(diag, "missing; it is part of what is signed", id);
    }
    *ret = parts;
    return 0;
}

/* Does any of the secrets fit? *@ret_diag keeps why a secret could not be used. */
static bool matches(const struct dialect *d, const struct webhook_policy *policy,
                    const char *signature, const struct signed_parts *parts, struct span body,
                    struct diag *ret_diag)
{
    bool is_match = false;

    for (size_t i = 0; i < policy->n_secrets && !is_match; i++) {
        struct sign_key *key;

        if (sign_key_new(&key, span_of(policy->secrets[i]), d->signature.form, ret_diag))
            continue;
        is_match = sign_verify(&d->signature, key, span_of(signature), span_of(parts->id),
                               parts->timestamp_s, body) == 0;
        (void)sign_key_free(key);
    }
    return is_match;
}

static struct span without_line_end(struct span body)
{
    if (body.len > 0 && body.data[body.len - 1] == '\n')
        body.len--;
    if (body.len > 0 && body.data[body.len - 1] == '\r')
        body.len--;
    return body;
}

/* No match: say what a person is most likely to have overlooked. */
static int explain(const struct dialect *d, const struct webhook_policy *policy,
                   const char *signature, const struct signed_parts *parts, struct span body,
                   struct diag *diag)
{
    struct diag secret = {""}, ignored;
    struct span shorter = without_line_end(body);

    if (shorter.len < body.len && matches(d, policy, signature, parts, shorter, &ignored))
        (void)diag_set(diag, "the signature is right for the body without the line end behind it: "
                             "verify the bytes as they came");
    else if (!matches(d, policy, signature, parts, body, &secret) && *secret.text)
        (void)diag_set(diag, "the signature does not match (a secret cannot be used: %.100s)",
                       secret.text);
    else
        (void)diag_set(diag,
                       "the signature does not match: another secret, or the body%s changed "
                       "on the way",
                       parts->has_timestamp ? ", timestamp or id" : "");
    return WEBHOOK_WRONG;
}

static int check_age(const struct webhook_policy *policy, const struct signed_parts *parts,
                     int64_t now_ms, struct diag *diag)
{
    int64_t age_ms = now_ms - parts->timestamp_s * 1000;

    if (!parts->has_timestamp || !policy->tolerance_ms || llabs(age_ms) <= policy->tolerance_ms)
        return 0;
    (void)diag_set(diag,
                   "the signature is right but was made %lld s %s; accepted are %lld s either way",
                   (long long)llabs(age_ms) / 1000, age_ms > 0 ? "ago" : "in the future",
                   (long long)policy->tolerance_ms / 1000);
    return WEBHOOK_WRONG;
}

static int verify_as(const struct webhook *w, const struct dialect *d,
                     const struct webhook_policy *policy, int64_t now_ms, struct diag *diag)
{
    const char *signature = webhook_header(w, d->signature.header);
    struct signed_parts parts;
    struct diag ignored;
    char expected[64];

    if (!signature)
        return wrong(diag, "missing; it carries the signature", d->signature.header);
    if (!has_form(signature, d->signature.form)) {
        (void)snprintf(expected, sizeof(expected), "expected %s",
                       webhook_form_text(d->signature.form));
        return wrong(diag, expected, d->signature.header);
    }
    if (read_parts(w, d, &parts, diag))
        return WEBHOOK_WRONG;
    if (!matches(d, policy, signature, &parts, w->body, &ignored))
        return explain(d, policy, signature, &parts, w->body, diag);
    return check_age(policy, &parts, now_ms, diag);
}

int webhook_verify(const struct webhook *w, const struct webhook_policy *policy, int64_t now_ms,
                   const struct dialect **ret_dialect, struct diag *diag)
{
    const struct dialect *d = policy->dialect ? policy->dialect : webhook_detect(w);

    *ret_dialect = d;
    if (d)
        return verify_as(w, d, policy, now_ms, diag);
    (void)diag_set(diag, "no header carries a signature of any dialect (%s)", dialect_names());
    return WEBHOOK_WRONG;
}
