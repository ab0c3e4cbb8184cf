/* scripts.h: the Lua scripts of common/scripts, embedded. One atomic move each; each file says what
 * it takes, answers and keeps. */
#ifndef GRAPNEL_COMMON_SCRIPTS_H
#define GRAPNEL_COMMON_SCRIPTS_H

#include "common/redis_client.h"

extern struct redis_script script_publish, script_fanout, script_promote, script_settle,
    script_decide, script_rescue, script_heartbeat, script_leave, script_configure, script_lookup,
    script_retry, script_trim, script_install, script_rotate;

/* Computes their SHA-1s; once, before any is run. */
void scripts_init(void);

#endif
