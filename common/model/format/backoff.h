/* SPDX-License-Identifier: Apache-2.0 */
/* backoff.h: attempt → delay. Pure (jitter comes in as a number). */
#ifndef GRAPNEL_COMMON_MODEL_FORMAT_BACKOFF_H
#define GRAPNEL_COMMON_MODEL_FORMAT_BACKOFF_H

#include "common/model/format/dialect.h"

/* Milliseconds between the failure of attempt @attempt (from 1) and the next. @jitter from [0,
 * 1000] spreads it by ± s->jitter_percent (500: none). */
int64_t backoff_delay_ms(const struct dialect_schedule *s, unsigned attempt, unsigned jitter);

/* Retry-After (RFC 9110 10.2.3): seconds, or an HTTP date judged against @now_wall_ms. Milliseconds
 * to wait, at most @ceiling_ms; 0 if in the past; -EINVAL if neither. */
int64_t backoff_retry_after_ms(struct span value, int64_t now_wall_ms, int64_t ceiling_ms);

#endif
