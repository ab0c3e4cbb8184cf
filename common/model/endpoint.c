/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/endpoint.h"

#include "common/base/err.h"
#include "common/base/text.h"
#include "common/model/event_check.h"
#include "common/model/format/catalogue.h"
#include <errno.h>
#include <openssl/crypto.h>

enum { SECRET_BYTES_MIN = 15 }; /* as many as a guide shows: whsec_abc123... */

int endpoint_new(struct endpoint **ret, struct span id, const struct dialect *d)
{
    struct endpoint *e;

    if (id.len >= sizeof(e->id))
        return err_origin(-EBADMSG);
    e = calloc(1, sizeof(*e));
    if (!e)
        return err_origin(-ENOMEM);
    memcpy(e->id, id.data, id.len);
    e->dialect = d;
    policy_init(&e->policy, d);
    if (endpoint_replace_text(&e->description, SPAN("")) ||
        endpoint_replace_text(&e->url, SPAN("")) ||
        endpoint_replace_text(&e->filter_text, SPAN("")) ||
        endpoint_replace_text(&e->ca, SPAN("")) ||
        endpoint_replace_text(&e->client_cert, SPAN(""))) {
        endpoint_free(e);
        return err_origin(-ENOMEM);
    }
    *ret = e;
    return 0;
}

static void free_events(char **events, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        free(events[i]);
    free(events);
}

struct endpoint *endpoint_free(struct endpoint *e)
{
    if (!e)
        return NULL;
    free(e->tenant);
    free(e->url);
    free(e->description);
    free(e->disabled_reason);
    free(e->filter_text);
    filter_free(e->filter);
    free(e->ca);
    free(e->client_cert);
    free(e->client_key.data);
    free_events(e->events, e->n_events);
    endpoint_secrets_fini(&e->secrets);
    policy_fini(&e->policy);
    free(e);
    return NULL;
}

int endpoint_replace_text(char **place, struct span text)
{
    char *copy = text_copy(text);

    if (!copy)
        return err_origin(-ENOMEM);
    free(*place);
    *place = copy;
    return 0;
}

/* ---- which events ---- */

#define PATTERN_ALL "*"
#define PATTERN_DEFAULT "default"

static int check_catalogued(struct span p, struct diag *diag)
{
    if (catalogue_has(p) || span_equal(p, SPAN(PATTERN_DEFAULT)))
        return 0;
    return diag_set(diag,
                    "events: \"%.*s\" is not in the catalogue of event types of its dialect; "
                    "expected its types "
                    "(PAYMENT_COMPLETED …), all or default",
                    (int)MIN(p.len, 80u), p.data);
}

/* A name, perhaps ending in ".*"; or "*". */
static int check_pattern(const struct dialect *d, struct span p, struct diag *diag)
{
    struct span name = p;

    if (span_equal(p, SPAN(PATTERN_ALL)))
        return 0;
    if (d->has_catalogue)
        return check_catalogued(p, diag);
    if (name.len > 2 && memcmp(name.data + name.len - 2, ".*", 2) == 0)
        name.len -= 2;
    if (text_is_name(name, EVENT_TYPE_MAX))
        return 0;
    return diag_set(diag,
                    "events: \"%.*s\": expected event types, prefixes such as user.*, or * for all",
                    (int)MIN(p.len, 80u), p.data);
}

struct patterns {
    char **all;
    unsigned n;
};

static int add_pattern(struct patterns *patterns, const struct dialect *d, struct span p,
                       struct diag *diag)
{
    if (span_equal(p, SPAN("all")))
        p = SPAN(PATTERN_ALL);
    if (check_pattern(d, p, diag))
        return -EINVAL;
    if (patterns->n == ENDPOINT_EVENTS_MAX)
        return diag_set(diag, "events: expected at most %d entries", ENDPOINT_EVENTS_MAX);
    patterns->all[patterns->n] = text_copy(p);
    if (!patterns->all[patterns->n])
        return err_origin(-ENOMEM);
    patterns->n++;
    return 0;
}

static struct span endpoint_trimmed(struct span s)
{
    while (s.len && s.data[0] == ' ')
        s = (struct span){s.data + 1, s.len - 1};
    while (s.len && s.data[s.len - 1] == ' ')
        s.len--;
    return s;
}

static int parse_patterns(struct patterns *ret, const struct dialect *d, struct span rest,
                          struct diag *diag)
{
    const char *comma;
    struct span item;
    int r = 0;

    do {
        comma = rest.len ? memchr(rest.data, ',', rest.len) : NULL;
        item = (struct span){rest.data, comma ? (size_t)(comma - rest.data) : rest.len};
        r = add_pattern(ret, d, endpoint_trimmed(item), diag);
        if (comma)
            rest = (struct span){comma + 1, rest.len - item.len - 1};
    } while (!r && comma);
    return r;
}

int endpoint_set_events(struct endpoint *e, struct span list, struct diag *diag)
{
    struct patterns patterns = {calloc(ENDPOINT_EVENTS_MAX, sizeof(char *)), 0};
    int r = patterns.all ? parse_patterns(&patterns, e->dialect, list, diag) : err_origin(-ENOMEM);

    if (r) {
        free_events(patterns.all, patterns.n);
        return r;
    }
    free_events(e->events, e->n_events);
    e->events = patterns.all;
    e->n_events = patterns.n;
    return 0;
}

