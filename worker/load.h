/* load.h: gets what the jobs of one claim need: their events' bodies, and the configuration as it
 * is at this moment.
 *
 * One round trip when the configuration is cached and still right: the partition's version is asked
 * for in front of the bodies, so each body can be sent on as it arrives. Otherwise the
 * configuration is brought up to date first, and the bodies that came too early are asked for
 * again. */
#ifndef GRAPNEL_WORKER_LOAD_H
#define GRAPNEL_WORKER_LOAD_H

#include "common/program/directory.h"
#include "worker/delivery.h"

struct load {
    struct worker *worker;
    unsigned partition;
    struct redis_request version;
    int64_t seen;        /* the version, once answered; -1: unknown */
    struct list waiting; /* struct delivery, for the configuration */
    unsigned n_waiting, n_pending;
    struct directory_sync sync;
    struct span *tenants;
};

/* Takes the deliveries in @deliveries (linked by `wait`), all of @partition. */
void load_start(struct worker *w, unsigned partition, struct list *deliveries);

#endif
