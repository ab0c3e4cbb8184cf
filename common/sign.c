#include "common/sign.h"
#include "common/err.h"
#include "common/rng.h"
#include "common/secret.h"
#include "common/text.h"
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdio.h>

/* What Standard Webhooks asks of a decoded key. */
enum { DECODED_MIN = 24, DECODED_MAX = 64 };

static const struct span decoded_prefix = {"whsec_", 6};

struct sign_key {
    EVP_MAC_CTX *context; /* keyed; re-started for each message */
};

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
        EVP_MAC_CTX_free(k->context); /* wipes the key */
        free(k);
    }
    return NULL;
}

static void sign_key_freep(struct sign_key **k)
{
    sign_key_free(*k);
}

static int key_new(struct sign_key **ret, const void *bytes, size_t len)
{
    _cleanup_(sign_key_freep) struct sign_key *k = calloc(1, sizeof(*k));
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };

    if (!k || !get_hmac())
        return err_origin(-ENOMEM);
    k->context = EVP_MAC_CTX_new(get_hmac());
    if (!k->context || !EVP_MAC_init(k->context, bytes, len, params))
        return err_origin(-ENOMEM);
    *ret = TAKE(k);
    return 0;
}

static int decoded_key_new(struct sign_key **ret, struct span secret, struct diag *diag)
{
    struct span text = {secret.data + decoded_prefix.len, secret.len - decoded_prefix.len};
    uint8_t bytes[SECRET_TEXT_MAX];
    size_t len = 0;
    int r;

    if (secret.len < decoded_prefix.len ||
        memcmp(secret.data, decoded_prefix.data, decoded_prefix.len) != 0)
        return diag_set(diag, "secret: expected whsec_ and the key in base64");
    r = parse_base64(text, bytes, &len);
    if (r)
        r = diag_set(diag, "secret: what follows whsec_ is not base64");
    else if (len < DECODED_MIN || len > DECODED_MAX)
        r = diag_set(diag, "secret: the key behind whsec_ has %zu bytes; expected %d to %d", len,
                     DECODED_MIN, DECODED_MAX);
    else
        r = key_new(ret, bytes, len);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return r;
}

int sign_key_new(struct sign_key **ret, struct span secret, enum sign_key_form form,
                 struct diag *diag)
{
    if (secret.len == 0)
        return diag_set(diag, "secret: empty; expected 1 to %d bytes", SECRET_TEXT_MAX);
    if (secret.len > SECRET_TEXT_MAX)
        return diag_set(diag, "secret: %zu bytes; expected at most %d", secret.len,
                        SECRET_TEXT_MAX);
    if (form == SIGN_KEY_DECODED)
        return decoded_key_new(ret, secret, diag);
    return key_new(ret, secret.data, secret.len);
}

static bool add(struct sign_key *key, struct span text)
{
    return EVP_MAC_update(key->context, (const unsigned char *)text.data, text.len) == 1;
}

/* "<id>.<timestamp>.", as far as the dialect signs it. */
static bool add_head(struct sign_key *key, enum sign_text text, struct span id, int64_t timestamp_s)
{
    char digits[24];
    int len;

    if (text == SIGN_TEXT_BODY)
        return true;
    if (text == SIGN_TEXT_ID_TIMESTAMP_BODY && !(add(key, id) && add(key, SPAN("."))))
        return false;
    len = snprintf(digits, sizeof(digits), "%lld.", (long long)timestamp_s);
    return add(key, (struct span){digits, (size_t)len});
}

static int digest(uint8_t ret[SIGN_DIGEST_BYTES], const struct dialect_signature *signature,
                  struct sign_key *key, struct span id, int64_t timestamp_s, struct span body)
{
    size_t len = 0;

    if (EVP_MAC_init(key->context, NULL, 0, NULL) != 1 ||
        !add_head(key, signature->text, id, timestamp_s) || (body.len && !add(key, body)) ||
        EVP_MAC_final(key->context, ret, &len, SIGN_DIGEST_BYTES) != 1 || len != SIGN_DIGEST_BYTES)
        return err_origin(-ENOMEM); /* OpenSSL has no other reason to fail here */
    return 0;
}

int sign_append(struct buf *ret, const struct dialect_signature *signature, struct sign_key *key,
                struct span id, int64_t timestamp_s, struct span body)
{
    uint8_t bytes[SIGN_DIGEST_BYTES];
    int r;

    r = digest(bytes, signature, key, id, timestamp_s, body);
    if (r)
        return err_trace(r);

    switch (signature->form) {
    case SIGN_FORM_SHA256_HEX:
        buf_add(ret, "sha256=", 7);
        buf_add_hex(ret, bytes, sizeof(bytes));
        break;
    case SIGN_FORM_HEX:
        buf_add_hex(ret, bytes, sizeof(bytes));
        break;
    case SIGN_FORM_V1_BASE64:
        buf_add(ret, "v1,", 3);
        buf_add_base64(ret, bytes, sizeof(bytes));
        break;
    }
    return buf_result(ret);
}

/* Looks at every signature in the list, so that the time tells nothing about which one was right.
 */
static bool list_has(struct span list, struct span wanted)
{
    bool is_found = false;

    while (list.len) {
        const char *space = memchr(list.data, ' ', list.len);
        size_t len = space ? (size_t)(space - list.data) : list.len, step = len + (space ? 1 : 0);

        is_found |= equal_secret((struct span){list.data, len}, wanted);
        list = (struct span){list.data + step, list.len - step};
    }
    return is_found;
}

int sign_verify(const struct dialect_signature *signature, struct sign_key *key, struct span value,
                struct span id, int64_t timestamp_s, struct span body)
{
    struct buf wanted;
    bool is_right;
    int r;

    buf_init(&wanted, 128);
    r = sign_append(&wanted, signature, key, id, timestamp_s, body);
    if (r) {
        buf_wipe(&wanted);
        return err_trace(r);
    }
    is_right = signature->carries_several ? list_has(value, buf_span(&wanted))
                                          : equal_secret(value, buf_span(&wanted));
    buf_wipe(&wanted);
    return is_right ? 0 : SIGN_MISMATCH;
}

void sign_secret_make(char ret[64])
{
    uint8_t bytes[32];

    rng_bytes(bytes, sizeof(bytes));
    memcpy(ret, decoded_prefix.data, decoded_prefix.len);
    (void)EVP_EncodeBlock((unsigned char *)ret + decoded_prefix.len, bytes, sizeof(bytes));
    OPENSSL_cleanse(bytes, sizeof(bytes));
}
