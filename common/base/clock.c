/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/clock.h"
#include <stddef.h>
#include <time.h>

/* A reading that nothing better came to replace is kept this long: clocks drift apart. */
enum { READING_KEPT_US = 10 * 1000 * 1000 };

static int64_t (*mono_us_fn)(void);
static int64_t (*wall_ms_fn)(void);

int64_t clock_mono_us(void)
{
    struct timespec now;

    if (mono_us_fn)
        return mono_us_fn();
    (void)clock_gettime(CLOCK_BOOTTIME, &now); /* cannot fail with a known clock */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_mono_ms(void)
{
    return clock_mono_us() / 1000;
}

int64_t clock_wall_ms(void)
{
    struct timespec now;

    if (wall_ms_fn)
        return wall_ms_fn();
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void clock_replace(int64_t (*mono_us)(void), int64_t (*wall_ms)(void))
{
    mono_us_fn = mono_us;
    wall_ms_fn = wall_ms;
}

void redis_clock_note(struct redis_clock *c, int64_t asked_us, int64_t answered_us,
                      int64_t redis_us)
{
    int64_t early = redis_us - answered_us, late = redis_us - asked_us;
    /* Two readings of one clock overlap. If these do not, it was set in between (or it is another
     * Redis's): what we knew is worth nothing. */
    int is_other_clock = early > c->offset_late_us || late < c->offset_early_us;
    int is_tighter = late - early <= c->offset_late_us - c->offset_early_us;

    if (c->noted_us && !is_other_clock && !is_tighter &&
        answered_us - c->noted_us <= READING_KEPT_US)
        return;
    c->offset_early_us = early;
    c->offset_late_us = late;
    c->noted_us = answered_us;
}

int64_t redis_clock_early_ms(const struct redis_clock *c)
{
    return c->noted_us ? (clock_mono_us() + c->offset_early_us) / 1000 : 0;
}

int64_t redis_clock_late_ms(const struct redis_clock *c)
{
    if (!c->noted_us)
        return REDIS_CLOCK_FAR_MS;
    return (clock_mono_us() + c->offset_late_us + 999) / 1000;
}
