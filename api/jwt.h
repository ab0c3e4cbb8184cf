/* SPDX-License-Identifier: Apache-2.0 */
/* jwt.h: who a JSON Web Token (RFC 7519, in the compact form of RFC 7515) stands for. Pure.
 *
 * The header's `alg` and `kid` choose among our keys, and cannot make a key into what it is not; `none`, and headers
 * that ask for more than we do (crit, zip, b64), are refused before anything else is looked at. Keys, addresses of
 * keys and certificates in the header are not looked at. */
#ifndef GRAPNEL_API_JWT_H
#define GRAPNEL_API_JWT_H

#include "api/identity.h"
#include "api/jwt_keys.h"
#include "common/runtime/settings.h"

enum { JWT_BYTES_MAX = 8192, JWT_LEEWAY_MS = 60000 };

/* Does it look like one: three parts? Whether it is good is another question. */
bool jwt_is_token(struct span token);

/* NULL and *ret; else why it is refused, for the log only. Of @set the settings jwt_…. */
const char *jwt_identify(struct span token, const struct jwt_keys *keys, const struct settings *set,
                         int64_t now_ms, struct identity *ret);

#endif
