/* SPDX-License-Identifier: Apache-2.0 */
/* receiver.h: the endpoints of a simulation: what they answer, and what they saw. */
#ifndef GRAPNEL_TESTS_SIM_RECEIVER_H
#define GRAPNEL_TESTS_SIM_RECEIVER_H

#include "common/model/format/outcome.h"
#include "sim.h"

struct receiver_answer {
    enum outcome_code error; /* OUTCOME_OK: it answers @status */
    int status;
    char retry_after[16];
    int64_t after_us;
};

/* One request, as it was seen. */
struct seen {
    char delivery[80];
    int64_t at_us; /* mono */
    int status;    /* that was sent back; 0: none */
    const struct process *by;
};

enum { SEEN_MAX = 4096 };
struct receiver {
    unsigned fails_one_in; /* 0: never */
    struct seen seen[SEEN_MAX];
    unsigned n_seen;
};
extern struct receiver receiver;

int64_t receiver_connect_us(void);
void receiver_take(struct receiver_answer *ret, const struct span *headers, unsigned n_headers,
                   const struct process *by);

#endif
