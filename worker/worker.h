/* SPDX-License-Identifier: Apache-2.0 */
/* worker.h: the worker's parts, put together.
 *
 *     claim ──jobs──► load ──► delivery ──► destination (http/, mail/)
 *                                 └──► settler (one a partition)
 *
 * Stateless: what it holds lies in Redis as pending, and goes to others when it dies. */
#ifndef GRAPNEL_WORKER_WORKER_H
#define GRAPNEL_WORKER_WORKER_H

#include "common/program/config_cache.h"
#include "common/program/member.h"
#include "worker/claim.h"
#include "worker/delivery.h"
#include "worker/destination.h"
#include "worker/load.h"
#include "worker/settler.h"
#include "worker/tally.h"

struct worker {
    struct member member;
    struct settle_limits limits;
    struct egress_policy egress;
    struct config_cache *config_cache;
    struct destinations destinations;
    struct claim claim;
    struct tally tally;
    struct settler *settlers;
    struct redis_command command; /* for whoever builds one at a time */
    struct delivery_setup delivery;
    struct load_setup load;
    struct list deliveries;
    unsigned n_deliveries; /* each takes a slot until it is settled */
    bool is_claim_stopped;
    struct timer give_up;
};

/* Runs it from command line to exit status. */
int worker_main(int argc, char **argv);

/* The same in its steps, around service_run(). @w is zeroed. Starting answers 0 or an exit status, with words in
 * the log; ending, when all is closed, an exit status. */
int worker_start(struct worker *w, int argc, char **argv);
int worker_end(struct worker *w);

#endif
