/* SPDX-License-Identifier: Apache-2.0 */
/* answer.h: what a request is answered with. */
#ifndef GRAPNEL_BENCH_ANSWER_H
#define GRAPNEL_BENCH_ANSWER_H

#include "bench/receiver.h"

void answer_status(struct buf *ret, int status); /* appends a whole response */

/* GET /stats, /stats/paths, /stats/seconds; POST /reset (forget all counts), /flush (the journal to
 * its file). False when @request is none of those; else a response was appended. */
bool answer_control(struct receiver *r, const struct request *request, struct buf *ret);

#endif
