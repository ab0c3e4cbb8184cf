/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_spec.h: what is wanted of an endpoint: options of `endpoint add` and `set`, or a line of
 * a file; and the endpoint made of it. */
#ifndef GRAPNEL_ADMIN_TENANT_ENDPOINT_SPEC_H
#define GRAPNEL_ADMIN_TENANT_ENDPOINT_SPEC_H

#include "admin/tenant/store_endpoint.h"
#include "common/model/endpoint.h"
#include "common/model/tenant.h"

enum { SPEC_SLOTS_MAX = 10000 };

/* Texts are borrowed; NULL and false: not named. */
struct endpoint_spec {
    const char *tenant, *url, *events, *secret, *description;
    const char *filter;                        /* "none": without */
    const char *ca, *client_cert, *client_key; /* PEM; "none": without */
    const char *parts[N_POLICY_PARTS];         /* "default": as the dialect has it */
    const struct dialect *dialect;
    bool has_slots, has_overlap;
    int64_t slots; /* as in struct endpoint: 0 is the default */
    int64_t overlap_ms;
    bool wants_new_secret;
    enum endpoint_use use; /* for endpoint_change.h */
    const char *reason;    /* why it is not used; NULL: by hand */
};

/* Whom an endpoint may call, and how its secret is kept. */
struct endpoint_rules {
    struct egress_policy egress;
    const struct master_key *key; /* borrowed */
};
int endpoint_rules_init(struct endpoint_rules *rules, const struct store *s, struct diag *diag);

/* Values as people write them, "default" where there is one. @name goes into the words. */
int spec_dialect(struct endpoint_spec *spec, const char *name, const char *value,
                 struct diag *diag);
int spec_slots(struct endpoint_spec *spec, const char *name, const char *value, struct diag *diag);
int spec_overlap(struct endpoint_spec *spec, const char *name, const char *value,
                 struct diag *diag);
int spec_description(struct endpoint_spec *spec, const char *name, const char *value,
                     struct diag *diag);

/* The new secret, when one was made; wipe it. */
struct made_secret {
    char text[SIGN_SECRET_SIZE]; /* "": none */
};

/* Gives a new endpoint of @t with a secret: the one that is named, or a new one. -EINVAL with
 * words; -ENOMEM. */
int endpoint_spec_make(struct endpoint **ret, const struct endpoint_spec *spec,
                       const struct tenant *t, unsigned partitions,
                       const struct endpoint_rules *rules, int64_t now_ms,
                       struct made_secret *ret_made, struct diag *diag);

/* Changes @e as far as @spec names something. */
int endpoint_spec_apply(struct endpoint *e, const struct endpoint_spec *spec,
                        const struct tenant *t, const struct endpoint_rules *rules, int64_t now_ms,
                        struct made_secret *ret_made, struct diag *diag);

#endif
