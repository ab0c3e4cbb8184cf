/* SPDX-License-Identifier: Apache-2.0 */
/* webhook.h: judges a received request as a receiver should: dialect, signature, age. Pure. */
#ifndef GRAPNEL_CLI_WEBHOOK_WEBHOOK_H
#define GRAPNEL_CLI_WEBHOOK_WEBHOOK_H

#include "cli/webhook/scheme.h"
#include "common/base/base.h"
#include "common/model/format/dialect.h"

enum { WEBHOOK_HEADERS_MAX = 100 };

/* A header as it came; borrowed. */
struct header {
    const char *name, *value;
};

struct webhook {
    struct header headers[WEBHOOK_HEADERS_MAX];
    size_t n_headers;
    struct span body;
};

/* -ENOBUFS when there are too many. */
int webhook_add_header(struct webhook *w, const char *name, const char *value);
/* Names are compared without regard to case; NULL when it is not there. The first one counts. */
const char *webhook_header(const struct webhook *w, const char *name);

/* The dialect of @s whose signature header is there, written as it writes it, with most of its other
 * headers; or of those that are all there, as some events need no signature. NULL when none is. */
const struct dialect *webhook_detect(const struct webhook *w, const struct scheme *s);

enum webhook_result { WEBHOOK_UNJUDGED, WEBHOOK_GENUINE, WEBHOOK_UNSIGNED, WEBHOOK_WRONG };

struct webhook_verdict {
    enum webhook_result result;
    const struct dialect *dialect; /* lent by the scheme; NULL: none detected */
    size_t secret;                 /* the number of the right one, from 1, when GENUINE; else 0 */
    struct diag reason;            /* when UNSIGNED or WRONG */
};

/* @s is prepared. @tolerance_ms: how far a signed timestamp may be off; 0: not judged. */
void webhook_verify(struct webhook_verdict *ret, const struct webhook *w, const struct scheme *s,
                    int64_t tolerance_ms, int64_t now_ms);

#endif
