/* SPDX-License-Identifier: Apache-2.0 */
/* histogram.h: durations in µs, kept so that percentiles are right within 1.6 %.
 *
 * Log-linear: 64 steps per doubling, up to 2^40 µs (12 days); longer ones count as that. */
#ifndef GRAPNEL_BENCH_HISTOGRAM_H
#define GRAPNEL_BENCH_HISTOGRAM_H

#include "common/base/base.h"
#include <stdio.h>

enum {
    HISTOGRAM_STEP_BITS = 6,
    HISTOGRAM_TOP_BIT = 40,
    HISTOGRAM_SLOTS = (HISTOGRAM_TOP_BIT - HISTOGRAM_STEP_BITS + 1) << HISTOGRAM_STEP_BITS,
};

struct histogram {
    uint64_t count, max, sum;
    uint64_t slots[HISTOGRAM_SLOTS];
};

void histogram_clear(struct histogram *h);           /* also the way to begin */
void histogram_add(struct histogram *h, int64_t us); /* below 0 counts as 0 */

/* The least value that @fraction (0…1) of all values do not exceed; 0 when there are none. */
uint64_t histogram_quantile(const struct histogram *h, double fraction);

/* {"count":…,"mean":…,"p50":…,"p90":…,"p99":…,"p999":…,"max":…} */
void histogram_write_json(const struct histogram *h, FILE *out);

#endif
