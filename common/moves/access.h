/* SPDX-License-Identifier: Apache-2.0 */
/* access.h: packs the scripts of who calls the API: api_key.lua, api_key_change.lua, pace.lua; and what is kept of the
 * calls, audit.lua. */
#ifndef GRAPNEL_COMMON_MOVES_ACCESS_H
#define GRAPNEL_COMMON_MOVES_ACCESS_H

#include "common/moves/move.h"

/* @limit: requests per minute; 0: none. */
void move_api_key_begin(struct redis_command *cmd, const char *head, struct span id,
                        struct span digest, int64_t limit);
struct api_key_answer {
    struct span role, tenant; /* lent */
    int64_t wait_ms;          /* 0: it may call now */
};
/* 0, or MOVE_MISSING: no valid key. */
int move_api_key_parse(struct api_key_answer *ret, const redisReply *reply);

struct api_key_add {
    struct span tenant, digest;
    const char *id, *role, *name;
    int64_t expires_ms; /* 0: never */
    int64_t most;       /* keys of a tenant */
};
void move_api_key_add(struct redis_command *cmd, const char *head, const struct api_key_add *a);
void move_api_key_remove(struct redis_command *cmd, const char *head, struct span tenant,
                         const char *id);
enum { MOVE_API_KEY_PAST = MOVE_CHANGED + 1 }; /* it would have expired already */
/* 0 and when it was made (0: removed), MOVE_API_KEY_PAST, or one of move.h's refusals. */
int move_api_key_parse_changed(int64_t *ret_ms, const redisReply *reply);

/* @name: of the caller, unlike all others'. Its answer is move_number(): ms to wait. */
void move_pace_begin(struct redis_command *cmd, const char *head, struct span name, int64_t limit);

struct audit_options {
    struct span tenant; /* empty: operators */
    int64_t entries_max, age_ms;
    const char *replaces; /* the entry that this one replaces; "": none */
};
/* Then the entry's fields: name, value, …; none: nothing was changed. Answers the new entry's id, or "". */
void move_audit_begin(struct redis_command *cmd, const char *head, const struct audit_options *o);

#endif
