/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/scripts.h"
#include <pthread.h>

/* publish.lua is run by libgrapnel, the others by programs; all are embedded once. */
#define DECLARE(name)                                                                              \
    extern const char script_##name##_lua[];                                                       \
    struct redis_script script_##name;
SCRIPTS(DECLARE)

const char *script_name(unsigned number)
{
#define NAME(name) #name,
    static const char *const names[] = {SCRIPTS(NAME)};

    return number < ARRAY_LEN(names) ? names[number] : NULL;
}

static void init_all(void)
{
#define INIT(name)                                                                                 \
    redis_script_init(&script_##name, #name, script_##name##_lua);                                 \
    script_##name.is_numbered = true;                                                              \
    script_##name.number = SCRIPT_##name;
    SCRIPTS(INIT)
}

void scripts_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, init_all);
}
