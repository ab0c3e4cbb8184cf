/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/webhook/webhook.h"
#include "common/crypto/sign.h"
#include "common/crypto/sign_time.h"
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

/* The value of header @name of row @d, under the name that it is sent with. */
static const char *header_of(const struct webhook *w, const struct dialect *d, const char *name)
{
    char sent[SCHEME_NAME_SIZE];

    scheme_header_name(sent, d, name);
    return webhook_header(w, sent);
}

/* --- forms ------------------------------------------------------------------------------------ */

static bool webhook_is_hex(const char *text)
{
    return strlen(text) == 2 * SIGN_DIGEST_BYTES &&
           strspn(text, "0123456789abcdefABCDEF") == 2 * SIGN_DIGEST_BYTES;
}

/* Has the list an entry that begins with @kind, "v1,"? */
static bool list_has_kind(const char *list, const char *kind)
{
    size_t len = strlen(kind);

    for (const char *at = list; (at = strstr(at, kind)); at += len)
        if (at == list || at[-1] == ' ')
            return true;
    return false;
}

/* Is @value written in @form, as far as can be seen without a key? */
static bool has_form(const char *value, enum sign_form form)
{
    switch (form) {
    case SIGN_FORM_HEX:
        return webhook_is_hex(value);
    case SIGN_FORM_SHA256_HEX:
        return strncmp(value, "sha256=", 7) == 0 && webhook_is_hex(value + 7);
    case SIGN_FORM_V1_BASE64:
    case SIGN_FORM_V1A_BASE64: /* one list may hold both */
        return list_has_kind(value, "v1,") || list_has_kind(value, "v1a,");
    }
    return false;
}

static const struct {
    enum sign_form form;
    const char *text, *option;
} forms[] = {
    {SIGN_FORM_HEX, "<64 hex digits>", "hex"},
    {SIGN_FORM_SHA256_HEX, "sha256=<64 hex digits>", "sha256-hex"},
    {SIGN_FORM_V1_BASE64, "v1,<base64>", "v1"},
    {SIGN_FORM_V1A_BASE64, "v1a,<base64>", "v1a"},
};

static const char *form_text(enum sign_form form)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        if (forms[i].form == form)
            return forms[i].text;
    return "?";
}

/* The option that would let @value pass; NULL when none does. */
static const char *option_for(const char *value)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        if (has_form(value, forms[i].form))
            return forms[i].option;
    return NULL;
}

/* --- which dialect ---------------------------------------------------------------------------- */

/* With no signature, two headers or more tell a dialect, and none of them may be missing. */
static unsigned fit_unsigned(const struct dialect *d, unsigned missing)
{
    return d->n_headers > 1 && !missing ? 1 : 0;
}

/* How well the headers fit: 0 not at all; the signature's form counts most. */
static unsigned fit(const struct webhook *w, const struct dialect *d)
{
    const char *signature = header_of(w, d, d->signature.header);
    unsigned points = 200, missing = 0;

    for (unsigned i = 0; i < d->n_headers; i++) {
        if (header_of(w, d, d->headers[i].name))
            points += 10;
        else
            missing++;
    }
    if (!signature)
        return fit_unsigned(d, missing);
    if (has_form(signature, d->signature.form))
        points += 1000;
    return points - missing * 10;
}

const struct dialect *webhook_detect(const struct webhook *w, const struct scheme *s)
{
    const struct dialect *best = NULL;
    unsigned most = 0, points;

    for (size_t i = 0; i < s->n_policies; i++) {
        points = fit(w, &s->policies[i].row);
        if (points > most) {
            most = points;
            best = &s->policies[i].row;
        }
    }
    return best;
}

/* --- is it genuine? --------------------------------------------------------------------------- */

/* One request under one row. */
struct judging {
    const struct webhook *webhook;
    const struct scheme *scheme;
    const struct dialect *dialect;
    const char *signature;
    /* What is signed besides the body. */
    const char *id;
    int64_t timestamp_s;
    bool has_timestamp;
};

static enum webhook_result wrong(struct diag *diag, const struct dialect *d, const char *name,
                                 const char *what)
{
    char sent[SCHEME_NAME_SIZE];

    scheme_header_name(sent, d, name ? name : "?");
    (void)diag_set(diag, "header %s: %s", sent, what);
    return WEBHOOK_WRONG;
}

/* @value's header; NULL, with words, when it is not there. */
static const char *read_part(const struct judging *j, enum dialect_value value, struct diag *diag)
{
    const char *name = scheme_header_of(j->dialect, value);
    const char *text = name ? header_of(j->webhook, j->dialect, name) : NULL;

    if (!text)
        (void)wrong(diag, j->dialect, name, "missing; it is part of what is signed");
    return text;
}

static bool read_parts(struct judging *j, struct diag *diag)
{
    enum sign_text text = j->dialect->signature.text;
    const char *seconds;

    j->id = "";
    if (text == SIGN_TEXT_BODY)
        return true;
    seconds = read_part(j, VALUE_TIMESTAMP_S, diag);
    if (!seconds)
        return false;
    if (sign_time_parse(span_of(seconds), &j->timestamp_s)) {
        (void)wrong(diag, j->dialect, scheme_header_of(j->dialect, VALUE_TIMESTAMP_S),
                    "expected seconds since 1970 in decimal digits");
        return false;
    }
    j->has_timestamp = true;
    if (text == SIGN_TEXT_ID_TIMESTAMP_BODY)
        j->id = read_part(j, VALUE_DELIVERY_ID, diag);
    return j->id != NULL;
}

/* The number of the first secret that fits, 0 for none. @ret_unusable keeps the words about the first
 * that is no key; it may be NULL. */
