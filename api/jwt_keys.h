/* SPDX-License-Identifier: Apache-2.0 */
/* jwt_keys.h: the keys that tokens may be signed with (RFC 7517).
 *
 * The key's type decides the algorithm, never the token: a symmetric key of 32 bytes or more HS256, an RSA key of 2048
 * bits or more RS256, one on P-256 ES256, one on Ed25519 EdDSA. Keys of other kinds, or for other uses, are passed
 * over, as issuers publish such too. Private keys are refused: they have no business here. */
#ifndef GRAPNEL_API_JWT_KEYS_H
#define GRAPNEL_API_JWT_KEYS_H

#include "common/base/base.h"
#include "common/base/buf.h"
#include <jansson.h>

enum { JWT_KEYS_MAX = 64, JWT_KEYS_BYTES_MAX = 256 << 10, JWT_SECRET_BYTES_MAX = 1024 };

enum jwt_alg { JWT_OTHER, JWT_HS256, JWT_RS256, JWT_ES256, JWT_EDDSA };
enum jwt_alg jwt_alg_of_name(const char *name); /* JWT_OTHER: none of these, or NULL */

struct jwt_key {
    char kid[128]; /* "": it has none */
    enum jwt_alg alg;
    struct buf secret; /* of HS256 */
    json_t *public;    /* of the others: a jwk_t of rhonabwy's */
};

struct jwt_keys {
    struct jwt_key all[JWT_KEYS_MAX];
    unsigned n, n_passed; /* those of other kinds */
    unsigned refs;        /* of jwt_keyring.c, under its mutex */
};

struct jwt_keys *jwt_keys_new(void); /* NULL: no memory */
struct jwt_keys *jwt_keys_free(struct jwt_keys *keys);

/* Adds those of a JWK set, or of one JWK. -EINVAL with words that begin with @field; -ENOMEM. */
int jwt_keys_add_json(struct jwt_keys *keys, struct span text, const char *field,
                      struct diag *diag);
/* Adds what an operator wrote: JSON as above; a public key or certificate in PEM; else a secret for HS256. */
int jwt_keys_add_text(struct jwt_keys *keys, struct span text, const char *field,
                      struct diag *diag);

/* Is @token, "header.payload.signature", signed by @key? The first @signed_len bytes are what is signed. */
bool jwt_key_verify(const struct jwt_key *key, struct span token, size_t signed_len);

#endif
