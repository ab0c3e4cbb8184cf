/* SPDX-License-Identifier: Apache-2.0 */
/* tenant_setting.h: a tenant's webhook as the platform guide configures it: ten settings with names, types
 * and ranges (tenant_setting.def). Pure.
 *
 * They are another view of what is there anyway: one endpoint of the tenant (tenant->webhook is its id) of
 * the guide's dialect, and the tenant's leave for plain HTTP. So they hold as exactly as other
 * configuration does, and workers and schedulers know nothing of them. */
#ifndef GRAPNEL_COMMON_MODEL_TENANT_SETTING_H
#define GRAPNEL_COMMON_MODEL_TENANT_SETTING_H

#include "common/model/egress.h"
#include "common/model/tenant.h"

/* What a change works on; the caller writes both back in one step, with the state that is wanted. */
struct tenant_webhook {
    struct tenant *tenant;     /* owned by the caller */
    struct endpoint *endpoint; /* the same */
    const struct egress_policy *egress;
    const struct master_key *key;
    int64_t now_ms; /* Redis's clock */
    /* what came of it */
    enum { WEBHOOK_AS_IT_IS, WEBHOOK_ENABLE, WEBHOOK_DISABLE } state;
    const char *reason;          /* WEBHOOK_DISABLE */
    char made[SIGN_SECRET_SIZE]; /* a secret that was made, to be shown once; "": none */
};

struct tenant_setting {
    const char *name, *type, *default_text;
    /* -EINVAL with words that name the setting and what was expected; -ENOKEY, -ENOMEM. Parts of the
     * endpoint may be changed then: the caller throws it away. */
    int (*set)(struct tenant_webhook *w, struct span value, struct diag *diag);
    /* @e is NULL when the tenant has no such endpoint yet. Only buf errors. */
    void (*get)(struct buf *ret, const struct tenant *t, const struct endpoint *e);
};

const struct tenant_setting *tenant_setting_at(size_t index);       /* NULL behind the last */
const struct tenant_setting *tenant_setting_find(struct span name); /* NULL if unknown */

/* Gives the endpoint that a tenant's first setting makes: nothing in it but a secret, disabled until it
 * is activated. */
int tenant_webhook_make(struct tenant_webhook *w, unsigned partitions, struct diag *diag);

/* Sets one, and sees to it that what has no URL is not active. Errors as ->set(). */
int tenant_setting_set(struct tenant_webhook *w, const struct tenant_setting *s, struct span value,
                       struct diag *diag);

#endif
