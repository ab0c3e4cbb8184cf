/* SPDX-License-Identifier: Apache-2.0 */
/* load.h: gets what the jobs of one claim need: their events' bodies, and the configuration as it
 * is at this moment.
 *
 * One round trip when the configuration is cached and still right: the partition's version is asked
 * for in front of the bodies, so each body can be sent on as it arrives. Otherwise the
 * configuration is brought up to date first, and the bodies that came too early are asked for
 * again. */
#ifndef GRAPNEL_WORKER_LOAD_H
#define GRAPNEL_WORKER_LOAD_H

#include "common/program/config_cache.h"
#include "worker/delivery.h"

/* What all loads of a worker share; borrowed while there is any. */
struct load_setup {
    struct loop *loop;
    struct redis_client *redis;
    struct redis_command *command; /* for whoever builds one at a time */
    const struct keys *keys;
    struct config_cache *config_cache;
};

/* Takes the deliveries in @deliveries (linked by `wait`), all of @partition. */
void load_start(const struct load_setup *setup, unsigned partition, struct list *deliveries);

#endif
