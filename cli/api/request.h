/* SPDX-License-Identifier: Apache-2.0 */
/* request.h: makes the call of a row from its arguments. */
#ifndef GRAPNEL_CLI_API_REQUEST_H
#define GRAPNEL_CLI_API_REQUEST_H

#include "cli/api/resource.h"
#include "common/base/buf.h"

struct request {
    struct buf path; /* with its query; begins with a slash */
    bool has_query;
    struct buf body; /* empty: none */
};

/* -EINVAL with a message, which names the argument. Call request_fini() in any case. */
int request_init(struct request *r, const struct resource_args *args, struct diag *diag);
void request_fini(struct request *r); /* wipes: a body may have a secret */

/* Appends "name=value" to the query. */
void request_query(struct request *r, const char *name, const char *value);

#endif
