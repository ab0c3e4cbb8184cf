/* SPDX-License-Identifier: Apache-2.0 */
/* move.h: what the packers and parsers of the scripts share.
 *
 * Beside each script NAME.lua stands NAME.h: move_NAME_begin() packs its KEYS and ARGV into a command, further calls add
 * what comes again and again, and move_NAME_parse() reads its answer. So the order of a script's arguments is known to
 * the script and to one C file. Parsers answer 0; what redis_reply_result() makes of an error; -EPROTO for an answer of
 * another shape. Outputs are written on success only. */
#ifndef GRAPNEL_COMMON_MOVES_MOVE_H
#define GRAPNEL_COMMON_MOVES_MOVE_H

#include "common/moves/scripts.h"

/* ARGV[1..3] of what includes admit.lua: for tenants and endpoints without limits of their own. */
struct admit_limits {
    int64_t tenant_limit, permit_ms, endpoint_slots;
};

/* KEYS[1] is always a partition's head. */
void move_begin(struct redis_command *cmd, const struct redis_script *script, const char *head);
void move_begin_admit(struct redis_command *cmd, const struct redis_script *script,
                      const char *head, const struct admit_limits *limits);

/* What scripts answer by a word when they have done nothing. */
enum {
    MOVE_MISSING = 1,
    MOVE_EXISTS,
    MOVE_NO_TENANT,
    MOVE_TOO_MANY,
    MOVE_CHANGED, /* by somebody else, since it was read */
};
/* One of these for its word; negative for anything else. */
int move_refusal(const redisReply *reply);

/* The first @n elements of an array, numbers each. */
int move_numbers(const redisReply *reply, size_t n, int64_t ret[]);
/* The text at the head of an array, as of scripts that go on at a cursor. */
int move_cursor(char *ret, size_t size, const redisReply *reply);
/* A single number. */
int move_number(const redisReply *reply, int64_t *ret);

#endif
