/* SPDX-License-Identifier: Apache-2.0 */
/* retry_runner.h: a thread that makes the steps of bulk retries (admin/delivery/store_retry.h), of all tenants, with a store of
 * its own. Each grapnel-api has one, and they share the steps; there is a pause behind each, so that what a job asks of
 * Redis does not stand in front of others. */
#ifndef GRAPNEL_API_RETRY_RUNNER_H
#define GRAPNEL_API_RETRY_RUNNER_H

#include "common/runtime/settings.h"

struct retry_runner;

/* Borrows @set. -ENOMEM, -EAGAIN. */
int retry_runner_start(struct retry_runner **ret, const struct settings *set);
/* There is something to do: it does not wait for its next look. From any thread; NULL is fine. */
void retry_runner_wake(struct retry_runner *r);
/* Waits for the end of what it is at, which Redis's timeout bounds, and frees. NULL is fine. */
void retry_runner_stop(struct retry_runner *r);

#endif
