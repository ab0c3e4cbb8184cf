/* SPDX-License-Identifier: Apache-2.0 */
/* revise.h: packs revise.lua: one record of a tenant made, replaced or removed, and told of by events. */
#ifndef GRAPNEL_COMMON_MOVES_REVISE_H
#define GRAPNEL_COMMON_MOVES_REVISE_H

#include "common/moves/move.h"

/* All borrowed. */
struct revision {
    struct span tenant;
    const char *key;    /* behind the partition's head */
    struct span record; /* empty: it goes */
    struct span old;    /* that was read; empty: it is new */
    int64_t keep_ms;    /* of a new one; 0: until it is removed */
    const char *list;   /* ZSET of the tenant's records of this kind */
    int64_t most;       /* of them */
    const char *name;   /* of this one in the list */
};

struct revision_event {
    const char *type;
    struct span data; /* JSON */
};

void move_revise_begin(struct redis_command *cmd, const char *head, const struct revision *v);
void move_revise_add_event(struct redis_command *cmd, const struct revision_event *e);
/* 0, or one of move.h's refusals. */
int move_revise_parse(const redisReply *reply);

#endif
