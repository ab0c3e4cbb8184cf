/* SPDX-License-Identifier: Apache-2.0 */
/* null_destination.h: what the kind of destination that tests add has seen (null_destination.c). */
#ifndef GRAPNEL_TESTS_SUPPORT_NULL_DESTINATION_H
#define GRAPNEL_TESTS_SUPPORT_NULL_DESTINATION_H

#include "common/model/destination.h"
#include "common/runtime/loop.h"

/* What the row names. */
destination_check_fn destination_check_null;
destination_outcome_fn outcome_of_null;

struct null_seen {
    unsigned n_started, n_sent, n_cancelled;
    unsigned n_prepared; /* that were not released */
    unsigned attempt;    /* the last one's number */
    struct loop *loop;
};
extern struct null_seen null_seen;

#endif
