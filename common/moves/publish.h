/* SPDX-License-Identifier: Apache-2.0 */
/* publish.h: packs publish.lua, by which an event is accepted once for an idempotency key. libgrapnel packs it itself
 * (producer/exchange.c), as it links nothing of this. */
#ifndef GRAPNEL_COMMON_MOVES_PUBLISH_H
#define GRAPNEL_COMMON_MOVES_PUBLISH_H

#include "common/moves/move.h"

/* Then the entry's fields: name, value, … */
void move_publish_begin(struct redis_command *cmd, const char *head, const char *idempotency_key,
                        int64_t remember_ms, const char *tenant);

#endif
