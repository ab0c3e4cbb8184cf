/* SPDX-License-Identifier: Apache-2.0 */
/* role.h: what a caller of the API may do: an API key has one, a JWT claims one. */
#ifndef GRAPNEL_ADMIN_ACCESS_ROLE_H
#define GRAPNEL_ADMIN_ACCESS_ROLE_H

#include "common/base/base.h"

/* Each may also what stands before it, but one that may only publish cannot read. Those before ROLE_OPERATOR
 * are of one tenant. */
enum role { ROLE_NONE, ROLE_PUBLISH, ROLE_READ, ROLE_ADMIN, ROLE_OPERATOR };

const char *role_name(enum role role);    /* "none", "publish", "read", "admin", "operator" */
enum role role_of_name(struct span name); /* ROLE_NONE: there is no such role, or it is none */

#endif
