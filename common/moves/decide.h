/* SPDX-License-Identifier: Apache-2.0 */
/* decide.h: packs decide.lua, the verdicts on failed attempts. */
#ifndef GRAPNEL_COMMON_MOVES_DECIDE_H
#define GRAPNEL_COMMON_MOVES_DECIDE_H

#include "common/moves/move.h"

enum decide_kind { DECIDE_RETRY, DECIDE_FINAL, DECIDE_CANCEL, DECIDE_REFUSE, DECIDE_DISABLE };

struct decide_options {
    int64_t keep;                   /* ended deliveries of a tenant */
    int64_t disable_after;          /* failed deliveries in a row that disable an endpoint */
    const char *operational_tenant; /* "": there is none */
};
void move_decide_begin(struct redis_command *cmd, const char *head, const struct decide_options *o);

struct decide_verdict {
    enum decide_kind kind;
    struct span entry, tenant, endpoint, id;
    struct span record; /* its next entry; REFUSE: why */
    int64_t due_ms;     /* of a retry */
    struct span last;   /* RETRY: the job, DISABLE: why */
};
void move_decide_add(struct redis_command *cmd, const struct decide_verdict *v);

struct decide_answer {
    int64_t delayed_ms;         /* when the promoter is due next; below 0: never */
    size_t n_disabled;          /* endpoints, by move_decide_disabled() */
    const redisReply *borrowed; /* the reply, which outlives this */
};
int move_decide_parse(struct decide_answer *ret, const redisReply *reply);
/* The @i-th endpoint that was disabled, and why; lends. */
void move_decide_disabled(const struct decide_answer *a, size_t i, struct span *ret_endpoint,
                          struct span *ret_reason);

#endif
