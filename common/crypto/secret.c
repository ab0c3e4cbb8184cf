/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/secret.h"
#include "common/base/err.h"
#include "common/base/rng.h"
#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

/* The sealed form's parts: version · key id · nonce · ciphertext · tag. */
enum { VERSION = 1, NONCE_BYTES = 12, TAG_BYTES = 16 };
enum { NONCE_AT = 1 + KEY_ID_BYTES, TEXT_AT = NONCE_AT + NONCE_BYTES };

_Static_assert(TEXT_AT + TAG_BYTES == SECRET_OVERHEAD, "the sealed form in secret.h");

static void cipher_freep(EVP_CIPHER_CTX **c)
{
    EVP_CIPHER_CTX_free(*c); /* wipes what it holds */
}

/* Keyed and told what is authenticated but not hidden: the version, the key's id, and the context.
 */
static bool secret_begin(EVP_CIPHER_CTX *c, const struct cipher_key *k, const uint8_t *sealed,
                         struct span context, int is_sealing)
{
    const unsigned char *words = (const unsigned char *)context.data;
    int n;

    return c && context.len <= INT_MAX &&
           EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, k->bytes, sealed + NONCE_AT, is_sealing) &&
           EVP_CipherUpdate(c, NULL, &n, sealed, NONCE_AT) &&
           (context.len == 0 || EVP_CipherUpdate(c, NULL, &n, words, (int)context.len));
}

static bool seal_text(const struct cipher_key *k, uint8_t *sealed, struct span context,
                      struct span plain)
{
    _cleanup_(cipher_freep) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t *text = sealed + TEXT_AT;
    int n;

    return secret_begin(c, k, sealed, context, 1) &&
           (plain.len == 0 ||
            EVP_CipherUpdate(c, text, &n, (const unsigned char *)plain.data, (int)plain.len)) &&
           EVP_CipherFinal_ex(c, text + plain.len, &n) &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, text + plain.len);
}

int secret_seal(struct buf *ret, const struct master_key *k, struct span context, struct span plain)
{
    const struct cipher_key *key = &k->all[k->seals];
    uint8_t *sealed;

    if (!k->is_set)
        return err_origin(-ENOKEY);
    if (plain.len > SECRET_PLAIN_MAX)
        return err_origin(-EMSGSIZE);
    sealed = (uint8_t *)buf_reserve(ret, SECRET_OVERHEAD + plain.len);
    if (!sealed)
        return buf_result(ret);

    sealed[0] = VERSION;
    memcpy(sealed + 1, key->id, KEY_ID_BYTES);
    rng_bytes(sealed + NONCE_AT, NONCE_BYTES);
    if (!seal_text(key, sealed, context, plain))
        return err_origin(-ENOMEM);
    buf_wrote(ret, SECRET_OVERHEAD + plain.len);
    return 0;
}

/* The tag is checked last; until then nothing of the plain text may be believed. */
static int open_text(const struct cipher_key *k, uint8_t *plain, struct span context,
                     const uint8_t *sealed, size_t plain_len)
{
    _cleanup_(cipher_freep) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t tag[TAG_BYTES];
    int n;

    memcpy(tag, sealed + TEXT_AT + plain_len, sizeof(tag));
    if (!secret_begin(c, k, sealed, context, 0) ||
        (plain_len > 0 && !EVP_CipherUpdate(c, plain, &n, sealed + TEXT_AT, (int)plain_len)) ||
        !EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag))
        return err_origin(-ENOMEM);
    return EVP_CipherFinal_ex(c, plain + plain_len, &n) ? 0 : err_origin(-EBADMSG);
}

static bool is_sealed(struct span sealed)
{
    return sealed.len >= SECRET_OVERHEAD && sealed.len <= SECRET_OVERHEAD + SECRET_PLAIN_MAX &&
           sealed.data[0] == VERSION;
}

int secret_open(struct buf *ret, const struct master_key *k, struct span context,
                struct span sealed)
{
    const uint8_t *bytes = (const uint8_t *)sealed.data;
    const struct cipher_key *key;
    uint8_t *plain;
    size_t len;
    int r;

    if (!k->is_set)
        return err_origin(-ENOKEY);
    if (!is_sealed(sealed))
        return err_origin(-EBADMSG);
    key = master_key_find(k, bytes + 1);
    if (!key)
        return err_origin(-EKEYREJECTED);
    len = sealed.len - SECRET_OVERHEAD;
    plain = (uint8_t *)buf_reserve(ret, len);
    if (!plain)
        return buf_result(ret);

    r = open_text(key, plain, context, bytes, len);
    if (r)
        OPENSSL_cleanse(plain, len);
    else
        buf_wrote(ret, len);
    return r;
}

void secret_key_id(char ret[KEY_ID_SIZE], struct span sealed)
{
    ret[0] = '\0';
    if (is_sealed(sealed))
        cipher_key_id(ret, (const uint8_t *)sealed.data + 1);
}

bool secret_is_current(const struct master_key *k, struct span sealed)
{
    return k->is_set && is_sealed(sealed) &&
           memcmp(sealed.data + 1, k->all[k->seals].id, KEY_ID_BYTES) == 0;
}

void secret_fault(struct diag *ret, const struct master_key *k, struct span sealed, int r)
{
    char id[KEY_ID_SIZE], ids[KEY_IDS_SIZE];

    if (r == -EKEYREJECTED) {
        secret_key_id(id, sealed);
        master_key_ids(ids, k);
        (void)diag_set(ret, "encrypted with master key %s, which is not configured here (%s is)",
                       id, ids);
    } else if (r == -EBADMSG) {
        (void)diag_set(ret, "it is damaged, or was not made for this endpoint");
    } else {
        (void)diag_set(ret, "%s", err_text(r));
    }
}
