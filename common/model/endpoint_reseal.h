/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_reseal.h: everything of an endpoint that is sealed under the master key, whatever it is,
 * and how it comes under another. */
#ifndef GRAPNEL_COMMON_MODEL_ENDPOINT_RESEAL_H
#define GRAPNEL_COMMON_MODEL_ENDPOINT_RESEAL_H

#include "common/model/endpoint.h"

/* Lends the sealed parts one by one, from 0; NULL behind the last. A part that is new in struct
 * endpoint needs its line here. */
struct sealed *endpoint_sealed(struct endpoint *e, unsigned index);

/* One sealed part: under the key of @k that seals, unless it is; *ret_changed is set if it was not. As below. */
int sealed_renew(struct sealed *s, const struct master_key *k, struct span context,
                 bool *ret_changed, struct diag *ret_fault);

/* Seals what lies under other keys under the one of @k that seals. On an error @e is to be thrown
 * away, and (@ret_fault may be NULL) the words tell why: -EKEYREJECTED: under a key that is not in
 * @k; -EBADMSG: damaged; -ENOMEM. */
int endpoint_reseal(struct endpoint *e, const struct master_key *k, bool *ret_changed,
                    struct diag *ret_fault);

#endif
