/* SPDX-License-Identifier: Apache-2.0 */
/* scripts.h: the Lua scripts of common/scripts, embedded. One atomic move each; each file says what
 * it takes, answers and keeps. */
#ifndef GRAPNEL_COMMON_MOVES_SCRIPTS_H
#define GRAPNEL_COMMON_MOVES_SCRIPTS_H

#include "common/redis/redis_client.h"

#define SCRIPTS(X)                                                                                 \
    X(publish)                                                                                     \
    X(fanout)                                                                                      \
    X(promote)                                                                                     \
    X(settle)                                                                                      \
    X(decide)                                                                                      \
    X(rescue)                                                                                      \
    X(heartbeat)                                                                                   \
    X(api_key)                                                                                     \
    X(api_key_change)                                                                              \
    X(pace)                                                                                        \
    X(audit)                                                                                       \
    X(leave)                                                                                       \
    X(configure)                                                                                   \
    X(lookup)                                                                                      \
    X(retry)                                                                                       \
    X(trim)                                                                                        \
    X(install)                                                                                     \
    X(rotate) X(queue_depths) X(revise) X(sources) X(refused) X(retries) X(tally) X(alerts)

enum script_number {
#define SCRIPT_NUMBER(name) SCRIPT_##name,
    SCRIPTS(SCRIPT_NUMBER)
#undef SCRIPT_NUMBER
};
const char *script_name(unsigned number); /* NULL behind the last */

#define SCRIPT_EXTERN(name) extern struct redis_script script_##name;
SCRIPTS(SCRIPT_EXTERN)
#undef SCRIPT_EXTERN

/* Computes their SHA-1s, before any is run; by any thread, and the first time only. */
void scripts_init(void);

#endif
