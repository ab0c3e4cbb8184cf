/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler.h: the scheduler's parts, put together.
 *
 *     intake ──events──► fanout ──┐
 *        ├──────failed─► verdicts ├──► promoter (each partition has its own of these)
 *        └──────wake───► wakes ───┘
 *     heartbeat, janitor, rekeyer, notifier, alerts: for all partitions
 *
 * Any number may run: every move is atomic in Redis. */
#ifndef GRAPNEL_SCHEDULER_SCHEDULER_H
#define GRAPNEL_SCHEDULER_SCHEDULER_H

#include "common/program/config_cache.h"
#include "common/program/member.h"
#include "scheduler/alerts.h"
#include "scheduler/intake.h"
#include "scheduler/janitor.h"
#include "scheduler/notifier.h"
#include "scheduler/queue_depths.h"
#include "scheduler/rekeyer.h"
#include "scheduler/verdicts.h"
#include "scheduler/wakes.h"

struct scheduler_part {
    struct promoter promoter;
    struct fanout fanout;
    struct verdicts verdicts;
    struct wakes wakes;
};

struct scheduler {
    struct member member; /* without a master key it re-encrypts nothing */
    struct limits limits;
    struct config_cache *config_cache;
    struct intake intake;
    struct janitor janitor;
    struct rekeyer rekeyer;
    struct notifier notifier;
    struct alerts alerts;
    struct queue_depths depths; /* in use with health only */
    struct scheduler_part *parts;
};

/* Runs it from command line to exit status. */
int scheduler_main(int argc, char **argv);

/* The same in its steps, around service_run(). @s is zeroed. Starting answers 0 or an exit status, with words in
 * the log; ending, when all is closed, an exit status. */
int scheduler_start(struct scheduler *s, int argc, char **argv);
int scheduler_end(struct scheduler *s);

#endif
