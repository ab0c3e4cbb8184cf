/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/sign.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>

/* The largest text that ed25519, which needs it in one piece, is given. */
enum { MESSAGE_BYTES_MAX = 80 << 20 };

/* ---- HMAC ---- */

static bool sign_add(struct sign_key *key, struct span text)
{
    return EVP_MAC_update(key->mac, (const unsigned char *)text.data, text.len) == 1;
}

/* "<timestamp>." */
static struct span timestamp_text(char digits[24], int64_t timestamp_s)
{
    int len = snprintf(digits, 24, "%lld.", (long long)timestamp_s);

    return (struct span){digits, (size_t)len};
}

/* "<id>.<timestamp>.", as far as it is signed. */
static bool sign_add_head(struct sign_key *key, enum sign_text text, struct span id,
                          int64_t timestamp_s)
{
    char digits[24];

    if (text == SIGN_TEXT_BODY)
        return true;
    if (text == SIGN_TEXT_ID_TIMESTAMP_BODY && !(sign_add(key, id) && sign_add(key, SPAN("."))))
        return false;
    return sign_add(key, timestamp_text(digits, timestamp_s));
}

static int digest(uint8_t ret[SIGN_DIGEST_BYTES], const struct sign_scheme *signature,
                  struct sign_key *key, struct span id, int64_t timestamp_s, struct span body)
{
    size_t len = 0;

    if (EVP_MAC_init(key->mac, NULL, 0, NULL) != 1 ||
        !sign_add_head(key, signature->text, id, timestamp_s) ||
        (body.len && !sign_add(key, body)) ||
        EVP_MAC_final(key->mac, ret, &len, SIGN_DIGEST_BYTES) != 1 || len != SIGN_DIGEST_BYTES)
        return err_origin(-ENOMEM); /* OpenSSL has no other reason to fail here */
    return 0;
}

static int append_hmac(struct buf *ret, const struct sign_scheme *signature, struct sign_key *key,
                       struct span id, int64_t timestamp_s, struct span body)
{
    uint8_t bytes[SIGN_DIGEST_BYTES];
    int r = digest(bytes, signature, key, id, timestamp_s, body);

    if (r)
        return err_trace(r);
    if (sign_form_is_list(signature->form)) {
        buf_add(ret, "v1,", 3);
        buf_add_base64(ret, bytes, sizeof(bytes));
        return buf_result(ret);
    }
    if (signature->form == SIGN_FORM_SHA256_HEX)
        buf_add(ret, "sha256=", 7);
    buf_add_hex(ret, bytes, sizeof(bytes));
    return buf_result(ret);
}

/* ---- ed25519 ---- */

/* What is signed, in one piece. */
static int add_message(struct buf *ret, enum sign_text text, struct span id, int64_t timestamp_s,
                       struct span body)
{
    char digits[24];

    if (text == SIGN_TEXT_ID_TIMESTAMP_BODY) {
        buf_add_span(ret, id);
        buf_add_char(ret, '.');
    }
    if (text != SIGN_TEXT_BODY)
        buf_add_span(ret, timestamp_text(digits, timestamp_s));
    buf_add_span(ret, body);
    return buf_result(ret);
}

static void sign_digest_freep(EVP_MD_CTX **c)
{
    EVP_MD_CTX_free(*c);
}

static int sign_message(uint8_t ret[SIGN_ED25519_BYTES], const struct sign_key *key,
                        struct span message)
{
    _cleanup_(sign_digest_freep) EVP_MD_CTX *c = EVP_MD_CTX_new();
    size_t len = SIGN_ED25519_BYTES;

    if (!c || EVP_DigestSignInit(c, NULL, NULL, NULL, key->ed25519) != 1 ||
        EVP_DigestSign(c, ret, &len, (const unsigned char *)message.data, message.len) != 1)
        return err_origin(-ENOMEM);
    return 0;
}

static bool is_signed(const struct sign_key *key, const uint8_t signature[SIGN_ED25519_BYTES],
                      struct span message)
{
    _cleanup_(sign_digest_freep) EVP_MD_CTX *c = EVP_MD_CTX_new();

