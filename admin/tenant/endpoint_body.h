/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_body.h: members of a JSON object → what is wanted of an endpoint: of a call's body, or of a
 * line of a file.
 *
 *     {"url": "https://…", "dialect": "…", "events": ["A", "user.*"] or "A,user.*", "secret": "…",
 *      "slots": 8, "description": "…", "filter": {…},
 *      "ca": "…", "client_cert": "…", "client_key": "…" (PEM),
 *      "retries": 5, "timeout": "10s", "headers": {…} and the other parts of a policy (policy.def)}
 *
 * null asks for the default. A filter is taken as it is written: its numbers are decimals that no
 * binary number holds. */
#ifndef GRAPNEL_ADMIN_TENANT_ENDPOINT_BODY_H
#define GRAPNEL_ADMIN_TENANT_ENDPOINT_BODY_H

#include "admin/tenant/endpoint_spec.h"
#include <jansson.h>

struct endpoint_body {
    struct endpoint_spec spec;   /* borrows from the object, and from what follows */
    struct span text;            /* the object's own, borrowed */
    json_t *secret, *client_key; /* borrowed: what is to be wiped; NULL: not there */
    char *events, *filter, *parts[N_POLICY_PARTS]; /* owned */
};

/* Borrows @text, that of the object. -EINVAL with words: it is no JSON. endpoint_body_fini() in any
 * case. */
int endpoint_body_init(struct endpoint_body *b, struct span text, struct diag *diag);

/* Takes one member. -EINVAL with words; -ENOMEM; BODY_OTHER, nothing done: it is none of these. */
enum { BODY_OTHER = 1 };
int endpoint_body_take(struct endpoint_body *b, const char *name, json_t *value, struct diag *diag);

/* Also wipes the secrets in the object. */
void endpoint_body_fini(struct endpoint_body *b);

/* "url, dialect, …", for messages. */
extern const char endpoint_body_names[];

#endif
