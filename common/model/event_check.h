/* SPDX-License-Identifier: Apache-2.0 */
/* event_check.h: does an event keep the wire contract? Pure; see docs/reference/wire-contract.md.
 *
 * One check for all who handle events: the library and the command line before they send one, the
 * scheduler for what any Redis client has put into the stream. */
#ifndef GRAPNEL_COMMON_MODEL_EVENT_CHECK_H
#define GRAPNEL_COMMON_MODEL_EVENT_CHECK_H

#include "common/base/base.h"

enum {
    EVENT_TENANT_MAX = 64,
    EVENT_TYPE_MAX = 128,
    EVENT_ID_MAX = 64,
    EVENT_TRACE_MAX = 128,
    EVENT_TRACE_CONTEXT_MAX = 8192, /* traceparent and tracestate, each */
    EVENT_KEY_MAX = 128,
};

/* Milliseconds since 1970 of 9999-12-31T23:59:59.999Z: times are written with four digits of year.
 */
#define EVENT_TIME_MAX INT64_C(253402300799999)

/* An event's fields as text; all borrowed. One whose data is NULL is absent; empty is not absent.
 * Of traceparent and tracestate only the length is checked here: see trace_context_check(), which is
 * for those who publish. Later, what is wrong with them is no reason to lose an event. */
struct event_fields {
    struct span tenant, type, data; /* required */
    struct span id, time, trace;    /* optional; time: decimal milliseconds since 1970 */
    struct span traceparent, tracestate;
    struct span endpoint; /* optional; id of the only one of the tenant's that gets it */
    struct span key;      /* optional; idempotency key, not in the stream entry */
};

/* Fills @diag (may be NULL) with the field's name and what was expected, in at most 150 bytes.
 * @data_max: most bytes of data. 0 or -EINVAL. */
int event_check(const struct event_fields *e, size_t data_max, struct diag *diag);

/* Types that begin with "grapnel." are Grapnel's own: only itself and its operator publish them, and only endpoints that
 * name them get them. */
bool event_type_is_own(struct span type);

#endif
