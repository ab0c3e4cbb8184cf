/* SPDX-License-Identifier: Apache-2.0 */
/* show.h: a received request on standard output: for a person, or as one line of JSON. */
#ifndef GRAPNEL_CLI_WEBHOOK_SHOW_H
#define GRAPNEL_CLI_WEBHOOK_SHOW_H

#include "cli/webhook/webhook.h"
#include "common/base/buf.h"

struct received {
    uint64_t number; /* from 1 */
    int64_t time_ms;
    const char *method, *uri;
    struct webhook webhook;
    struct webhook_verdict verdict;
    size_t n_secrets; /* that it was judged with */
    unsigned status;  /* that it is answered with */
};

/* Appends. What came over the wire is shown with control characters made visible, so that a request
 * cannot steer the terminal. JSON bodies are indented, their texts and numbers as they came. */
void show_text(struct buf *ret, const struct received *r, bool has_colour);

/* Appends one JSON object, without a line end. A body that is no UTF-8 is in `bodyBase64`. */
void show_json(struct buf *ret, const struct received *r);

#endif
