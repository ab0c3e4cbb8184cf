/* SPDX-License-Identifier: Apache-2.0 */
/* journal.h: one CSV line per request, for what bench/run works out afterwards:
 *
 *     us,path,delivery_id,attempt,status,latency_us
 *
 * us is CLOCK_MONOTONIC at receipt; status is what is (or will be) answered, 0 for
 * --hang; latency_us -1: the body did not say when it was published. */
#ifndef GRAPNEL_BENCH_JOURNAL_H
#define GRAPNEL_BENCH_JOURNAL_H

#include "bench/request.h"
#include <stdio.h>

struct journal {
    FILE *file; /* NULL: nothing is written */
};

int journal_open(struct journal *j, const char *path); /* @path NULL: none */
int journal_close(struct journal *j); /* negative when something could not be written */
int journal_flush(struct journal *j);

void journal_write(struct journal *j, const struct request *request, int64_t us, int status,
                   int64_t latency_us);

#endif
