/* SPDX-License-Identifier: Apache-2.0 */
/* auth.h: may this caller make this call, and about which tenant. */
#ifndef GRAPNEL_API_AUTH_H
#define GRAPNEL_API_AUTH_H

#include "api/call.h"

/* Fills c->who and c->tenant. False: refused, and the problem is answered (401, 403; 404 for what is another
 * tenant's; 429 when its key has made too many requests; 503). */
bool auth_admit(struct call *c, struct store *s);

#endif
