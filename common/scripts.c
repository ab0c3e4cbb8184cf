#include "common/scripts.h"

/* publish.lua is run by libgrapnel, the others by programs; all are embedded once. */
#define SCRIPTS(X)                                                                                 \
    X(publish)                                                                                     \
    X(fanout)                                                                                      \
    X(promote)                                                                                     \
    X(settle)                                                                                      \
    X(decide)                                                                                      \
    X(rescue) X(heartbeat) X(leave) X(configure) X(lookup) X(retry) X(trim) X(install) X(rotate)

#define DECLARE(name)                                                                              \
    extern const char script_##name##_lua[];                                                       \
    struct redis_script script_##name;
SCRIPTS(DECLARE)

void scripts_init(void)
{
#define INIT(name) redis_script_init(&script_##name, #name, script_##name##_lua);
    SCRIPTS(INIT)
}
