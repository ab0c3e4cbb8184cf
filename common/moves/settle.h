/* SPDX-License-Identifier: Apache-2.0 */
/* settle.h: packs settle.lua, which carries the jobs that one worker claimed to where they go next. */
#ifndef GRAPNEL_COMMON_MOVES_SETTLE_H
#define GRAPNEL_COMMON_MOVES_SETTLE_H

#include "common/moves/move.h"

enum settle_kind {
    SETTLE_DONE,
    SETTLE_FAILED,
    SETTLE_SLOW, /* failed, and the endpoint wants less */
    SETTLE_CANCEL,
    SETTLE_REFUSE,
    SETTLE_BACK,
    SETTLE_LOST,
    SETTLE_LATE, /* back, as connecting took long */
};
/* The script's word, which is the metric's too; NULL behind the last. */
const char *settle_kind_name(unsigned kind);

struct settle_limits {
    int64_t tenant_limit, permit_ms, endpoint_slots; /* as in struct admit_limits */
    int64_t retention_count;
};

struct settle_job {
    enum settle_kind kind;
    struct span entry, tenant, endpoint, id;
    struct span record; /* its next entry; REFUSE: why */
    struct span job;    /* empty where it goes no further */
    struct span outcome;
    int64_t number; /* ms; BACK: the permit's end, LATE: the next permit, SLOW: Retry-After or 0 */
};

void move_settle_begin(struct redis_command *cmd, const char *head, const struct settle_limits *l);
void move_settle_add(struct redis_command *cmd, const struct settle_job *job);

struct settle_answer {
    int64_t settled;
    int64_t lost; /* somebody else had moved them */
};
int move_settle_parse(struct settle_answer *ret, const redisReply *reply);

#endif
