/* SPDX-License-Identifier: Apache-2.0 */
/* store_api_key.h: API keys in the store.
 *
 * A key is "gk_<uuid>_<64 hex digits>": its id, which names the partition of its tenant (operators' keys: that of
 * the tenant ""), and a secret of 256 random bits. The store has the SHA-256 of the whole text only; that the secret
 * is random makes this enough. The text is shown once, when the key is made. A key that is removed, or has expired,
 * is worth nothing from that moment on: each use asks Redis, in one step. */
#ifndef GRAPNEL_ADMIN_ACCESS_STORE_API_KEY_H
#define GRAPNEL_ADMIN_ACCESS_STORE_API_KEY_H

#include "admin/access/role.h"
#include "admin/store/store.h"
#include "common/base/id.h"

#define API_KEY_PREFIX "gk_"
enum {
    API_KEY_NAME_MAX = 100,
    API_KEYS_MAX = 100,     /* of one tenant; of operators */
    API_KEY_TEXT_SIZE = 105 /* gk_ and 36, _, 64, NUL */
};

struct api_key {
    char id[ID_SIZE];
    enum role role;
    char tenant[72]; /* "": an operator's */
    char name[API_KEY_NAME_MAX + 1];
    int64_t created_ms, expires_ms; /* 0: never */
    int64_t used_ms;                /* last use, to about a minute; 0: never */
};

/* Makes one of @k's role, tenant, name and expires_ms, and fills the rest. ROLE_OPERATOR if and only if it is of no
 * tenant. STORE_NO_TENANT, STORE_TOO_MANY, -EINVAL with words that name the field. Wipe @ret_text. */
int store_api_key_add(struct store *s, struct api_key *k, char ret_text[API_KEY_TEXT_SIZE]);

int store_api_key_get(struct store *s, struct span id, struct api_key *ret); /* STORE_MISSING */
/* A tenant's, in the order in which they were made. @each answers 0 to go on. */
typedef int store_api_key_fn(void *arg, const struct api_key *k);
int store_api_keys(struct store *s, struct span tenant, store_api_key_fn *each, void *arg);
int store_api_key_remove(struct store *s, const struct api_key *k); /* STORE_MISSING */

/* May who sends @text call now? STORE_MISSING: it is no valid key, and nobody is to learn why. */
struct api_key_use {
    char id[ID_SIZE];
    enum role role;
    char tenant[72];
    int64_t wait_ms; /* 0: it may; else its limit is used up for so long */
};
int store_api_key_use(struct store *s, struct span text, int64_t limit, struct api_key_use *ret);

#endif
