/* SPDX-License-Identifier: Apache-2.0 */
/* heartbeat.h: packs heartbeat.lua, by which a process says that it lives, and leave.lua, by which it goes. */
#ifndef GRAPNEL_COMMON_MOVES_HEARTBEAT_H
#define GRAPNEL_COMMON_MOVES_HEARTBEAT_H

#include "common/moves/move.h"

/* @member: "worker/<name>" or "scheduler/<name>". @slots: of a worker; 0 for others. */
void move_heartbeat_begin(struct redis_command *cmd, const char *head, const char *member,
                          int64_t slots, int64_t lease_ms);

struct heartbeat_answer {
    int64_t now_us; /* Redis's clock */
    int64_t version;
    int64_t delayed_ms, throttled_ms; /* when the promoter is due next; below 0: never */
};
int move_heartbeat_parse(struct heartbeat_answer *ret, const redisReply *reply);

/* @name: the consumer in @group of each of @streams, which ends with NULL. Its answer says nothing that matters: when
 * the process could not go, its lease ends. */
void move_leave_begin(struct redis_command *cmd, const char *head, const char *member,
                      const char *name, const char *group, const char *const *streams);

#endif
