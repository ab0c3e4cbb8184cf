/* SPDX-License-Identifier: Apache-2.0 */
/* sign_key.h: what signs: a secret as people write it, made into a keyed OpenSSL context.
 *
 *   a text             its bytes are the HMAC key                    (forms hex and sha256=hex)
 *   whsec_<base64>     24 to 64 bytes, the HMAC key                  (`v1`)
 *   whsk_<base64>      ed25519 private key (RFC 8032): the 32-byte seed, or seed and public key
 *   whpk_<base64>      ed25519 public key, 32 bytes: verifies only   (`v1a`)
 *
 * The prefixes are those of Standard Webhooks 1.0.0. Not thread-safe. */
#ifndef GRAPNEL_COMMON_CRYPTO_SIGN_KEY_H
#define GRAPNEL_COMMON_CRYPTO_SIGN_KEY_H

#include "common/base/base.h"
#include "common/crypto/sign_scheme.h"
#include <openssl/evp.h>

enum { SIGN_SECRET_SIZE = 64 }; /* of the texts that are made here, with their NUL */

struct sign_key {
    EVP_MAC_CTX *mac; /* keyed; re-started for each message, at half the cost of keying anew */
    EVP_PKEY *ed25519;
    bool is_public; /* cannot sign */
};

/* The key that @secret is where signatures have form @form. A list (`v1`, `v1a`) may mix HMAC and
 * ed25519 keys; other forms take any text. -EINVAL with words that do not hold the secret. */
int sign_key_new(struct sign_key **ret, struct span secret, enum sign_form form, struct diag *diag);
struct sign_key *sign_key_free(struct sign_key *k); /* wipes; NULL is fine; returns NULL */

/* A new secret of 32 random bytes for signatures of form @form: whsk_… for `v1a`, else whsec_… */
void sign_secret_make(char ret[SIGN_SECRET_SIZE], enum sign_form form);

/* "whpk_<base64>" of an ed25519 key; "" of another. */
void sign_key_public_text(const struct sign_key *k, char ret[SIGN_SECRET_SIZE]);

#endif
