/* SPDX-License-Identifier: Apache-2.0 */
/* event_results.h: what became of the events of a call, as its answer tells it. Pure. */
#ifndef GRAPNEL_API_RESOURCES_EVENT_RESULTS_H
#define GRAPNEL_API_RESOURCES_EVENT_RESULTS_H

#include "admin/event/event_batch.h"
#include "common/base/buf.h"

enum event_result {
    RESULT_ACCEPTED,
    RESULT_REFUSED, /* for what it is: sending it again is of no use */
    RESULT_FAILED,  /* Redis would not have it */
    RESULT_UNKNOWN, /* the answer was lost, or there was nobody to ask */
    N_RESULTS
};

struct event_counts {
    size_t of[N_RESULTS];
};

/* @b's receipts are filled. */
struct event_counts event_results_count(const struct event_batch *b);

/* 202: all accepted; 207: some, the others refused; 400: none, all refused; 503: Redis does not have all that it
 * should. */
unsigned event_results_status(const struct event_counts *n);

/* `"accepted":2,"refused":1,"failed":0,"unknown":0,"results":[…]`, one for each event of the body, in its order. */
void event_results_write(struct buf *ret, const struct event_batch *b,
                         const struct event_counts *n);

/* Why the answer has @status, 400 or 503: the words about the first event that makes it so; borrowed. */
const char *event_results_first(const struct event_batch *b, unsigned status, size_t *ret_index);

/* "type: expected …" → "type" and "expected …"; no field: it is empty, and @text the words. Borrows. */
struct event_words {
    struct span field, text;
};
struct event_words event_words(const char *text);

#endif
