/* SPDX-License-Identifier: Apache-2.0 */
/* stripe_signature.h: a header `t=1492774577,v1=<hex>,v1=<hex>,v0=…` taken apart. Pure.
 *
 * Source of the form: docs.stripe.com/webhooks, "Verify webhook signatures manually": signed is `<t>.<body>`. */
#ifndef GRAPNEL_COMMON_MODEL_INBOUND_STRIPE_SIGNATURE_H
#define GRAPNEL_COMMON_MODEL_INBOUND_STRIPE_SIGNATURE_H

#include "common/base/base.h"

enum { STRIPE_SIGNATURES_MAX = 16 };

struct stripe_signature {
    struct span timestamp;                 /* as it stands there */
    struct span v1[STRIPE_SIGNATURES_MAX]; /* entries of other schemes are left out */
    unsigned n;
};

/* Borrows @header. -EINVAL: no timestamp or two of them, no v1 or too many, or something that is no pair. */
int stripe_signature_parse(struct stripe_signature *ret, struct span header);

#endif
