/* SPDX-License-Identifier: Apache-2.0 */
/* now.h: the clock that driver and receiver share: CLOCK_MONOTONIC in µs, as one machine runs both.
 * (common/base/clock.h counts suspended time too, and costs more to ask.) */
#ifndef GRAPNEL_BENCH_NOW_H
#define GRAPNEL_BENCH_NOW_H

#include <stdint.h>
#include <time.h>

static inline int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

#endif
