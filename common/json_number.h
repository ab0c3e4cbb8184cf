/* json_number.h: JSON numbers compared as the decimals they are, of any length and any exponent.
 * Pure; the time is linear in the lengths of the texts. */
#ifndef GRAPNEL_COMMON_JSON_NUMBER_H
#define GRAPNEL_COMMON_JSON_NUMBER_H

#include "common/base.h"

/* Below, at or above 0 as @a is less than, equal to or greater than @b: 1500.00 equals 15e2, -0
 * equals 0. Both have the form of RFC 8259. */
int json_number_compare(struct span a, struct span b);

#endif
