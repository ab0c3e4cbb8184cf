/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_call.h: the endpoint that a call is about: its body read, its answer written, what went wrong told. */
#ifndef GRAPNEL_API_RESOURCES_ENDPOINT_CALL_H
#define GRAPNEL_API_RESOURCES_ENDPOINT_CALL_H

#include "admin/tenant/endpoint_body.h"
#include "admin/tenant/store_endpoint.h"
#include "api/call.h"

/* What `may` callbacks answer when they have answered the call. */
enum { ENDPOINT_CALL_ANSWERED = 1000 };

/* The call's body. 0; else it is answered. endpoint_body_fini() in any case. */
struct endpoint_call_options {
    const char *also; /* for the words: members that the caller takes itself */
    /* Takes such a member: as endpoint_body_take(). */
    int (*take)(struct endpoint_body *b, const char *name, json_t *value, struct diag *diag);
};
int endpoint_call_read(struct call *c, struct endpoint_body *b,
                       const struct endpoint_call_options *o);

/* Is there a key to keep secrets under? False, and answered, when @spec needs one and there is none. */
bool endpoint_call_has_key(struct call *c, const struct store *s, const struct endpoint_spec *spec);

/* The endpoint, its version, and the secret if one was made, which is shown this once. */
struct endpoint_answer {
    const struct endpoint *e;
    const struct endpoint_load *load; /* NULL: not asked for */
    const struct made_secret *made;   /* may be NULL */
    struct span record;               /* that it was read from; empty: it has just been written */
};
void endpoint_call_tell(struct call *c, const struct store *s, unsigned status,
                        const struct endpoint_answer *a);

/* As call_store_failed(), of an endpoint. */
void endpoint_call_failed(struct call *c, struct store *s, int r);

#endif
