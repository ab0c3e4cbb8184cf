/* SPDX-License-Identifier: Apache-2.0 */
/* destination.h: the kinds of destination that an endpoint's URL may name: a table (destination.def) for all that is to be
 * known of them but how to get there, which is the worker's (worker/destination.h). Pure. */
#ifndef GRAPNEL_COMMON_MODEL_DESTINATION_H
#define GRAPNEL_COMMON_MODEL_DESTINATION_H

#include "common/model/egress.h"
#include "common/model/format/outcome.h"

/* A test that adds a row names another file. */
#ifndef DESTINATION_ROWS
#define DESTINATION_ROWS "common/model/destination.def"
#endif

enum destination_secret { DESTINATION_SIGNS, DESTINATION_UNSIGNED };

/* What a URL is checked by. */
struct destination_rules {
    const struct egress_policy *egress;
    bool may_be_plain; /* http:// will do */
};

/* -EINVAL with words that begin with "url: ". */
typedef int destination_check_fn(struct span url, const struct destination_rules *rules,
                                 struct diag *diag);
/* As outcome_of_status(), of an answer's number. */
typedef struct outcome destination_outcome_fn(const struct dialect *d, int status,
                                              struct span retry_after, int64_t now_wall_ms);

struct destination_type {
    const char *name, *schemes, *title;
    destination_check_fn *check;
    destination_outcome_fn *outcome;
    enum destination_secret secret;
    bool takes_tls;
};

/* By the URL's scheme, in any case; the first row's where no row has it. */
const struct destination_type *destination_type_of(struct span url);
/* By name; the first row for an empty one; NULL. */
const struct destination_type *destination_type_find(struct span name);
/* What stands before the number of an answer, given the name of its destination's kind: "HTTP". A later version's is "status". */
const char *destination_title(struct span name);
/* The name as records have it: empty for the first row. */
struct span destination_record_name(const struct destination_type *type);
unsigned destination_type_index(const struct destination_type *type);

/* Is @url fit for an endpoint? By its type's check. */
int destination_check(struct span url, const struct destination_rules *rules, struct diag *diag);

#endif
