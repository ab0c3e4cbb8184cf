/* SPDX-License-Identifier: Apache-2.0 */
/* sign_time.h: timestamps that are signed: seconds since 1970 in decimal digits. Pure. */
#ifndef GRAPNEL_COMMON_CRYPTO_SIGN_TIME_H
#define GRAPNEL_COMMON_CRYPTO_SIGN_TIME_H

#include "common/base/base.h"

#define SIGN_TOLERANCE_MS INT64_C(300000) /* where nothing else is said, as in all the documents */

int sign_time_parse(struct span text,
                    int64_t *ret_s); /* -EINVAL: it is none, or beyond year 9999 */

/* Is it within @tolerance_ms of @now_ms (a wall clock), either way? 0: whatever it is. */
bool sign_time_is_fresh(int64_t timestamp_s, int64_t tolerance_ms, int64_t now_ms);

#endif
