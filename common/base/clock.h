/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h: time and its unit, milliseconds. Tests replace both clocks. */
#ifndef GRAPNEL_COMMON_BASE_CLOCK_H
#define GRAPNEL_COMMON_BASE_CLOCK_H

#include <stdint.h>

/* For waits and leases: never goes back, and counts suspended time too (CLOCK_BOOTTIME). */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/* For a person to read, and for signatures' timestamps: milliseconds since 1970. */
int64_t clock_wall_ms(void);

/* For tests: NULL gives back the real clock. */
void clock_replace(int64_t (*mono_us)(void), int64_t (*wall_ms)(void));

/* What we know of Redis's clock, by which all due times and permits are judged.
 *
 * A reading of TIME was asked for at mono time @asked_us and answered at @answered_us. Redis's time
 * now lies between the two bounds below. Judge a permit's end by the late bound (never send too
 * late), a due time by the early one. */
struct redis_clock {
    int64_t offset_early_us; /* redis time - mono time, if the answer took no time to come back */
    int64_t offset_late_us;  /* the same, if the question took no time to get there */
    int64_t noted_us;        /* mono time of the reading kept; 0: none yet */
};

/* Keeps the reading if it is tighter than the one kept, or the kept one is older than 10 s, or the
 * two contradict each other (somebody set the clock). */
void redis_clock_note(struct redis_clock *c, int64_t asked_us, int64_t answered_us,
                      int64_t redis_us);

/* As long as nothing was noted, early is 0 (nothing is due) and late is far away (no permit is
 * good). */
#define REDIS_CLOCK_FAR_MS (INT64_MAX / 4)
int64_t redis_clock_early_ms(const struct redis_clock *c);
int64_t redis_clock_late_ms(const struct redis_clock *c);

#endif
