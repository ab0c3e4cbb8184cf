/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h: Redis keys are made here, of the names in keys.def, and nowhere else in C.
 *
 * All keys of a tenant lie in one partition and begin with its head, "<prefix>:{P}:", whose braces
 * are a Redis Cluster hash tag. docs/job-life.md lists what each key holds. */
#ifndef GRAPNEL_COMMON_MOVES_KEYS_H
#define GRAPNEL_COMMON_MOVES_KEYS_H

#include "common/base/base.h"
#include "common/moves/key_names.h"
#include "common/redis/redis_client.h"

#define GROUP_SCHEDULER "scheduler"
#define GROUP_WORKERS "workers"

enum { KEY_PREFIX_BYTES_MAX = 64 };

/* The installation's heads, made once. */
struct keys {
    unsigned partitions;
    char (*heads)[KEY_PREFIX_BYTES_MAX + 16]; /* "grapnel:{0}:" … */
    char meta[KEY_PREFIX_BYTES_MAX + 8];      /* "grapnel:meta" */
};

/* -EINVAL with words when @prefix is no name of 1–64 bytes; -ENOMEM. */
int keys_init(struct keys *k, const char *prefix, unsigned partitions, struct diag *diag);
void keys_fini(struct keys *k);

const char *keys_head(const struct keys *k, unsigned partition); /* lends */

/* Adds the key "<head><name><id>" as an argument; @id may be empty. */
void redis_arg_key(struct redis_command *cmd, const struct keys *k, unsigned partition,
                   const char *name, struct span id);

/* Which partition a key that Redis answered with belongs to. -EINVAL when it is none of ours. */
int keys_partition(const struct keys *k, struct span key, unsigned *ret);

#endif