    return c && EVP_DigestVerifyInit(c, NULL, NULL, NULL, key->ed25519) == 1 &&
           EVP_DigestVerify(c, signature, SIGN_ED25519_BYTES, (const unsigned char *)message.data,
                            message.len) == 1;
}

static int append_ed25519(struct buf *ret, struct sign_key *key, struct span message)
{
    uint8_t bytes[SIGN_ED25519_BYTES];
    int r = key->is_public ? err_origin(-EKEYREJECTED) : sign_message(bytes, key, message);

    if (r)
        return r;
    buf_add(ret, "v1a,", 4);
    buf_add_base64(ret, bytes, sizeof(bytes));
    return buf_result(ret);
}

/* ---- both ---- */

int sign_append(struct buf *ret, const struct sign_scheme *signature, struct sign_key *key,
                struct span id, int64_t timestamp_s, struct span body)
{
    struct buf message;
    int r;

    if (!key->ed25519)
        return append_hmac(ret, signature, key, id, timestamp_s, body);
    buf_init(&message, MESSAGE_BYTES_MAX);
    r = add_message(&message, signature->text, id, timestamp_s, body);
    r = r ? r : append_ed25519(ret, key, buf_span(&message));
    buf_fini(&message);
    return r;
}

/* The next of the entries that spaces separate; false at the end. */
static bool sign_next_entry(struct span *list, struct span *ret)
{
    const char *space = list->len ? memchr(list->data, ' ', list->len) : NULL;
    size_t len = space ? (size_t)(space - list->data) : list->len, step = len + (space ? 1 : 0);

    if (!list->len)
        return false;
    *ret = (struct span){list->data, len};
    *list = (struct span){list->data + step, list->len - step};
    return true;
}

/* Looks at every signature in the list, so that the time tells nothing about which one was right.
 */
static bool list_has(struct span list, struct span wanted)
{
    struct span entry;
    bool is_found = false;

    while (sign_next_entry(&list, &entry))
        is_found |= equal_secret(entry, wanted);
    return is_found;
}

static bool list_has_ed25519(struct span list, const struct sign_key *key, struct span message)
{
    uint8_t bytes[SIGN_ED25519_BYTES + 3];
    struct span entry;
    size_t len;

    while (sign_next_entry(&list, &entry)) {
        if (entry.len < 4 || memcmp(entry.data, "v1a,", 4) != 0 ||
            entry.len - 4 > (sizeof(bytes) / 3) * 4)
            continue;
        entry = (struct span){entry.data + 4, entry.len - 4};
        if (!parse_base64(entry, bytes, &len) && len == SIGN_ED25519_BYTES &&
            is_signed(key, bytes, message))
            return true;
    }
    return false;
}

static int verify_ed25519(const struct sign_scheme *signature, struct sign_key *key,
                          struct span value, struct span id, int64_t timestamp_s, struct span body)
{
    struct buf message;
    int r;

    buf_init(&message, MESSAGE_BYTES_MAX);
    r = add_message(&message, signature->text, id, timestamp_s, body);
    if (!r)
        r = list_has_ed25519(value, key, buf_span(&message)) ? 0 : SIGN_MISMATCH;
    buf_fini(&message);
    return r;
}

int sign_verify(const struct sign_scheme *signature, struct sign_key *key, struct span value,
                struct span id, int64_t timestamp_s, struct span body)
{
    struct buf wanted;
    bool is_right;
    int r;

    if (key->ed25519)
        return verify_ed25519(signature, key, value, id, timestamp_s, body);
    buf_init(&wanted, 128);
    r = append_hmac(&wanted, signature, key, id, timestamp_s, body);
    if (r) {
        buf_wipe(&wanted);
        return err_trace(r);
    }
    is_right = sign_form_is_list(signature->form) ? list_has(value, buf_span(&wanted))
                                                  : equal_secret(value, buf_span(&wanted));
    buf_wipe(&wanted);
    return is_right ? 0 : SIGN_MISMATCH;
}