static size_t webhook_match(const struct judging *j, struct span body, struct diag *ret_unusable)
{
    const struct sign_scheme *signature = &j->dialect->signature;
    size_t right = 0;

    for (size_t i = 0; i < j->scheme->n_secrets && !right; i++) {
        struct sign_key *key;
        struct diag why = {""};

        if (sign_key_new(&key, span_of(j->scheme->secrets[i]), signature->form, &why)) {
            if (ret_unusable && !*ret_unusable->text)
                scheme_secret_words(ret_unusable, j->scheme, i, &why);
            continue;
        }
        if (sign_verify(signature, key, span_of(j->signature), span_of(j->id), j->timestamp_s,
                        body) == 0)
            right = i + 1;
        (void)sign_key_free(key);
    }
    return right;
}

static struct span without_line_end(struct span body)
{
    if (body.len > 0 && body.data[body.len - 1] == '\n')
        body.len--;
    if (body.len > 0 && body.data[body.len - 1] == '\r')
        body.len--;
    return body;
}

/* Is there a secret of the kind that some entry of the list was made with? */
static bool has_kind_of_secret(const struct judging *j)
{
    bool has_hmac = list_has_kind(j->signature, "v1,");
    bool has_ed25519 = list_has_kind(j->signature, "v1a,");

    if (!sign_form_is_list(j->dialect->signature.form))
        return true;
    for (size_t i = 0; i < j->scheme->n_secrets; i++) {
        bool is_hmac = strncmp(j->scheme->secrets[i], "whsec_", 6) == 0;

        if (is_hmac ? has_hmac : has_ed25519)
            return true;
    }
    return false;
}

/* No match: say what a person is most likely to have overlooked. */
static enum webhook_result webhook_explain(const struct judging *j, const struct diag *unusable,
                                           struct diag *diag)
{
    struct span body = j->webhook->body, shorter = without_line_end(body);

    if (shorter.len < body.len && webhook_match(j, shorter, NULL))
        (void)diag_set(diag, "the signature is right for the body without the line end behind it: "
                             "verify the bytes as they came");
    else if (*unusable->text)
        (void)diag_set(diag, "the signature does not match (%.140s)", unusable->text);
    else if (!has_kind_of_secret(j))
        (void)diag_set(diag, "the signature does not match: v1 is made with a secret whsec_, v1a "
                             "with an ed25519 key (whpk_), and here is none of that kind");
    else
        (void)diag_set(diag,
                       "the signature does not match: another secret, or the body%s changed "
                       "on the way",
                       j->has_timestamp ? ", timestamp or id" : "");
    return WEBHOOK_WRONG;
}

static enum webhook_result check_age(const struct judging *j, int64_t tolerance_ms, int64_t now_ms,
                                     struct diag *diag)
{
    int64_t age_ms = now_ms - j->timestamp_s * 1000;

    if (!j->has_timestamp || sign_time_is_fresh(j->timestamp_s, tolerance_ms, now_ms))
        return WEBHOOK_GENUINE;
    (void)diag_set(diag,
                   "the signature is right but was made %lld s %s; accepted are %lld s either way",
                   (long long)llabs(age_ms) / 1000, age_ms > 0 ? "ago" : "in the future",
                   (long long)tolerance_ms / 1000);
    return WEBHOOK_WRONG;
}

static enum webhook_result refuse_form(const struct judging *j, struct diag *diag)
{
    const char *option = option_for(j->signature);
    const struct dialect *d = j->dialect;
    char words[128];

    if (option)
        (void)snprintf(words, sizeof(words), "expected %s; this looks like --signature %s",
                       form_text(d->signature.form), option);
    else
        (void)snprintf(words, sizeof(words), "expected %s", form_text(d->signature.form));
    return wrong(diag, d, d->signature.header, words);
}

static enum webhook_result tell_unsigned(const struct dialect *d, struct diag *diag)
{
    char sent[SCHEME_NAME_SIZE];

    scheme_header_name(sent, d, d->signature.header);
    (void)diag_set(diag, "not signed: there is no header %s", sent);
    return WEBHOOK_UNSIGNED;
}

static enum webhook_result webhook_judge(struct judging *j, struct webhook_verdict *v,
                                         int64_t tolerance_ms, int64_t now_ms)
{
    const struct dialect *d = j->dialect;
    enum webhook_result result;
    struct diag unusable = {""};
    size_t secret;

    j->signature = header_of(j->webhook, d, d->signature.header);
    if (!j->signature)
        return tell_unsigned(d, &v->reason);
    if (!has_form(j->signature, d->signature.form))
        return refuse_form(j, &v->reason);
    if (!read_parts(j, &v->reason))
        return WEBHOOK_WRONG;
    secret = webhook_match(j, j->webhook->body, &unusable);
    if (!secret)
        return webhook_explain(j, &unusable, &v->reason);
    result = check_age(j, tolerance_ms, now_ms, &v->reason);
    if (result == WEBHOOK_GENUINE)
        v->secret = secret;
    return result;
}

void webhook_verify(struct webhook_verdict *ret, const struct webhook *w, const struct scheme *s,
                    int64_t tolerance_ms, int64_t now_ms)
{
    struct judging j = {.webhook = w, .scheme = s};

    *ret = (struct webhook_verdict){.result = WEBHOOK_WRONG};
    ret->dialect = s->dialect ? &s->policies[0].row : webhook_detect(w, s);
    j.dialect = ret->dialect;
    if (j.dialect)
        ret->result = webhook_judge(&j, ret, tolerance_ms, now_ms);
    else
        (void)diag_set(&ret->reason, "no header carries a signature of any dialect (%s)",
                       dialect_names());
}
