/* SPDX-License-Identifier: Apache-2.0 */
/* metric_labels.h: the values that the labels of metrics take: dialects, outcomes, scripts, … Apart from metrics.c,
 * which knows none of them. */
#ifndef GRAPNEL_COMMON_PROGRAM_METRIC_LABELS_H
#define GRAPNEL_COMMON_PROGRAM_METRIC_LABELS_H

#include "common/runtime/metrics.h"

extern const struct metric_label_row metric_labels[]; /* for metrics_init() */

unsigned metric_status(int http_status);      /* 0: there was no answer */
unsigned metric_dialect(const char *dialect); /* its name */

#endif
