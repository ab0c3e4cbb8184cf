/* SPDX-License-Identifier: Apache-2.0 */
/* reseal.h: brings one tenant's endpoints, or its inbound sources, under the master key that seals: a part of the rekeyer.
 *
 * Each record is replaced in one step, and only if it still is the one that was read. */
#ifndef GRAPNEL_SCHEDULER_RESEAL_H
#define GRAPNEL_SCHEDULER_RESEAL_H

#include "common/crypto/master_key.h"
#include "common/moves/keys.h"
#include "common/runtime/loop.h"

enum { RESEAL_WRITES_MAX = 16 };

struct reseal_kind;

struct reseal_options {
    struct redis_client *redis; /* all borrowed */
    const struct keys *keys;
    const struct master_key *key;
    defer_fn *done; /* once for each start; perhaps before that returns */
    void *arg;
};

struct reseal {
    struct reseal_options options;
    struct redis_command command;
    struct reseal_write {
        struct redis_request request;
        struct reseal *owner;
    } writes[RESEAL_WRITES_MAX];
    const struct reseal_kind *kind; /* of what is looked at */
    bool is_revise;                 /* it is written by revise.lua, else by configure.lua */
    unsigned partition;
    unsigned n_pending;
    /* when done: what came of it */
    int result;        /* why not all could be looked at or written; begin anew */
    bool has_more;     /* than one batch: begin anew */
    bool has_conflict; /* somebody else changed one meanwhile */
    unsigned n_left;   /* records that cannot be brought under the key; logged */
    unsigned n_resealed;
};

void reseal_init(struct reseal *s, const struct reseal_options *o);
void reseal_fini(struct reseal *s);
/* @records: the answer of lookup.lua, or of sources.lua, borrowed until this returns. */
void reseal_start(struct reseal *s, unsigned partition, const redisReply *records,
                  bool are_sources);

#endif
