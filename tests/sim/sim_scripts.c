/* SPDX-License-Identifier: Apache-2.0 */
/* sim_scripts.c: the product's scripts with the virtual clock put in for Redis's own: `TIME`, and the ids of stream entries,
 * which begin with the time. */
#include "common/moves/scripts.h"
#include "sim.h"
#include <assert.h>

static const struct {
    const char *from, *to;
} changes[] = {
    {"call('TIME')", "{call('GET', 'sim:s'), call('GET', 'sim:us')}"},
    {"'*',", "redis.call('GET', 'sim:ms') .. '-*',"},
};

/* Lives as long as the program. */
static const char *changed(const char *source)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    while (*source) {
        size_t i = 0;

        while (i < ARRAY_LEN(changes) &&
               strncmp(source, changes[i].from, strlen(changes[i].from)) != 0)
            i++;
        if (i < ARRAY_LEN(changes)) {
            buf_add_text(&out, changes[i].to);
            source += strlen(changes[i].from);
        } else {
            buf_add(&out, source++, 1);
        }
    }
    buf_add(&out, "", 1);
    assert(!buf_result(&out));
    return out.data;
}

void sim_scripts_init(void)
{
    static bool is_done;

    if (is_done)
        return;
    is_done = true;
    scripts_init(); /* once in a process: the programs' own calls change nothing back */
#define CHANGE(name) redis_script_init(&script_##name, #name, changed(script_##name.source));
    SCRIPTS(CHANGE)
#undef CHANGE
}
