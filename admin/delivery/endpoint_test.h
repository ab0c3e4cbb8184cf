/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_test.h: an endpoint tried out: an event for it alone goes the way of all events, through the queue and the
 * limits, signed and recorded; and its first attempt is waited for. */
#ifndef GRAPNEL_ADMIN_DELIVERY_ENDPOINT_TEST_H
#define GRAPNEL_ADMIN_DELIVERY_ENDPOINT_TEST_H

#include "admin/delivery/delivery_record.h"
#include "admin/store/store.h"
#include "common/model/endpoint.h"
#include <stdatomic.h>

struct endpoint_test {
    const char *type; /* borrowed */
    /* Its delivery as it is now. Until there is one: an empty id, and how it was made only. */
    struct delivery_record record;
    bool has_outcome; /* of an attempt */
    /* its own */
    struct buf bytes;
    char event[48]; /* stream id */
};

/* The type to try an endpoint with where none is named: the first that it asks for by name, else webhook.test. Lends. */
const char *endpoint_test_type(const struct endpoint *e);

/* Publishes an event of @type, and looks for the outcome for @wait_ms at most, or until *@stop (may be NULL) is true;
 * it polls, with growing pauses. -EINVAL
 * with words: @type is none; TEST_NOTHING: no delivery was made, as @e is disabled or removed by now. When Redis goes
 * away while it waits, the event is there all the same: that is no error. endpoint_test_fini() in any case. */
enum { TEST_NOTHING = 1000 };
int store_endpoint_test(struct store *s, const struct endpoint *e, const char *type,
                        int64_t wait_ms, const atomic_bool *stop, struct endpoint_test *ret);
void endpoint_test_fini(struct endpoint_test *t);

#endif
