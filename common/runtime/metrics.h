/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.h: every counter, gauge and histogram, from one table (metrics.def), and Prometheus's text format out
 * (version 0.0.4, prometheus.io/docs/instrumenting/exposition_formats).
 *
 * Process-wide and for one thread. An increment is an addition to a number in an array; before
 * metrics_init() it is nothing. Labels have fixed sets of values, so what a scrape prints is bounded. */
#ifndef GRAPNEL_COMMON_RUNTIME_METRICS_H
#define GRAPNEL_COMMON_RUNTIME_METRICS_H

#include "common/base/base.h"
#include "common/base/buf.h"
#include <stdio.h>

enum metric {
#define METRIC_COUNTER(name, unit, scope, label, label2, help) METRIC_##name,
#define METRIC_GAUGE(name, unit, scope, label, help) METRIC_##name,
#define METRIC_HISTOGRAM(name, buckets, scope, label, help) METRIC_##name,
#include "common/runtime/metrics.def"
#undef METRIC_COUNTER
#undef METRIC_GAUGE
#undef METRIC_HISTOGRAM
    METRICS
};

/* Values of labels; those of OUTCOME are enum outcome_code, of SCRIPT enum script_number. Where a metric has
 * no label, 0. */
enum metric_event { EVENT_FANNED_OUT, EVENT_UNMATCHED, EVENT_REFUSED };
enum metric_verdict {
    JUDGED_RETRY,
    JUDGED_FAILED,
    JUDGED_TIMEOUT,
    JUDGED_DISABLE,
    JUDGED_CANCEL,
    JUDGED_REFUSE
};
enum metric_queue { QUEUE_EVENTS, QUEUE_JOBS, QUEUE_FAILED, QUEUE_DELAYED, QUEUE_REJECTED };

/* A label and its values, which come from a list that ends with NULL, or from a function that answers NULL behind
 * the last. */
struct metric_label_row {
    const char *name;
    const char *const *values;
    const char *(*value)(unsigned i);
};

/* For a program of this scope (enum settings_scope); @labels, one row per enum metric_label, lives as long. Again:
 * all is 0. -ENOMEM. */
int metrics_init(unsigned scope, const struct metric_label_row *labels);
void metrics_fini(void);

void metric_add(enum metric m, unsigned label, unsigned label2, uint64_t n); /* a counter */
void metric_set(enum metric m, unsigned label, int64_t value); /* a counter or gauge; in its unit */
void metric_forget(enum metric m);                             /* a gauge: not known any more */
void metric_observe(enum metric m, unsigned label,
                    int64_t us); /* a histogram; below 0 counts as 0 */

static inline void metric_count(enum metric m)
{
    metric_add(m, 0, 0, 1);
}

/* Appends all in Prometheus's format; buf errors only. */
void metrics_write(struct buf *ret);
enum { METRICS_BYTES_MAX = 1 << 20 }; /* what is surely enough */

/* Writes docs/reference/metrics.md from the table. */
void metrics_write_markdown(FILE *out);

#endif
