/* sign.h: signatures over what is sent. Pure but for the keyed context.
 *
 * HMAC-SHA256 (RFC 2104, FIPS 180-4). A `sign_key` holds a keyed OpenSSL context that is re-started
 * for each message, which costs half of keying anew. Not thread-safe. */
#ifndef GRAPNEL_COMMON_SIGN_H
#define GRAPNEL_COMMON_SIGN_H

#include "common/base.h"
#include "common/buf.h"
#include "common/dialect.h"

enum { SIGN_DIGEST_BYTES = 32 };

struct sign_key; /* opaque; wiped on free */

/* The HMAC key of @secret, a text such as whsec_…, in the form that the dialect takes: the text's
 * bytes, or (SIGN_KEY_DECODED) what follows "whsec_" decoded from base64,
 * 24 to 64 bytes. -EINVAL with words that do not hold the secret. */
int sign_key_new(struct sign_key **ret, struct span secret, enum sign_key_form form,
                 struct diag *diag);
struct sign_key *sign_key_free(struct sign_key *k); /* NULL is fine; returns NULL */

/* Appends the header value for one key ("sha256=<hex>", "<hex>", "v1,<base64>") to @ret.
 * @id, @timestamp and @body are joined as @signature->text says. */
int sign_append(struct buf *ret, const struct dialect_signature *signature, struct sign_key *key,
                struct span id, int64_t timestamp_s, struct span body);

/* Does header value @value (one signature, or several separated by spaces where the dialect allows)
 * hold a right one? Constant-time. 0, SIGN_MISMATCH (positive), or negative. */
enum { SIGN_MISMATCH = 1 };
int sign_verify(const struct dialect_signature *signature, struct sign_key *key, struct span value,
                struct span id, int64_t timestamp_s, struct span body);

/* A new secret: "whsec_" and base64 of 32 random bytes; @ret is at least 64 bytes. */
void sign_secret_make(char ret[64]);

#endif
