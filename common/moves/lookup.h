/* SPDX-License-Identifier: Apache-2.0 */
/* lookup.h: packs lookup.lua and sources.lua, which answer a tenant's endpoints or inbound sources in one form. */
#ifndef GRAPNEL_COMMON_MOVES_LOOKUP_H
#define GRAPNEL_COMMON_MOVES_LOOKUP_H

#include "common/moves/move.h"

/* @script: script_lookup or script_sources. */
void move_lookup_begin(struct redis_command *cmd, const struct redis_script *script,
                       const char *head, struct span tenant);

struct lookup_answer {
    int64_t version;
    struct span tenant; /* its record; empty: there is none, and of sources.lua */
    size_t n;           /* endpoints or sources */
    const redisReply *borrowed;
};
int move_lookup_parse(struct lookup_answer *ret, const redisReply *reply);

struct lookup_row {
    struct span id, record;
    struct span disabled; /* why, packed; empty: it is not */
};
/* -EPROTO when the @i-th cannot be read; lends. */
int move_lookup_row(const struct lookup_answer *a, size_t i, struct lookup_row *ret);

#endif
