/* endpoint_line.h: one line of JSON → what is wanted of an endpoint.
 *
 *     {"tenant": "123", "url": "https://…", "dialect": "…", "events": ["A", "user.*"] or "A,user.*",
 *      "secret": "…", "slots": 8, "description": "…", "filter": {…},
 *      "ca": "…", "client_cert": "…", "client_key": "…" (PEM),
 *      "retries": 5, "timeout": "10s", "headers": {…} and the other parts of a policy (policy.def),
 *      "create_tenant": true or {"limit": 600, "allow_http": false}}
 *
 * What is null counts as left out. */
#ifndef GRAPNEL_STORE_ENDPOINT_LINE_H
#define GRAPNEL_STORE_ENDPOINT_LINE_H

#include "store/endpoint_spec.h"
#include <jansson.h>

struct endpoint_line {
    json_t *json; /* owned; @spec borrows from it */
    char *events; /* owned, as are the others */
    char *filter;
    char *parts[N_POLICY_PARTS];
    struct endpoint_spec spec;
    bool creates_tenant;
    int64_t limit; /* of the created tenant, -1: the default */
    bool may_be_plain;
};

/* -EINVAL with words; -ENOMEM. endpoint_line_fini() in any case. */
int endpoint_line_parse(struct endpoint_line *ret, struct span text, struct diag *diag);
void endpoint_line_fini(struct endpoint_line *l);

#endif
