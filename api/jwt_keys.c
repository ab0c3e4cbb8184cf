/* SPDX-License-Identifier: Apache-2.0 */
#include "api/jwt_keys.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>
#include <rhonabwy.h>
#include <stdio.h>

enum {
    SECRET_BYTES_MIN = 32,
    RSA_BITS_MIN = 2048,
    DER_BYTES_MAX = 8192,
    SIGNATURE_TEXT_MAX = 4096
};

struct jwt_keys *jwt_keys_new(void)
{
    struct jwt_keys *keys = calloc(1, sizeof(*keys));

    if (keys)
        keys->refs = 1;
    return keys;
}

static void key_fini(struct jwt_key *key)
{
    buf_wipe(&key->secret);
    r_jwk_free(key->public);
}

struct jwt_keys *jwt_keys_free(struct jwt_keys *keys)
{
    for (unsigned i = 0; keys && i < keys->n; i++)
        key_fini(&keys->all[i]);
    free(keys);
    return NULL;
}

enum jwt_alg jwt_alg_of_name(const char *name)
{
    static const char *const names[] = {
        [JWT_HS256] = "HS256", [JWT_RS256] = "RS256", [JWT_ES256] = "ES256", [JWT_EDDSA] = "EdDSA"};

    for (size_t i = 1; name && i < ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0)
            return (enum jwt_alg)i;
    return JWT_OTHER;
}

/* ---- one key, in JSON ---- */

static const char *member(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));

    return text ? text : "";
}

static bool is(const json_t *json, const char *name, const char *value)
{
    return strcmp(member(json, name), value) == 0;
}

static enum jwt_alg alg_of(const json_t *json)
{
    if (is(json, "kty", "oct"))
        return JWT_HS256;
    if (is(json, "kty", "RSA"))
        return JWT_RS256;
    if (is(json, "kty", "EC") && is(json, "crv", "P-256"))
        return JWT_ES256;
    return is(json, "kty", "OKP") && is(json, "crv", "Ed25519") ? JWT_EDDSA : JWT_OTHER;
}

/* Is it for signatures, by the algorithm that we would use it with? */
static bool is_for_us(const json_t *json, enum jwt_alg alg)
{
    const json_t *ops = json_object_get(json, "key_ops"), *op;
    bool verifies = !ops;
    size_t i;

    json_array_foreach(ops, i, op) if (json_is_string(op) && strcmp(json_string_value(op),
                                                                    "verify") == 0) verifies = true;
    if (alg == JWT_OTHER || !verifies)
        return false;
    if (json_object_get(json, "alg") && jwt_alg_of_name(member(json, "alg")) != alg)
        return false;
    return !json_object_get(json, "use") || is(json, "use", "sig");
}

/* What says what the key is, and nothing else: no certificates, no addresses of such. */
static json_t *bare(const json_t *json)
{
    static const char *const names[] = {"kty", "crv", "n", "e", "x", "y"};
    json_t *copy = json_object();

    for (size_t i = 0; copy && i < ARRAY_LEN(names); i++)
        if (json_object_get(json, names[i]))
            (void)json_object_set(copy, names[i], json_object_get(json, names[i]));
    return copy;
}

/* Does it lie on its curve, and such? The library does not ask. */
static bool is_valid(const unsigned char *der, size_t len)
{
    EVP_PKEY *key = d2i_PUBKEY(NULL, &der, (long)len);
    EVP_PKEY_CTX *context = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    bool is_good = context && EVP_PKEY_public_check(context) == 1;

    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return is_good;
}

/* Can a signature be checked with it? */
static bool is_sound(jwk_t *jwk, enum jwt_alg alg)
{
    unsigned char der[DER_BYTES_MAX];
    size_t len = sizeof(der);
    unsigned bits = 0;

    if (r_jwk_key_type(jwk, &bits, R_FLAG_IGNORE_REMOTE) == R_KEY_TYPE_NONE)
        return false;
    if (alg == JWT_RS256 && bits < RSA_BITS_MIN)
        return false;
    return r_jwk_export_to_pem_der(jwk, R_FORMAT_DER, der, &len, R_FLAG_IGNORE_REMOTE) == RHN_OK &&
           is_valid(der, len);
}