static bool text_fits(const char *pattern, struct span type)
{
    size_t len = strlen(pattern);

    if (event_type_is_own(type))
        return type.len == len && memcmp(type.data, pattern, len) == 0;

    if (len == 1 && pattern[0] == '*')
        return true;
    if (len > 2 && pattern[len - 1] == '*') /* "user.*": the dot belongs to the prefix */
        return type.len > len - 1 && memcmp(type.data, pattern, len - 1) == 0;
    return type.len == len && memcmp(type.data, pattern, len) == 0;
}

static bool pattern_fits(const struct dialect *d, const char *pattern, struct span type)
{
    if (!d->has_catalogue || event_type_is_own(type))
        return text_fits(pattern, type);
    if (strcmp(pattern, PATTERN_ALL) == 0)
        return catalogue_category_of(type)->subscription != SUBSCRIBED_BY_NAME;
    if (strcmp(pattern, PATTERN_DEFAULT) == 0)
        return catalogue_category_of(type)->subscription == SUBSCRIBED_BY_DEFAULT;
    return text_fits(pattern, type);
}

bool endpoint_wants(const struct endpoint *e, struct span type)
{
    for (unsigned i = 0; i < e->n_events; i++)
        if (pattern_fits(e->dialect, e->events[i], type))
            return true;
    return false;
}

bool endpoint_takes(const struct endpoint *e, struct span type, struct span data)
{
    return endpoint_wants(e, type) && (!e->filter || filter_matches(e->filter, data));
}

bool endpoint_signs(const struct endpoint *e, struct span type)
{
    return e->policy.row.signing == SIGNING_ALWAYS || catalogue_category_of(type)->is_signed;
}

/* ---- other parts ---- */

int endpoint_set_dialect(struct endpoint *e, const struct dialect *d, struct diag *diag)
{
    int r = 0;

    for (unsigned i = 0; i < e->n_events && !r; i++)
        r = check_pattern(d, span_of(e->events[i]), diag);
    r = r ? r : policy_set_dialect(&e->policy, d, diag);
    if (!r)
        e->dialect = d;
    return r;
}

int endpoint_set_filter(struct endpoint *e, struct span text, struct diag *diag)
{
    struct filter *filter = NULL;
    int r = text.len ? filter_parse(&filter, text, diag) : 0;

    r = r ? r : endpoint_replace_text(&e->filter_text, text);
    if (r) {
        filter_free(filter);
        return r;
    }
    filter_free(e->filter);
    e->filter = filter;
    return 0;
}

/* ---- secrets ---- */

static int check_secret(const struct endpoint *e, struct span secret, struct endpoint_secret *ret,
                        struct diag *diag)
{
    enum sign_form form = e->policy.row.signature.form;
    struct sign_key *key;
    int r;

    if (secret.len < SECRET_BYTES_MIN || secret.len > SECRET_TEXT_MAX)
        return diag_set(diag, "secret: %zu bytes; expected %d to %d", secret.len, SECRET_BYTES_MIN,
                        SECRET_TEXT_MAX);
    for (size_t i = 0; i < secret.len; i++)
        if (secret.data[i] <= ' ' || secret.data[i] > '~')
            return diag_set(diag, "secret: expected printable ASCII without spaces");
    r = sign_key_new(&key, secret, form, diag);
    if (r)
        return r;
    ret->form = form;
    sign_key_public_text(key, ret->public_text);
    if (key->is_public)
        r = diag_set(diag, "secret: whpk_ is a public key, which cannot sign; expected whsk_");
    else if (sign_form_is_list(form) && (form == SIGN_FORM_V1A_BASE64) != (key->ed25519 != NULL))
        r = diag_set(diag, "secret: expected %s and the key in base64, as the signature is %s",
                     key->ed25519 ? "whsec_" : "whsk_", key->ed25519 ? "v1" : "v1a");
    sign_key_free(key);
    return r;
}

static int seal_secret(const struct endpoint *e, const struct master_key *k, struct span secret,
                       struct sealed *ret)
{
    struct buf sealed;
    int r;

    buf_init(&sealed, SECRET_TEXT_MAX + SECRET_OVERHEAD);
    r = secret_seal(&sealed, k, span_of(e->id), secret);
    ret->len = sealed.len;
    ret->data = r ? NULL : buf_take(&sealed);
    buf_fini(&sealed);
    return r || ret->data ? r : err_origin(-ENOMEM);
}

static int endpoint_do_add_secret(struct endpoint *e, const struct master_key *k, struct span text,
                                  const struct secret_change *change, struct diag *diag)
{
    struct endpoint_secret secret = {0};
    int r = check_secret(e, text, &secret, diag);

    r = r ? r : seal_secret(e, k, text, &secret.sealed);
    r = r ? r : endpoint_secrets_add(&e->secrets, &secret, change);
    if (r == -ENOSPC)
        r = diag_set(diag, "secret: %d are in use still; expected one to be revoked first",
                     ENDPOINT_SECRETS_MAX);
    if (r)
        free(secret.sealed.data);
    return r;
}

int endpoint_add_secret(struct endpoint *e, const struct master_key *k, const char *secret,
                        const struct secret_change *change, char ret_made[SIGN_SECRET_SIZE],
                        struct diag *diag)
{
    char made[SIGN_SECRET_SIZE];
    int r;

    if (secret)
        return endpoint_do_add_secret(e, k, span_of(secret), change, diag);
    sign_secret_make(made, e->policy.row.signature.form);
    r = endpoint_do_add_secret(e, k, span_of(made), change, diag);
    if (!r)
        memcpy(ret_made, made, sizeof(made));
    OPENSSL_cleanse(made, sizeof(made));
    return r;
}
