/* SPDX-License-Identifier: Apache-2.0 */
/* retries.h: packs retries.lua, the life of a bulk retry, and retry.lua, one delivery's. */
#ifndef GRAPNEL_COMMON_MOVES_RETRIES_H
#define GRAPNEL_COMMON_MOVES_RETRIES_H

#include "common/moves/move.h"

void move_retry_begin(struct redis_command *cmd, const char *head, struct span delivery,
                      int64_t delay_ms);
enum {
    MOVE_RETRY_MISSING = 1,
    MOVE_RETRY_PENDING,
    MOVE_RETRY_NO_ENDPOINT,
    MOVE_RETRY_DISABLED,
};
/* 0, when it is due; or one of these. */
int move_retry_parse(int64_t *ret_due_ms, const redisReply *reply);

struct retries_make {
    const char *id, *tenant;
    int64_t running_max, kept_max;
    const char *statuses, *type, *endpoint, *event; /* which deliveries */
    int64_t from_ms, to_ms, total;
};
void move_retries_make(struct redis_command *cmd, const char *head, const struct retries_make *m);
/* 0, and when it was made; or one of move.h's refusals. */
int move_retries_parse_made(int64_t *ret_ms, const redisReply *reply);

/* @lease_ms: nobody else is given the job for that long. */
void move_retries_take(struct redis_command *cmd, const char *head, int64_t lease_ms);
/* 0, the job, and its fields: name, value, …; or MOVE_MISSING: none is due. Lends. */
int move_retries_parse_taken(struct span *ret_id, const redisReply **ret_fields,
                             const redisReply *reply);

struct retries_step {
    const char *id;
    const char *from, *to; /* the places that the step began at and ended behind */
    bool is_last;
    int64_t looked; /* deliveries looked at */
    int64_t delay_ms, pause_ms;
};
/* Then the deliveries that are to be tried again, by redis_arg_text() each. */
void move_retries_step(struct redis_command *cmd, const char *head, const struct retries_step *s);

void move_retries_stop(struct redis_command *cmd, const char *head, struct span id,
                       struct span tenant);
/* 0 or MOVE_MISSING. */
int move_retries_parse_stopped(const redisReply *reply);

#endif
