/* SPDX-License-Identifier: Apache-2.0 */
/* wakes.h: calls from workers' and users' moves to look at a partition at a certain time.
 *
 * A wake is an entry of stream `wake`, field `at` (ms of Redis's clock). Losing one costs at most a
 * heartbeat: that tells the next due times too. */
#ifndef GRAPNEL_SCHEDULER_WAKES_H
#define GRAPNEL_SCHEDULER_WAKES_H

#include "scheduler/fanout.h"

struct wakes {
    struct fanout_options options;
    unsigned partition;
    struct redis_request ack, del;
    struct redis_command command;
    int result;
};

void wakes_init(struct wakes *w, unsigned partition, const struct fanout_options *o);
void wakes_fini(struct wakes *w);
void wakes_start(struct wakes *w, const struct batch *batch);

#endif
