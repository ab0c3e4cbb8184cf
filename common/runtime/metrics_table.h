/* SPDX-License-Identifier: Apache-2.0 */
/* metrics_table.h: the table behind metrics.h, for metrics.c, which counts, and metrics_text.c, which writes. */
#ifndef GRAPNEL_COMMON_RUNTIME_METRICS_TABLE_H
#define GRAPNEL_COMMON_RUNTIME_METRICS_TABLE_H

#include "common/runtime/metrics.h"

enum metric_kind { COUNTER, GAUGE, HISTOGRAM };
enum metric_unit { COUNT, BYTES, SECONDS /* kept in µs */, MILLIS };

/* NONE: one series, without a label. */
enum metric_label {
    NONE,
    OUTCOME,
    DIALECT,
    STATUS,
    SETTLEMENT,
    EVENT,
    VERDICT,
    QUEUE,
    AGED_QUEUE,
    SCRIPT,
    VERSION
};

struct metric_row {
    const char *name, *help;
    const int64_t *buckets; /* upper bounds in µs; 0 ends */
    enum metric_kind kind;
    enum metric_unit unit;
    unsigned scope;
    enum metric_label label, label2;
};
extern const struct metric_row metric_rows[METRICS];

const char *metric_label_name(enum metric_label label);
const char *metric_label_value(enum metric_label label, unsigned i); /* NULL behind the last */

#define METRIC_UNKNOWN INT64_MIN /* value of a gauge that is not known */

bool metrics_has(enum metric m); /* is it one of this program's? */

/* The numbers of one combination of labels; NULL: there is none. One, or for a histogram one per bucket,
 * one for what is above all, and the sum in µs. */
const int64_t *metric_cells(enum metric m, unsigned label, unsigned label2);

#endif
