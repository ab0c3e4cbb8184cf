/* SPDX-License-Identifier: Apache-2.0 */
/* json_number.h: JSON numbers compared as the decimals they are, of any length and any exponent.
 * Pure; the time is linear in the lengths of the texts. */
#ifndef GRAPNEL_COMMON_JSON_JSON_NUMBER_H
#define GRAPNEL_COMMON_JSON_JSON_NUMBER_H

#include "common/base/base.h"

/* Below, at or above 0 as @a is less than, equal to or greater than @b: 1500.00 equals 15e2, -0
 * equals 0. Both have the form of RFC 8259. */
int json_number_compare(struct span a, struct span b);

/* For one that is compared with many: reading takes the time that its length wants, the order only what
 * the shorter one's does. Borrows the text. */
struct json_number {
    int sign;           /* -1, 1; 0 for zero, when nothing else is valid */
    struct span digits; /* from the first to the last that is not 0; a point may stand among them */
    int64_t point;      /* where the point stands, counted from the first of @digits */
    int exponent_sign;
    struct span exponent; /* its digits, without leading zeros */
};
struct json_number json_number_read(struct span text);
int json_number_order(const struct json_number *a, const struct json_number *b);

#endif
