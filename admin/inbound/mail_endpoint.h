/* SPDX-License-Identifier: Apache-2.0 */
/* mail_endpoint.h: the endpoint through which a tenant's e-mails go: events of type grapnel.email, each to the
 * address that it names. There is one at most: its id is derived from the tenant's. */
#ifndef GRAPNEL_ADMIN_INBOUND_MAIL_ENDPOINT_H
#define GRAPNEL_ADMIN_INBOUND_MAIL_ENDPOINT_H

#include "admin/store/store.h"

#define MAIL_ENDPOINT_URL "mailto:"

/* Makes it unless it is there. -EINVAL with words; STORE_NO_TENANT, STORE_TOO_MANY. */
int store_mail_endpoint_ensure(struct store *s, struct span tenant);

#endif
