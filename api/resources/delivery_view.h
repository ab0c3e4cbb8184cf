/* SPDX-License-Identifier: Apache-2.0 */
/* delivery_view.h: deliveries as /v1 shows them; the guides' forms are tables over it (compat/). Pure.
 *
 * All give JSON, or NULL when out of memory. */
#ifndef GRAPNEL_API_RESOURCES_DELIVERY_VIEW_H
#define GRAPNEL_API_RESOURCES_DELIVERY_VIEW_H

#include "admin/delivery/delivery_record.h"
#include <jansson.h>

/* What is not UTF-8 becomes U+FFFD; empty: null. */
json_t *json_of_text(struct span text);
json_t *json_of_time(int64_t ms); /* 0: null */

/* @url: NULL when the endpoint was removed. */
json_t *delivery_v1_json(const struct delivery_record *d, const char *url);
/* With what was recorded of the answers. */
json_t *delivery_v1_attempts(const struct delivery_record *d);
/* Both: `attempt_list` is in it. */
json_t *delivery_v1_whole(const struct delivery_record *d, const char *url);

#endif
