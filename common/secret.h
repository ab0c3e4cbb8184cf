/* secret.h: signing secrets at rest: AES-256-GCM under the operator's master key.
 *
 * Sealed form: byte 1 (version) · 4 bytes key id (first of SHA-256 of the key) · 12 bytes nonce ·
 * ciphertext · 16 bytes tag. @context (the endpoint's id) is authenticated too, so that a sealed
 * secret cannot be moved to another endpoint. Nothing here logs or words a secret. */
#ifndef GRAPNEL_COMMON_SECRET_H
#define GRAPNEL_COMMON_SECRET_H

#include "common/base.h"
#include "common/buf.h"

enum { SECRET_OVERHEAD = 33, SECRET_TEXT_MAX = 512 };

struct master_key {
    uint8_t bytes[32];
    uint8_t id[4];
    bool is_set;
};

/* From 32 bytes in base64 (@base64), or from file @path holding that; one of the two, "" for the
 * other. -EINVAL with words; -ENOENT when both are empty. */
int master_key_load(struct master_key *ret, const char *base64, const char *path,
                    struct diag *diag);
void master_key_wipe(struct master_key *k);

/* Appends the sealed form to @ret. -ENOKEY: no master key; -EMSGSIZE: longer than SECRET_TEXT_MAX.
 */
int secret_seal(struct buf *ret, const struct master_key *k, struct span context,
                struct span plain);
/* Appends the plain text to @ret (wipe it: buf_wipe). -EBADMSG: tampered or other context;
 * -EKEYREJECTED: sealed under another master key; -ENOKEY: no master key. */
int secret_open(struct buf *ret, const struct master_key *k, struct span context,
                struct span sealed);

#endif
