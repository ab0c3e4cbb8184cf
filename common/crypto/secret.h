/* SPDX-License-Identifier: Apache-2.0 */
/* secret.h: secrets at rest: AES-256-GCM under the operator's master key.
 *
 * Sealed form: byte 1 (version) · 4 bytes key id (first of SHA-256 of the key) · 12 bytes nonce ·
 * ciphertext · 16 bytes tag. @context (the endpoint's id) is authenticated too, so that a sealed
 * secret cannot be moved to another endpoint. Nothing here logs or words a secret. */
#ifndef GRAPNEL_COMMON_CRYPTO_SECRET_H
#define GRAPNEL_COMMON_CRYPTO_SECRET_H

#include "common/base/base.h"
#include "common/base/buf.h"
#include "common/crypto/master_key.h"

enum {
    SECRET_OVERHEAD = 33,
    SECRET_TEXT_MAX = 512,       /* of a signing secret: checked where one is set */
    SECRET_PLAIN_MAX = 16 << 10, /* of whatever is sealed */
};

/* Appends the sealed form to @ret. -ENOKEY: no master key; -EMSGSIZE: longer than SECRET_PLAIN_MAX.
 */
int secret_seal(struct buf *ret, const struct master_key *k, struct span context,
                struct span plain);
/* Appends the plain text to @ret (wipe it: buf_wipe). -EBADMSG: tampered or other context;
 * -EKEYREJECTED: sealed under a key that is not among them; -ENOKEY: no master key. */
int secret_open(struct buf *ret, const struct master_key *k, struct span context,
                struct span sealed);

/* Id of the key that it was sealed under; "" when it is no sealed form. */
void secret_key_id(char ret[KEY_ID_SIZE], struct span sealed);
/* Is it sealed under the key that seals now? */
bool secret_is_current(const struct master_key *k, struct span sealed);
/* Words for what secret_open() answered, @r: which key is missing, say. */
void secret_fault(struct diag *ret, const struct master_key *k, struct span sealed, int r);

#endif
