/* SPDX-License-Identifier: Apache-2.0 */
/* redis_greeting.h: what is said on a new connection before any request: who we are, which database
 * we want, how we are called. Pure; redis_client.c says it and waits for the answers. */
#ifndef GRAPNEL_COMMON_REDIS_REDIS_GREETING_H
#define GRAPNEL_COMMON_REDIS_REDIS_GREETING_H

#include "common/redis/redis_client.h"

enum redis_greeting { GREETING_AUTH, GREETING_SELECT, GREETING_NAME, GREETING_ID, GREETINGS };

/* Builds the command of @g; @name may be NULL. False when there is nothing to say, as there is no
 * password or no name. */
bool redis_greeting_command(struct redis_command *cmd, enum redis_greeting g,
                            const struct redis_address *a, const char *name);

/* May we go on although Redis refused @g with @reply? */
bool redis_greeting_is_bearable(enum redis_greeting g, const struct redis_address *a,
                                const redisReply *reply);

#endif
