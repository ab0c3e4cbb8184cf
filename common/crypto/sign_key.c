/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/sign_key.h"
#include "common/base/err.h"
#include "common/base/rng.h"
#include "common/base/text.h"
#include "common/crypto/secret.h"
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <pthread.h>

/* What Standard Webhooks asks of an HMAC key, and RFC 8032 of the others. */
enum { HMAC_MIN = 24, HMAC_MAX = 64, SEED_BYTES = 32, PUBLIC_BYTES = 32 };

static const struct span hmac_prefix = {"whsec_", 6}, private_prefix = {"whsk_", 5},
                         public_prefix = {"whpk_", 5};

/* Fetching costs more than signing, so it is done once. Never freed: it is there until exit. */
static EVP_MAC *hmac;

static void fetch_hmac(void)
{
    hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
}

static EVP_MAC *get_hmac(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, fetch_hmac);
    return hmac;
}

struct sign_key *sign_key_free(struct sign_key *k)
{
    if (k) {
        EVP_MAC_CTX_free(k->mac); /* wipes the key */
        EVP_PKEY_free(k->ed25519);
        free(k);
    }
    return NULL;
}

static int set_hmac(struct sign_key *k, const void *bytes, size_t len)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };

    if (!get_hmac())
        return err_origin(-ENOMEM);
    k->mac = EVP_MAC_CTX_new(get_hmac());
    return k->mac && EVP_MAC_init(k->mac, bytes, len, params) ? 0 : err_origin(-ENOMEM);
}

/* ---- what stands behind a prefix ---- */

static bool sign_key_has_prefix(struct span text, struct span prefix)
{
    return text.len >= prefix.len && memcmp(text.data, prefix.data, prefix.len) == 0;
}

static int sign_key_check_length(const char *prefix, size_t len, size_t min, size_t max,
                                 struct diag *diag)
{
    if (len >= min && len <= max)
        return 0;
    return diag_set(diag, "secret: the key behind %s has %zu bytes; expected %zu to %zu", prefix,
                    len, min, max);
}

static int set_hmac_key(struct sign_key *k, const uint8_t *bytes, size_t len, struct diag *diag)
{
    int r = sign_key_check_length(hmac_prefix.data, len, HMAC_MIN, HMAC_MAX, diag);

    return r ? r : set_hmac(k, bytes, len);
}

static int set_private_key(struct sign_key *k, const uint8_t *bytes, size_t len, struct diag *diag)
{
    uint8_t public[PUBLIC_BYTES];
    size_t public_len = sizeof(public);

    if (len != SEED_BYTES && len != SEED_BYTES + PUBLIC_BYTES)
        return diag_set(diag, "secret: the key behind whsk_ has %zu bytes; expected 32 or 64", len);
    k->ed25519 = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, bytes, SEED_BYTES);
    if (!k->ed25519 || EVP_PKEY_get_raw_public_key(k->ed25519, public, &public_len) != 1)
        return err_origin(-ENOMEM);
    if (len > SEED_BYTES && memcmp(public, bytes + SEED_BYTES, PUBLIC_BYTES) != 0)
        return diag_set(diag, "secret: the public half behind whsk_ is not the private one's");
    return 0;
}

static int set_public_key(struct sign_key *k, const uint8_t *bytes, size_t len, struct diag *diag)
{
    int r = sign_key_check_length(public_prefix.data, len, PUBLIC_BYTES, PUBLIC_BYTES, diag);

    if (r)
        return r;
    k->is_public = true;
    k->ed25519 = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, PUBLIC_BYTES);
    return k->ed25519 ? 0 : err_origin(-ENOMEM);
}

static const struct {
    const struct span *prefix;
    int (*set)(struct sign_key *k, const uint8_t *bytes, size_t len, struct diag *diag);
} kinds[] = {
    {&hmac_prefix, set_hmac_key},
    {&private_prefix, set_private_key},
    {&public_prefix, set_public_key},
};

static int set_decoded(struct sign_key *k, struct span secret, size_t kind, struct diag *diag)
{
    const struct span prefix = *kinds[kind].prefix;
    struct span text = {secret.data + prefix.len, secret.len - prefix.len};
    uint8_t bytes[SECRET_TEXT_MAX];
    size_t len = 0;
    int r;

    if (parse_base64(text, bytes, &len))
        r = diag_set(diag, "secret: what follows %s is not base64", prefix.data);
    else
        r = kinds[kind].set(k, bytes, len, diag);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return r;
}

static int set_prefixed(struct sign_key *k, struct span secret, enum sign_form form,
                        struct diag *diag)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (sign_key_has_prefix(secret, *kinds[i].prefix))
            return set_decoded(k, secret, i, diag);
    return diag_set(diag, "secret: expected %s and the key in base64",
                    form == SIGN_FORM_V1A_BASE64 ? "whsk_ or whpk_" : "whsec_");
}

int sign_key_new(struct sign_key **ret, struct span secret, enum sign_form form, struct diag *diag)
{
    struct sign_key *k;
    int r;

    if (secret.len == 0)
        return diag_set(diag, "secret: empty; expected 1 to %d bytes", SECRET_TEXT_MAX);
    if (secret.len > SECRET_TEXT_MAX)
        return diag_set(diag, "secret: %zu bytes; expected at most %d", secret.len,
                        SECRET_TEXT_MAX);
    k = calloc(1, sizeof(*k));
    if (!k)
        return err_origin(-ENOMEM);
    r = sign_form_is_list(form) ? set_prefixed(k, secret, form, diag)
                                : set_hmac(k, secret.data, secret.len);
    if (r)
        sign_key_free(k);
    else
        *ret = k;
    return r;
}

/* ---- making ---- */

static void sign_key_write_text(char ret[SIGN_SECRET_SIZE], struct span prefix,
                                const uint8_t bytes[32])
{
    memcpy(ret, prefix.data, prefix.len);
    (void)EVP_EncodeBlock((unsigned char *)ret + prefix.len, bytes, 32);
}

void sign_secret_make(char ret[SIGN_SECRET_SIZE], enum sign_form form)
{
    uint8_t bytes[32];

    rng_bytes(bytes, sizeof(bytes));
    sign_key_write_text(ret, form == SIGN_FORM_V1A_BASE64 ? private_prefix : hmac_prefix, bytes);
    OPENSSL_cleanse(bytes, sizeof(bytes));
}

void sign_key_public_text(const struct sign_key *k, char ret[SIGN_SECRET_SIZE])
{
    uint8_t bytes[PUBLIC_BYTES];
    size_t len = sizeof(bytes);

    ret[0] = '\0';
    if (k->ed25519 && EVP_PKEY_get_raw_public_key(k->ed25519, bytes, &len) == 1)
        sign_key_write_text(ret, public_prefix, bytes);
}
