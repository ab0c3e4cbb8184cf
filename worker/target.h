/* SPDX-License-Identifier: Apache-2.0 */
/* target.h: what a worker needs of a cached endpoint, made once: its destination, what that has
 * prepared, signing keys. Hangs on
 * endpoint->attached, and goes with the cached configuration. */
#ifndef GRAPNEL_WORKER_TARGET_H
#define GRAPNEL_WORKER_TARGET_H

#include "common/crypto/secret.h"
#include "common/crypto/sign.h"
#include "common/model/endpoint.h"
#include "common/model/format/outcome.h"
#include "common/model/tenant.h"
#include "worker/destination.h"

struct target_key {
    struct sign_key *key;
    int64_t until_ms; /* of a secret that was replaced; 0: no end */
};

struct target {
    const struct destination_type *type;
    const struct destination *destination;
    void *self;                                   /* the destination's own */
    void *prepared;                               /* for this endpoint; NULL: see fault */
    struct target_key keys[ENDPOINT_SECRETS_MAX]; /* the newest first */
    unsigned n_keys;
    unsigned shard; /* any number; attempts with the same one may share what a destination keeps */
    enum outcome_code fault; /* why it cannot be called; OUTCOME_OK: it can */
    struct diag why;         /* without a fault: why an older secret does not sign */
};

/* Never fails: what is wrong is told with each attempt. NULL only when out of memory. */
struct target *target_new(const struct destinations *destinations, const struct master_key *key,
                          const struct egress_policy *egress, const struct endpoint *e,
                          const struct tenant *t);
/* Does the key still sign at @now_ms of Redis's clock? */
bool target_key_signs(const struct target_key *k, int64_t now_ms);

struct target *target_free(struct target *t); /* NULL is fine; returns NULL */

#endif
