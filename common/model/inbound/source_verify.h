/* SPDX-License-Identifier: Apache-2.0 */
/* source_verify.h: is a call that came in genuine? How those who send webhooks prove themselves. Pure. */
#ifndef GRAPNEL_COMMON_MODEL_INBOUND_SOURCE_VERIFY_H
#define GRAPNEL_COMMON_MODEL_INBOUND_SOURCE_VERIFY_H

#include "common/base/base.h"

enum source_check {
    SOURCE_HMAC_HEX,    /* a header holds an HMAC of the body */
    SOURCE_HMAC_BASE64, /* the same, written otherwise */
    SOURCE_STRIPE,      /* stripe_signature.h */
    SOURCE_STANDARD, /* Standard Webhooks 1.0.0: webhook-id, webhook-timestamp, webhook-signature */
    SOURCE_TOKEN,    /* a header holds the secret */
    SOURCE_BASIC,    /* RFC 7617; the secret is "user:password" */
};

enum source_algorithm { SOURCE_SHA256, SOURCE_SHA1, SOURCE_SHA512 };
const char *source_algorithm_name(enum source_algorithm a); /* "sha256"; NULL behind the last */

/* What is looked at. All borrowed. */
struct source_scheme {
    enum source_check check;
    enum source_algorithm algorithm; /* of an HMAC in a header */
    const char *header;              /* in lower case; not of SOURCE_STANDARD */
    const char *prefix;   /* of its value, in front of what counts: "sha256="; "": none */
    int64_t tolerance_ms; /* of a signed timestamp; 0: not judged */
};

/* The call; a header's name in lower case, NULL when it is not there. */
typedef const char *source_header_fn(void *arg, const char *name);
struct source_call {
    source_header_fn *header;
    void *arg;
    struct span body;
    int64_t now_ms; /* a wall clock */
};

/* Can @secret be one for this check? -EINVAL with words that do not hold it. */
int source_secret_check(enum source_check check, struct span secret, struct diag *diag);

/* 0; SOURCE_REFUSED, and in @ret_why static words for the operator, not for the caller; or negative. Comparisons take
 * time that depends on lengths only. */
enum { SOURCE_REFUSED = 1 };
int source_verify(const struct source_scheme *scheme, struct span secret,
                  const struct source_call *call, const char **ret_why);

#endif