static int take_public(struct jwt_key *key, const json_t *json, struct diag *diag)
{
    json_t *copy;
    bool is_good;

    if (json_object_get(json, "d"))
        return diag_set(diag, "it is a private key; expected a public one");
    copy = bare(json);
    if (!copy || r_jwk_init(&key->public) != RHN_OK) {
        json_decref(copy);
        return err_origin(-ENOMEM);
    }
    is_good =
        r_jwk_import_from_json_t(key->public, copy) == RHN_OK && is_sound(key->public, key->alg);
    json_decref(copy);
    if (is_good)
        return 0;
    return diag_set(diag, "it is damaged, or an RSA key of less than %d bits", RSA_BITS_MIN);
}

static int jwt_keys_take_secret(struct jwt_key *key, struct span secret, struct diag *diag)
{
    if (secret.len < SECRET_BYTES_MIN || secret.len > JWT_SECRET_BYTES_MAX)
        return diag_set(diag, "a secret of %zu bytes; expected %d to %d", secret.len,
                        SECRET_BYTES_MIN, JWT_SECRET_BYTES_MAX);
    buf_add_span(&key->secret, secret);
    return buf_result(&key->secret);
}

static int take_octets(struct jwt_key *key, const json_t *json, struct diag *diag)
{
    struct span text = span_of(member(json, "k"));
    uint8_t secret[JWT_SECRET_BYTES_MAX * 2];
    size_t len = 0;
    int r;

    if (text.len > sizeof(secret) || parse_base64url(text, secret, &len))
        return diag_set(diag, "k: expected base64url");
    r = jwt_keys_take_secret(key, (struct span){(const char *)secret, len}, diag);
    OPENSSL_cleanse(secret, sizeof(secret));
    return r;
}

static int take_kid(struct jwt_key *key, const json_t *json, struct diag *diag)
{
    const char *kid = member(json, "kid");

    if (strlen(kid) >= sizeof(key->kid))
        return diag_set(diag, "kid: expected at most %zu bytes", sizeof(key->kid) - 1);
    (void)snprintf(key->kid, sizeof(key->kid), "%s", kid);
    return 0;
}

static void key_init(struct jwt_key *key, enum jwt_alg alg)
{
    *key = (struct jwt_key){.alg = alg};
    buf_init(&key->secret, JWT_SECRET_BYTES_MAX);
}

static int jwt_keys_add_key(struct jwt_keys *keys, const json_t *json, struct diag *diag)
{
    enum jwt_alg alg = alg_of(json);
    struct jwt_key *key = &keys->all[keys->n];
    int r;

    if (!json_is_object(json) || !*member(json, "kty"))
        return diag_set(diag, "expected a JWK, an object with kty");
    if (!is_for_us(json, alg)) {
        keys->n_passed++;
        return 0;
    }
    if (keys->n == JWT_KEYS_MAX)
        return diag_set(diag, "expected at most %d keys", JWT_KEYS_MAX);
    key_init(key, alg);
    r = take_kid(key, json, diag);
    if (!r)
        r = alg == JWT_HS256 ? take_octets(key, json, diag) : take_public(key, json, diag);
    if (r)
        key_fini(key);
    else
        keys->n++;
    return r;
}

/* ---- many ---- */

static int add_set(struct jwt_keys *keys, const json_t *set, const char *field, struct diag *diag)
{
    const json_t *json;
    struct diag why = {""};
    size_t i;

    json_array_foreach(set, i, json)
    {
        int r = jwt_keys_add_key(keys, json, &why);

        if (r == -EINVAL)
            return diag_set(diag, "%s: key %zu: %s", field, i + 1, why.text);
        if (r)
            return r;
    }
    return 0;
}

int jwt_keys_add_json(struct jwt_keys *keys, struct span text, const char *field, struct diag *diag)
{
    json_error_t error;
    json_t *json = json_loadb(text.data ? text.data : "", text.len, JSON_REJECT_DUPLICATES, &error);
    json_t *set = json_object_get(json, "keys"), *one = NULL;
    int r;

    if (!json)
        return diag_set(diag, "%s: no JSON: %.80s (byte %d)", field, error.text, error.position);
    if (!set)
        set = one = json_pack("[O]", json);
    if (json_is_array(set))
        r = add_set(keys, set, field, diag);
    else
        r = diag_set(diag, "%s: keys: expected an array", field);
    json_decref(one);
    json_decref(json);
    return r;
}

