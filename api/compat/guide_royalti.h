/* SPDX-License-Identifier: Apache-2.0 */
/* guide_royalti.h: deliveries as the platform guide shows them: tables over the form of /v1 (render.h). */
#ifndef GRAPNEL_API_COMPAT_GUIDE_ROYALTI_H
#define GRAPNEL_API_COMPAT_GUIDE_ROYALTI_H

#include "admin/delivery/delivery_record.h"
#include <jansson.h>

/* As in its list. @url: NULL when the endpoint was removed. */
json_t *royalti_delivery_json(const struct delivery_record *d, const char *url);
/* With `attempts`. */
json_t *royalti_delivery_whole(const struct delivery_record *d, const char *url);
/* As told when it is tried again. */
json_t *royalti_retry_json(const struct delivery_record *d, const char *url);

#endif
