/* SPDX-License-Identifier: Apache-2.0 */
/* rule.h: which paths the receiver answers badly, and which never. */
#ifndef GRAPNEL_BENCH_RULE_H
#define GRAPNEL_BENCH_RULE_H

#include "common/base/base.h"

enum {
    RULES_MAX = 16,
    RULE_HANG = -1, /* as a status: never answered */
};

/* One row; the first whose prefix matches decides. */
struct rule {
    char prefix[128];
    size_t prefix_len;
    int status;
    uint64_t every; /* only each so-many-th request of the path; 0: all */
    uint64_t first; /* only attempts up to this number; 0: all */
    uint64_t seen;
};

struct rules {
    struct rule rows[RULES_MAX];
    size_t n;
};

/* "/prefix": those are never answered. -EINVAL with @diag. */
int rules_add_hang(struct rules *rules, const char *text, struct diag *diag);

/* "/prefix=503", "/prefix=503:every 10", "/prefix=503:first 2". -EINVAL with @diag. */
int rules_add_fail(struct rules *rules, const char *text, struct diag *diag);

/* The status for this request: 200, a rule's, or RULE_HANG. Counts for `every`. */
int rules_judge(struct rules *rules, struct span path, uint32_t attempt);

#endif
