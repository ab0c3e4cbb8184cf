/* SPDX-License-Identifier: Apache-2.0 */
/* tally.h: what the receiver has counted: per path, per second, delivery ids, latency.
 *
 * A request belongs to the path /<first>/<second> of its own (/t/<tenant>, /e/<n>). Beyond
 * TALLY_PATHS_MAX of them, the rest count together as "(others)". */
#ifndef GRAPNEL_BENCH_TALLY_H
#define GRAPNEL_BENCH_TALLY_H

#include "bench/counters.h"
#include "bench/histogram.h"
#include "bench/id_set.h"
#include "bench/request.h"
#include "bench/window.h"
#include "common/base/base.h"
#include <stdio.h>

enum {
    TALLY_PATHS_MAX = 16384,
    TALLY_PATH_SLOTS = TALLY_PATHS_MAX * 2, /* a power of two */
    TALLY_SECONDS_MAX = 86400,
};

struct tally_path {
    char name[64]; /* cut off if longer */
    uint64_t hash;
    uint64_t requests, distinct;
    struct window window;
};

struct tally {
    int64_t window_us; /* 0: windows are not counted */
    int64_t start_us;  /* seconds count from here */
    struct counters *counters;
    struct id_set ids;
    struct histogram latency; /* publish → received, of first deliveries that say when */
    struct tally_path *paths; /* [n_paths]; the first is "(others)" */
    uint32_t *path_slots;     /* [TALLY_PATH_SLOTS] index into paths, 0: free */
    size_t n_paths;
    uint32_t *seconds; /* [TALLY_SECONDS_MAX] */
};

struct tally_options {
    struct counters *counters; /* borrowed */
    int64_t window_us;
    size_t ids_max;
};

int tally_init(struct tally *t, const struct tally_options *o); /* -ENOMEM */
void tally_fini(struct tally *t);
void tally_clear(struct tally *t, int64_t now_us); /* all but what is open now */

/* Counts one request. Returns its latency in µs, -1 when its body does not say when it was
 * published. */
int64_t tally_request(struct tally *t, const struct request *request, int64_t now_us);

void tally_write_json(const struct tally *t, int64_t now_us, FILE *out); /* GET /stats */
void tally_write_paths_json(const struct tally *t, FILE *out);           /* GET /stats/paths */
void tally_write_seconds_json(const struct tally *t, int64_t now_us,
                              FILE *out); /* GET /stats/seconds */

#endif
