/* SPDX-License-Identifier: Apache-2.0 */
/* durability.h: how safe an event must be before its producer is told that it was accepted.
 *
 *     memory       Redis has it
 *     fsync        it is on Redis's disk: WAITAOF (Redis 7.2), or `appendfsync always`
 *     replicas=N   N replicas have it as well: WAIT (they may not have it on disk) */
#ifndef GRAPNEL_COMMON_REDIS_DURABILITY_H
#define GRAPNEL_COMMON_REDIS_DURABILITY_H

#include "common/base/base.h"
#include "common/redis/connection.h"

struct durability {
    enum durability_kind { DURABLE_MEMORY, DURABLE_FSYNC, DURABLE_REPLICAS } kind;
    unsigned replicas;
};

/* -EINVAL with words that begin with "durability: ". NULL is memory. */
int durability_parse(struct durability *ret, const char *text, struct diag *diag);

/* Waits until everything that @c has written so far is as safe as @d says, for the connection's timeout at most, and for
 * `fsync` not less than the three seconds that it may take.
 * CONNECTION_UNSAFE: it is not; others: the connection failed. Words in @c->words. */
enum connection_result durability_wait(const struct durability *d, struct connection *c);

#endif
