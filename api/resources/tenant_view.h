/* SPDX-License-Identifier: Apache-2.0 */
/* tenant_view.h: tenants as /v1 shows them, and what a body wants of one. Pure.
 *
 *     {"id": "123", "name": "Acme", "domain": "acme.example", "limit": 600, "allow_http": false, …}
 *
 * What can be changed has the same name and form in both; `limit` is null where it is the default. */
#ifndef GRAPNEL_API_RESOURCES_TENANT_VIEW_H
#define GRAPNEL_API_RESOURCES_TENANT_VIEW_H

#include "admin/tenant/tenant_spec.h"
#include "common/runtime/settings.h"
#include <jansson.h>

json_t *tenant_v1_json(const struct tenant *t, const struct settings *set);
json_t *tenant_v1_load(const struct tenant_load *load);

/* What members of @body say, into @ret, which borrows from them; null: the default. @id: may `id` be there? It goes
 * to *id. -EINVAL with words that begin with the member's name. */
int tenant_body_parse(struct tenant_spec *ret, json_t *body, const char **id, struct diag *diag);

#endif
