/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/inbound/source.h"
#include "common/base/err.h"
#include "common/crypto/sign_time.h"
#include "common/model/endpoint_reseal.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>

/* ---- kinds ---- */

/* Of Cloudflare's notifications the type is `alert_type`, but its test of a destination and some alerts have none; they
 * have no id. */
static const struct source_kind kinds[] = {
    {"stripe",
     SOURCE_STRIPE,
     "stripe-signature",
     "",
     {SOURCE_FROM_PATH, "type"},
     {SOURCE_FROM_PATH, "id"},
     false},
    {"github",
     SOURCE_HMAC_HEX,
     "x-hub-signature-256",
     "sha256=",
     {SOURCE_FROM_HEADER, "x-github-event"},
     {SOURCE_FROM_HEADER, "x-github-delivery"},
     true},
    {"standard",
     SOURCE_STANDARD,
     "webhook-signature",
     "",
     {SOURCE_FROM_PATH, "type"},
     {SOURCE_FROM_HEADER, "webhook-id"},
     true},
    {"cloudflare",
     SOURCE_TOKEN,
     "cf-webhook-auth",
     "",
     {SOURCE_FROM_PATH, "alert_type"},
     {SOURCE_FROM_BODY, ""},
     true,
     "cloudflare"},
    {"hmac-hex", SOURCE_HMAC_HEX, "", "", {SOURCE_FROM_FIXED, ""}, {SOURCE_FROM_BODY, ""}, true},
    {"hmac-base64",
     SOURCE_HMAC_BASE64,
     "",
     "",
     {SOURCE_FROM_FIXED, ""},
     {SOURCE_FROM_BODY, ""},
     true},
    {"token", SOURCE_TOKEN, "", "", {SOURCE_FROM_FIXED, ""}, {SOURCE_FROM_BODY, ""}, true},
    {"basic",
     SOURCE_BASIC,
     "authorization",
     "",
     {SOURCE_FROM_FIXED, ""},
     {SOURCE_FROM_BODY, ""},
     false},
};

const struct source_kind *source_kind_find(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (span_equal(name, span_of(kinds[i].name)))
            return &kinds[i];
    return NULL;
}

const char *source_kind_names(void)
{
    return "stripe, github, standard, cloudflare, hmac-hex, hmac-base64, token or basic";
}

/* ---- life ---- */

int source_new(struct source **ret, struct span id, const struct source_kind *kind)
{
    struct source *s;

    if (id.len >= sizeof(s->id))
        return err_origin(-EBADMSG);
    s = calloc(1, sizeof(*s));
    if (!s)
        return err_origin(-ENOMEM);
    memcpy(s->id, id.data, id.len);
    s->kind = kind;
    s->tolerance_ms = SIGN_TOLERANCE_MS;
    s->type = kind->type;
    s->unique = kind->unique;
    (void)snprintf(s->header, sizeof(s->header), "%s", kind->header);
    (void)snprintf(s->prefix, sizeof(s->prefix), "%s", kind->prefix);
    *ret = s;
    return 0;
}

struct source *source_free(struct source *s)
{
    if (s)
        endpoint_secrets_fini(&s->secrets);
    free(s);
    return NULL;
}

struct source_scheme source_scheme_of(const struct source *s)
{
    return (struct source_scheme){.check = s->kind->check,
                                  .algorithm = s->algorithm,
                                  .header = s->header,
                                  .prefix = s->prefix,
                                  .tolerance_ms = s->tolerance_ms};
}

/* ---- secrets ---- */

static int seal(const struct source *s, const struct master_key *k, struct span secret,
                struct sealed *ret)
{
    struct buf sealed;
    int r;

    buf_init(&sealed, SECRET_TEXT_MAX + SECRET_OVERHEAD);
    r = secret_seal(&sealed, k, span_of(s->id), secret);
    ret->len = sealed.len;
    ret->data = r ? NULL : buf_take(&sealed);
    buf_fini(&sealed);
    return r || ret->data ? r : err_origin(-ENOMEM);
}

static int source_do_add_secret(struct source *s, const struct master_key *k, struct span text,
                                const struct secret_change *change, struct diag *diag)
{
    struct endpoint_secret secret = {.form = SIGN_FORM_HEX};
    int r = source_secret_check(s->kind->check, text, diag);

    r = r ? r : seal(s, k, text, &secret.sealed);
    r = r ? r : endpoint_secrets_add(&s->secrets, &secret, change);
    if (r == -ENOSPC)
        r = diag_set(diag, "secret: %d count still; expected a shorter overlap",
                     ENDPOINT_SECRETS_MAX);
    if (r)
        free(secret.sealed.data);
    return r;
}

int source_add_secret(struct source *s, const struct master_key *k, struct span secret,
                      const struct secret_change *change, char ret_made[SIGN_SECRET_SIZE],
                      struct diag *diag)
{
    char made[SIGN_SECRET_SIZE];
    int r;

    if (secret.len)
        return source_do_add_secret(s, k, secret, change, diag);
    if (!s->kind->may_make_secret)
        return diag_set(diag, "secret: missing; expected the one that the sender has");
    sign_secret_make(made, SIGN_FORM_V1_BASE64);
    r = source_do_add_secret(s, k, span_of(made), change, diag);
    if (!r)
        memcpy(ret_made, made, sizeof(made));
    OPENSSL_cleanse(made, sizeof(made));
    return r;
}

int source_reseal(struct source *s, const struct master_key *k, bool *ret_changed,
                  struct diag *ret_fault)
{
    int r = 0;

    *ret_changed = false;
    for (unsigned i = 0; !r && i < s->secrets.n; i++)
        r = sealed_renew(&s->secrets.all[i].sealed, k, span_of(s->id), ret_changed, ret_fault);
    return r;
}

static int judge_with(const struct source *s, const struct endpoint_secret *secret,
                      const struct master_key *k, const struct source_call *call,
                      const char **ret_why)
{
    const struct source_scheme scheme = source_scheme_of(s);
    struct buf plain;
    int r;

    buf_init(&plain, SECRET_TEXT_MAX);
    (void)buf_reserve(&plain, SECRET_TEXT_MAX);
    r = secret_open(&plain, k, span_of(s->id),
                    (struct span){secret->sealed.data, secret->sealed.len});
    r = r ? r : source_verify(&scheme, buf_span(&plain), call, ret_why);
    buf_wipe(&plain);
    return r;
}

int source_judge(const struct source *s, const struct master_key *k, const struct source_call *call,
                 int64_t now_ms, const char **ret_why)
{
    int answer = SOURCE_REFUSED, r;

    *ret_why = "the source has no secret";
    for (unsigned i = 0; i < s->secrets.n; i++) {
        if (!endpoint_secret_is_live(&s->secrets.all[i], now_ms))
            continue;
        r = judge_with(s, &s->secrets.all[i], k, call, ret_why);
        if (!r)
            return 0;
        if (r < 0)
            answer = r;
    }
    return answer;
}
