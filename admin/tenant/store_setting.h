/* SPDX-License-Identifier: Apache-2.0 */
/* store_setting.h: the settings of a tenant's webhook in the store: read, changed, and written back in one
 * step unless somebody else wrote in between. */
#ifndef GRAPNEL_ADMIN_TENANT_STORE_SETTING_H
#define GRAPNEL_ADMIN_TENANT_STORE_SETTING_H

#include "admin/store/store.h"
#include "common/model/tenant_setting.h"

/* What the settings are read from; store_webhook_fini(). The endpoint is NULL when there is none yet.
 * STORE_MISSING: there is no such tenant. */
int store_webhook_load(struct store *s, struct span tenant, struct tenant_webhook *w);
void store_webhook_fini(struct tenant_webhook *w);

/* By store_update(); @w is what came of it (w->made), to be ended in any case. -EINVAL with words;
 * STORE_MISSING, STORE_CHANGED, STORE_TOO_MANY. */
int store_setting_put(struct store *s, struct span tenant, const struct egress_policy *egress,
                      const struct tenant_setting *setting, struct span value,
                      struct tenant_webhook *w);

#endif
