/* SPDX-License-Identifier: Apache-2.0 */
/* jwt_keyring.h: the keys that tokens are checked with now: those of the settings jwt_key and jwt_keys_file. The file
 * is looked at at most once a second, and read again when it is another one; what cannot be read then leaves the keys
 * as they were. For all threads. */
#ifndef GRAPNEL_API_JWT_KEYRING_H
#define GRAPNEL_API_JWT_KEYRING_H

#include "api/jwt_keys.h"
#include "common/base/log.h"
#include "common/runtime/settings.h"
#include <pthread.h>
#include <sys/stat.h>

struct jwt_keyring {
    const struct settings *settings; /* NULL: no key is configured, so no token is good */
    pthread_mutex_t mutex;           /* over the rest */
    struct jwt_keys *keys;
    struct stat seen; /* of the file, when it was read */
    int64_t looked_ms;
    struct log_limit complaints;
};

/* Borrows @set. -EINVAL with words that name the setting. jwt_keyring_fini() in any case. */
int jwt_keyring_init(struct jwt_keyring *k, const struct settings *set, struct diag *diag);
void jwt_keyring_fini(struct jwt_keyring *k);

/* The keys of now, to be given back; NULL: none is configured. */
struct jwt_keys *jwt_keyring_take(struct jwt_keyring *k);
void jwt_keyring_give(struct jwt_keyring *k, struct jwt_keys *keys);

#endif
