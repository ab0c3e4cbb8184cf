/* SPDX-License-Identifier: Apache-2.0 */
/* guide.h: the webhooks of the two small guides: one core (h_guide*.c), and here what differs: names, words, members.
 *
 *   simple     /v1/webhooks    active: true or false   status: success, failed, pending, cancelled
 *   template   /webhooks       status: active or disabled
 *
 * A webhook is an endpoint, whoever made it. What is shown are tables over the form of /v1 (render.h); times are
 * written as in the guides, in whole seconds. */
#ifndef GRAPNEL_API_COMPAT_GUIDE_H
#define GRAPNEL_API_COMPAT_GUIDE_H

#include "admin/delivery/delivery_record.h"
#include "admin/tenant/endpoint_body.h"
#include "api/compat/render.h"
#include "common/model/endpoint.h"
#include <jansson.h>

enum { GUIDE_MEMBERS_MAX = 6 };

struct guide {
    const char *dialect;   /* of webhooks that are made by its calls */
    const char *path;      /* of all webhooks */
    const char *type_name; /* what it calls an event's type */
    /* Members of a body that it shares with /v1; NULL behind the last. */
    const char *members[GUIDE_MEMBERS_MAX];
    bool shows_secret; /* also one that the caller has chosen, when a webhook is made with it */
    const char *names; /* of all that a body may have, for messages */

    /* Whether it is used; BODY_OTHER: that is another member. -EINVAL with words. */
    int (*take_use)(enum endpoint_use *ret, const char *name, const json_t *value,
                    struct diag *diag);

    /* What is shown; `secret` is there where one is to be. */
    const struct render_field *webhook, *listed, *delivery;
    bool has_total; /* of a list of webhooks */
    /* Of one attempt, which also has `delivery`, `type` and its `place` on record; NULL: the guide has no log. */
    const struct render_field *attempt;
};

extern const struct guide guide_simple, guide_template;

/* All give JSON, or NULL when out of memory. */

/* @secret: the one it was made with; NULL: not to be shown. */
json_t *guide_webhook_json(const struct guide *g, const struct endpoint *e, const char *secret);
json_t *guide_webhooks_json(const struct guide *g, const struct tenant *t);
json_t *guide_delivery_json(const struct guide *g, const struct delivery_record *d);
/* Appends the attempts of @d, the last one first. */
void guide_add_log(json_t *log, const struct guide *g, const struct delivery_record *d);

/* For tables: when an attempt that began at @value was over. */
json_t *guide_end_time(json_t *value, json_t *whole);

#endif
