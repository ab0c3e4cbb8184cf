/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_view.h: endpoints as /v1 shows them. Pure; no secret can be seen.
 *
 * What can be changed has the name and the form in which a body takes it (endpoint_body.h), and is null where it is the
 * default; `effective` has what is in force. All give JSON, or NULL when out of memory. */
#ifndef GRAPNEL_API_RESOURCES_ENDPOINT_VIEW_H
#define GRAPNEL_API_RESOURCES_ENDPOINT_VIEW_H

#include "admin/tenant/store_endpoint.h"
#include "common/runtime/settings.h"
#include <jansson.h>

/* All but the filter, which goes into text as it was written: its numbers are decimals that no binary number holds. No
 * @settings: without `effective`. */
json_t *endpoint_v1_json(const struct endpoint *e, const struct settings *settings);
/* Appends @json, perhaps with more members, and the filter; takes over @json. Fails @ret when out of memory. */
void endpoint_v1_write(struct buf *ret, json_t *json, const struct endpoint *e);
json_t *endpoint_v1_load(const struct endpoint_load *load);

/* What a row of policies has: {"header_prefix": "X-Royalti-", "schedule": "30s,5m,2h", …} */
json_t *policy_v1_json(const struct dialect *row);

/* "header-prefix" → "header_prefix" */
void policy_v1_name(char ret[32], enum policy_part part);

#endif
