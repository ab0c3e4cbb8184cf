/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/inbound/source_verify.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include "common/crypto/secret.h"
#include "common/crypto/sign.h"
#include "common/crypto/sign_time.h"
#include "common/model/inbound/stripe_signature.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <strings.h>

enum { VALUE_BYTES_MAX = 4096 }; /* of a header that is looked at */

static const char *const algorithms[] = {"sha256", "sha1", "sha512"};

const char *source_algorithm_name(enum source_algorithm a)
{
    return (size_t)a < ARRAY_LEN(algorithms) ? algorithms[a] : NULL;
}

static int source_verify_refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return SOURCE_REFUSED;
}

/* What stands behind the prefix; false when the header is not there, or begins otherwise. */
static bool source_verify_value_of(const struct source_scheme *scheme,
                                   const struct source_call *call, struct span *ret,
                                   const char **ret_why)
{
    const char *text = call->header(call->arg, scheme->header);
    size_t len = strlen(scheme->prefix);

    if (!text) {
        *ret_why = "the header is missing";
        return false;
    }
    if (strncmp(text, scheme->prefix, len) != 0 || strlen(text) > VALUE_BYTES_MAX) {
        *ret_why = "the header does not begin with the prefix, or is too long";
        return false;
    }
    *ret = span_of(text + len);
    return true;
}

/* ---- an HMAC of the body ---- */

static const EVP_MD *source_verify_digest_of(enum source_algorithm a)
{
    switch (a) {
    case SOURCE_SHA1:
        return EVP_sha1();
    case SOURCE_SHA512:
        return EVP_sha512();
    case SOURCE_SHA256:
        break;
    }
    return EVP_sha256();
}

static int source_verify_decode(enum source_check check, struct span text, uint8_t *ret,
                                size_t *ret_len)
{
    return check == SOURCE_HMAC_HEX ? parse_hex(text, ret, ret_len)
                                    : parse_base64(text, ret, ret_len);
}

static int verify_hmac(const struct source_scheme *scheme, struct span secret,
                       const struct source_call *call, const char **ret_why)
{
    uint8_t given[VALUE_BYTES_MAX], wanted[EVP_MAX_MD_SIZE];
    unsigned wanted_len = 0;
    struct span value;
    size_t len = 0;

    if (!source_verify_value_of(scheme, call, &value, ret_why))
        return SOURCE_REFUSED;
    if (source_verify_decode(scheme->check, value, given, &len))
        return source_verify_refuse(ret_why, "the header does not hold what it should");
    if (!HMAC(source_verify_digest_of(scheme->algorithm), secret.data, (int)secret.len,
              (const unsigned char *)call->body.data, call->body.len, wanted, &wanted_len))
        return err_origin(-ENOMEM);
    if (!equal_secret((struct span){(char *)given, len}, (struct span){(char *)wanted, wanted_len}))
        return source_verify_refuse(ret_why, "the signature does not match");
    return 0;
}

/* ---- with a timestamp ---- */

static int judge_time(struct span text, const struct source_scheme *scheme, int64_t now_ms,
                      int64_t *ret_s, const char **ret_why)
{
    if (sign_time_parse(text, ret_s))
        return source_verify_refuse(ret_why, "the timestamp cannot be read");
    if (!sign_time_is_fresh(*ret_s, scheme->tolerance_ms, now_ms))
        return source_verify_refuse(ret_why, "the timestamp is too far off");
    return 0;
}

static int find_match(const struct stripe_signature *s, struct span wanted, const char **ret_why)
{
    bool is_found = false;

    for (unsigned i = 0; i < s->n; i++) /* all of them, so that the time does not tell which */
        is_found |= equal_secret(s->v1[i], wanted);
    return is_found ? 0 : source_verify_refuse(ret_why, "the signature does not match");
}

static int verify_stripe(const struct source_scheme *scheme, struct span secret,
                         const struct source_call *call, const char **ret_why)
{
    static const struct sign_scheme form = {.text = SIGN_TEXT_TIMESTAMP_BODY,
                                            .form = SIGN_FORM_HEX};
    struct stripe_signature s;
    struct sign_key *key = NULL;
    struct span value;
    struct buf wanted;
    int64_t at_s;
    int r;

    if (!source_verify_value_of(scheme, call, &value, ret_why))
        return SOURCE_REFUSED;
    if (stripe_signature_parse(&s, value))
        return source_verify_refuse(ret_why, "the header does not hold what it should");
    r = judge_time(s.timestamp, scheme, call->now_ms, &at_s, ret_why);
    if (r)
        return r;
    buf_init(&wanted, 128);
    r = sign_key_new(&key, secret, form.form, NULL);
    r = r ? r : sign_append(&wanted, &form, key, SPAN(""), at_s, call->body);
    r = r ? r : find_match(&s, buf_span(&wanted), ret_why);
    (void)sign_key_free(key);
    buf_wipe(&wanted);
    return r;
}

