/* SPDX-License-Identifier: Apache-2.0 */
/* job.h: a job as it travels through `jobs`, the wait queues, `delayed` and `failed`, and what a
 * worker tells the scheduler of a failed attempt. Both are msgpack arrays:
 *
 *     [delivery id, tenant, endpoint, event (its stream id), attempt, base]
 *     [code, next, status, retry_after_ms]
 *
 * The Lua scripts read the first by position. */
#ifndef GRAPNEL_COMMON_MODEL_JOB_H
#define GRAPNEL_COMMON_MODEL_JOB_H

#include "common/base/buf.h"
#include "common/model/format/outcome.h"

struct job {
    struct span id, tenant, endpoint, event; /* borrowed from the packed bytes */
    unsigned attempt;                        /* the one to make, from 1 */
    unsigned base; /* attempts made before a manual retry; 0: there was none */
};

void job_pack(struct buf *ret, const struct job *j);
int job_parse(struct job *ret, struct span bytes); /* borrows @bytes; -EBADMSG */

void job_outcome_pack(struct buf *ret, const struct outcome *o);
int job_outcome_parse(struct outcome *ret, struct span bytes); /* -EBADMSG */

#endif
