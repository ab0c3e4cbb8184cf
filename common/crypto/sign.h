/* SPDX-License-Identifier: Apache-2.0 */
/* sign.h: signatures over what is sent. Pure but for the keyed context.
 *
 * HMAC-SHA256 (RFC 2104, FIPS 180-4), or ed25519 (RFC 8032), by the key: sign_key.h. */
#ifndef GRAPNEL_COMMON_CRYPTO_SIGN_H
#define GRAPNEL_COMMON_CRYPTO_SIGN_H

#include "common/base/base.h"
#include "common/base/buf.h"
#include "common/crypto/sign_key.h"
#include "common/crypto/sign_scheme.h"

enum { SIGN_DIGEST_BYTES = 32, SIGN_ED25519_BYTES = 64 };

/* Appends one key's signature to @ret: "<hex>", "sha256=<hex>", or in a list "v1,<base64>" of an HMAC
 * key and "v1a,<base64>" of an ed25519 key. @id, @timestamp and @body are joined as
 * @signature->text says. -EKEYREJECTED: a public key cannot sign. */
int sign_append(struct buf *ret, const struct sign_scheme *signature, struct sign_key *key,
                struct span id, int64_t timestamp_s, struct span body);

/* Does header value @value (one signature, or several separated by spaces where the form is a list)
 * hold a right one? Constant-time. 0, SIGN_MISMATCH (positive), or negative. */
enum { SIGN_MISMATCH = 1 };
int sign_verify(const struct sign_scheme *signature, struct sign_key *key, struct span value,
                struct span id, int64_t timestamp_s, struct span body);

#endif
