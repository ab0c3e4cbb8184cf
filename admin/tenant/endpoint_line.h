/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_line.h: one line of JSON → what is wanted of an endpoint: what endpoint_body.h has, and
 *
 *     {"tenant": "123", "create_tenant": true or {"limit": 600, "allow_http": false}}
 *
 * What is null counts as left out. */
#ifndef GRAPNEL_ADMIN_TENANT_ENDPOINT_LINE_H
#define GRAPNEL_ADMIN_TENANT_ENDPOINT_LINE_H

#include "admin/tenant/endpoint_body.h"

struct endpoint_line {
    json_t *json; /* owned */
    struct endpoint_body body;
    bool creates_tenant;
    int64_t limit; /* of the created tenant, -1: the default */
    bool may_be_plain;
};

/* Borrows @text. -EINVAL with words; -ENOMEM. endpoint_line_fini() in any case. */
int endpoint_line_parse(struct endpoint_line *ret, struct span text, struct diag *diag);
void endpoint_line_fini(struct endpoint_line *l);

#endif
