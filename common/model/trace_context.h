/* SPDX-License-Identifier: Apache-2.0 */
/* trace_context.h: the two headers by which traces are told on, W3C Trace Context (www.w3.org/TR/trace-context-2).
 * An event may carry them; each attempt sends them on with a span of its own. Pure but for the random span. */
#ifndef GRAPNEL_COMMON_MODEL_TRACE_CONTEXT_H
#define GRAPNEL_COMMON_MODEL_TRACE_CONTEXT_H

#include "common/base/base.h"

enum { TRACEPARENT_LEN = 55, TRACESTATE_MAX = 512, TRACESTATE_MEMBERS_MAX = 32 };

/* "00-<32 hex digits>-<16>-<2>", in lower case, no id all zeros. -EINVAL with words. */
int traceparent_check(struct span traceparent, struct diag *diag);
/* "vendor=value,…"; an empty one is refused. -EINVAL with words. */
int tracestate_check(struct span tracestate, struct diag *diag);
/* Both, as a producer gives them: what is absent (data NULL) is fine, a tracestate alone is not. */
int trace_context_check(struct span traceparent, struct span tracestate, struct diag *diag);

/* The same trace and flags, and a new span of it. @traceparent has been checked. */
void traceparent_next(char ret[TRACEPARENT_LEN + 1], struct span traceparent);

#endif