static json_t *jwk_of_pem(struct span pem)
{
    static const int kinds[] = {R_X509_TYPE_PUBKEY, R_X509_TYPE_CERTIFICATE};
    json_t *json = NULL;

    for (size_t i = 0; i < ARRAY_LEN(kinds) && !json; i++) {
        jwk_t *jwk;

        if (r_jwk_init(&jwk) != RHN_OK)
            return NULL;
        if (r_jwk_import_from_pem_der(jwk, kinds[i], R_FORMAT_PEM, (const uint8_t *)pem.data,
                                      pem.len) == RHN_OK)
            json = r_jwk_export_to_json_t(jwk);
        r_jwk_free(jwk);
    }
    /* Its id is made of the key: no token names it. */
    (void)json_object_del(json, "kid");
    return json;
}

static int add_pem(struct jwt_keys *keys, struct span pem, const char *field, struct diag *diag)
{
    json_t *json = jwk_of_pem(pem);
    unsigned before = keys->n;
    struct diag why = {""};
    int r;

    if (!json)
        return diag_set(diag, "%s: expected a public key or a certificate in PEM", field);
    r = jwt_keys_add_key(keys, json, &why);
    json_decref(json);
    if (r == -EINVAL)
        return diag_set(diag, "%s: %s", field, why.text);
    if (!r && keys->n == before)
        return diag_set(diag, "%s: expected a key of RSA, P-256 or Ed25519", field);
    return r;
}

static int jwt_keys_add_secret(struct jwt_keys *keys, struct span secret, const char *field,
                               struct diag *diag)
{
    struct jwt_key *key = &keys->all[keys->n];
    struct diag why = {""};
    int r;

    key_init(key, JWT_HS256);
    r = jwt_keys_take_secret(key, secret, &why);
    if (!r) {
        keys->n++;
        return 0;
    }
    key_fini(key);
    return r == -EINVAL ? diag_set(diag, "%s: %s", field, why.text) : r;
}

int jwt_keys_add_text(struct jwt_keys *keys, struct span text, const char *field, struct diag *diag)
{
    static const char pem[] = "-----BEGIN ";

    if (keys->n == JWT_KEYS_MAX)
        return diag_set(diag, "%s: expected at most %d keys", field, JWT_KEYS_MAX);
    if (text.len && text.data[0] == '{')
        return jwt_keys_add_json(keys, text, field, diag);
    if (text.len >= sizeof(pem) && memcmp(text.data, pem, sizeof(pem) - 1) == 0)
        return add_pem(keys, text, field, diag);
    return jwt_keys_add_secret(keys, text, field, diag);
}

/* ---- use ---- */

/* Not by the library, which compares with strcmp(). */
static bool verify_mac(const struct jwt_key *key, struct span text, struct span sent)
{
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (!HMAC(EVP_sha256(), key->secret.data, (int)key->secret.len, (const uint8_t *)text.data,
              text.len, mac, &len))
        return false;
    return equal_secret(sent, (struct span){(const char *)mac, len});
}

static bool verify_signature(const struct jwt_key *key, struct span token)
{
    jws_t *jws = NULL;
    bool is_good;

    if (r_jws_init(&jws) != RHN_OK)
        return false;
    is_good = r_jws_advanced_parsen(jws, token.data, token.len, R_PARSE_NONE,
                                    R_FLAG_IGNORE_REMOTE) == RHN_OK &&
              r_jws_verify_signature(jws, key->public, R_FLAG_IGNORE_REMOTE) == RHN_OK;
    r_jws_free(jws);
    return is_good;
}

bool jwt_key_verify(const struct jwt_key *key, struct span token, size_t signed_len)
{
    struct span text = {token.data + signed_len + 1, token.len - signed_len - 1};
    uint8_t sent[SIGNATURE_TEXT_MAX];
    size_t len = 0;

    /* Here, as the library lets more than one text pass for one signature. */
    if (text.len > sizeof(sent) || parse_base64url(text, sent, &len))
        return false;
    if (key->alg != JWT_HS256)
        return verify_signature(key, token);
    return verify_mac(key, (struct span){token.data, signed_len},
                      (struct span){(const char *)sent, len});
}
