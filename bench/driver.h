/* SPDX-License-Identifier: Apache-2.0 */
/* driver.h: publishes events, one of three ways:
 *
 *   open loop    @rate a second, evenly spaced; an event carries the time at which it was due, so
 * that a late driver or a slow publish counts as latency instead of hiding it closed loop  at most
 * @window events published and not received yet, by the receiver's counters neither      as fast as
 * publishing goes */
#ifndef GRAPNEL_BENCH_DRIVER_H
#define GRAPNEL_BENCH_DRIVER_H

#include "bench/counters.h"
#include "bench/histogram.h"
#include "bench/payload.h"
#include "bench/sink.h"
#include <signal.h>
#include <stdio.h>

enum { DRIVER_TENANTS_MAX = 100000, DRIVER_BATCH_MAX = 1024, DRIVER_TENANT_BYTES = 80 };

struct driver_options {
    const char *tenant_prefix; /* names are the prefix and a number from 0 */
    uint64_t tenants;          /* 0: one tenant, named exactly as the prefix */
    const char *type;
    uint64_t bytes, batch;
    uint64_t rate, window; /* 0: not limited by it */
    uint64_t count;        /* 0: no limit */
    int64_t duration_us;   /* 0: no limit */
};

struct driver {
    struct driver_options options;
    struct sink *sink;               /* borrowed */
    const struct counters *counters; /* borrowed; needed for @window */
    uint64_t counters_base;          /* what had been received before we began */
    struct payload payload;
    char (*tenants)[DRIVER_TENANT_BYTES];
    int64_t start_us, end_us;
    uint64_t published;        /* accepted */
    struct histogram calls;    /* duration of a publish call */
    struct histogram lateness; /* open loop: how late an event was handed over */
};

int driver_init(struct driver *d, const struct driver_options *o, struct sink *sink,
                const struct counters *counters, struct diag *diag);
void driver_fini(struct driver *d);

/* Until count, duration or *@stop. Negative with @diag when an event was not accepted. */
int driver_run(struct driver *d, const volatile sig_atomic_t *stop, struct diag *diag);

void driver_write_json(const struct driver *d, FILE *out);

#endif