static int verify_standard(const struct source_scheme *scheme, struct span secret,
                           const struct source_call *call, const char **ret_why)
{
    static const struct sign_scheme form = {.text = SIGN_TEXT_ID_TIMESTAMP_BODY,
                                            .form = SIGN_FORM_V1_BASE64};
    const char *id = call->header(call->arg, "webhook-id"),
               *at = call->header(call->arg, "webhook-timestamp"),
               *list = call->header(call->arg, "webhook-signature");
    struct sign_key *key = NULL;
    int64_t at_s;
    int r;

    if (!id || !at || !list)
        return source_verify_refuse(
            ret_why, "webhook-id, webhook-timestamp or webhook-signature is missing");
    if (strlen(list) > VALUE_BYTES_MAX)
        return source_verify_refuse(ret_why, "webhook-signature is too long");
    r = judge_time(span_of(at), scheme, call->now_ms, &at_s, ret_why);
    if (r)
        return r;
    r = sign_key_new(&key, secret, form.form, NULL);
    r = r ? r : sign_verify(&form, key, span_of(list), span_of(id), at_s, call->body);
    (void)sign_key_free(key);
    return r == SIGN_MISMATCH ? source_verify_refuse(ret_why, "the signature does not match") : r;
}

/* ---- the secret itself ---- */

static int verify_token(const struct source_scheme *scheme, struct span secret,
                        const struct source_call *call, const char **ret_why)
{
    struct span value;

    if (!source_verify_value_of(scheme, call, &value, ret_why))
        return SOURCE_REFUSED;
    return equal_secret(value, secret) ? 0 : source_verify_refuse(ret_why, "it is another secret");
}

static int verify_basic(struct span secret, const struct source_call *call, const char **ret_why)
{
    const char *text = call->header(call->arg, "authorization");
    uint8_t plain[VALUE_BYTES_MAX];
    size_t len = 0;
    bool is_right;

    if (!text || strncasecmp(text, "Basic ", 6) != 0 || strlen(text) > VALUE_BYTES_MAX)
        return source_verify_refuse(ret_why, "no Authorization: Basic");
    if (parse_base64(span_of(text + 6), plain, &len))
        return source_verify_refuse(ret_why, "the header does not hold what it should");
    is_right = equal_secret((struct span){(char *)plain, len}, secret);
    OPENSSL_cleanse(plain, sizeof(plain));
    return is_right ? 0 : source_verify_refuse(ret_why, "another user or password");
}

int source_verify(const struct source_scheme *scheme, struct span secret,
                  const struct source_call *call, const char **ret_why)
{
    switch (scheme->check) {
    case SOURCE_HMAC_HEX:
    case SOURCE_HMAC_BASE64:
        return verify_hmac(scheme, secret, call, ret_why);
    case SOURCE_STRIPE:
        return verify_stripe(scheme, secret, call, ret_why);
    case SOURCE_STANDARD:
        return verify_standard(scheme, secret, call, ret_why);
    case SOURCE_TOKEN:
        return verify_token(scheme, secret, call, ret_why);
    case SOURCE_BASIC:
        return verify_basic(secret, call, ret_why);
    }
    unreachable();
}

int source_secret_check(enum source_check check, struct span secret, struct diag *diag)
{
    struct sign_key *key = NULL;
    int r = 0;

    if (secret.len < 8 || secret.len > SECRET_TEXT_MAX)
        return diag_set(diag, "secret: %zu bytes; expected 8 to %d", secret.len, SECRET_TEXT_MAX);
    for (size_t i = 0; i < secret.len; i++)
        if ((unsigned char)secret.data[i] < ' ' || secret.data[i] == 0x7f)
            return diag_set(diag, "secret: expected a text without control characters");
    if (check == SOURCE_BASIC && !memchr(secret.data, ':', secret.len))
        return diag_set(diag, "secret: expected user:password");
    if (check == SOURCE_STANDARD)
        r = sign_key_new(&key, secret, SIGN_FORM_V1_BASE64, diag);
    (void)sign_key_free(key);
    return r;
}
