/* SPDX-License-Identifier: Apache-2.0 */
/* identity.h: who asks: what a bearer token stands for. */
#ifndef GRAPNEL_API_IDENTITY_H
#define GRAPNEL_API_IDENTITY_H

#include "api/route.h"

struct identity {
    enum role role;  /* ROLE_NONE: nobody */
    char tenant[72]; /* "": an operator, or nobody */
    char name[80];   /* for the audit stream: "key:gk_…", "jwt:subject" */
};

/* May it do what needs @role? */
static inline bool identity_may(const struct identity *who, enum role role)
{
    if (role == ROLE_PUBLISH)
        return who->role == ROLE_PUBLISH || who->role >= ROLE_ADMIN;
    return who->role >= role;
}

#endif
