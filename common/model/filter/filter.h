/* SPDX-License-Identifier: Apache-2.0 */
/* filter.h: which events an endpoint wants, by what stands in their data.
 *
 *     {"amount": {"$gte": 100}, "$or": [{"status": "paid"}, {"customer.vip": true}]}
 *
 * docs/reference/filters.md describes the language. A filter is compiled once and never changes, so any number
 * of readers may share it. Matching is pure, allocates nothing, and reads the data once a
 * condition. */
#ifndef GRAPNEL_COMMON_MODEL_FILTER_FILTER_H
#define GRAPNEL_COMMON_MODEL_FILTER_FILTER_H

#include "common/base/buf.h"

enum {
    FILTER_BYTES_MAX = 4096,
    FILTER_DEPTH_MAX = 8, /* filters inside each other, the outermost counted */
    FILTER_CONDITIONS_MAX = 64,
    FILTER_VALUES_MAX = 100, /* of one $in or $nin */
    FILTER_PATH_BYTES_MAX = 256,
    FILTER_STEPS_MAX = 16,               /* of one path */
    FILTER_EXPLAIN_BYTES_MAX = 64 * 1024 /* no explanation is longer */
};

struct filter;

/* Gives *ret, which borrows nothing. -EINVAL, with words that name the place ("filter: customer.age:
 * $gte: expected a number") in @diag (may be NULL); -ENOMEM. */
int filter_parse(struct filter **ret, struct span text, struct diag *diag);
struct filter *filter_free(struct filter *f); /* NULL is fine; returns NULL */

/* How often filter_matches() may read the data. */
unsigned filter_conditions(const struct filter *f);

/* @data passed json_check(). */
bool filter_matches(const struct filter *f, struct span data);

/* The same with the reasons: appends a line for each condition, such as "amount: $gte 100: 42 → no".
 * Long values are cut. 0, or what buf_result() has. */
int filter_explain(struct buf *ret, const struct filter *f, struct span data, bool *ret_matches);

#endif
