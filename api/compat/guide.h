/* guide.h: the webhooks of the two small guides: one core (h_guide*.c), and here what differs: names, words, members.
 *
 *   simple     /v1/webhooks    active: true or false   status: success, failed, pending, cancelled
 *   template   /webhooks       status: active or disabled
 *
 * A webhook is an endpoint, whoever made it. Views are pure and give JSON, or NULL when out of memory; times are
 * written as in the guides, in whole seconds. */
#ifndef GRAPNEL_API_COMPAT_GUIDE_H
#define GRAPNEL_API_COMPAT_GUIDE_H

#include "admin/delivery/delivery_record.h"
#include "admin/tenant/endpoint_body.h"
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
    /* @secret: the one it was made with; NULL: not to be shown */
    json_t *(*made)(const struct endpoint *e, const char *secret);
    json_t *(*one)(const struct endpoint *e);
    json_t *(*all)(const struct tenant *t);

    json_t *(*delivery)(const struct delivery_record *d);
    /* Of one attempt, the @n-th on record; NULL: the guide has no log. */
    json_t *(*attempt)(const struct delivery_record *d, const struct record_entry *a, unsigned n);
};

extern const struct guide guide_simple, guide_template;

/* ---- what both have in common ---- */

json_t *guide_time_json(int64_t ms); /* 2026-01-15T12:00:00Z; 0: null */
json_t *guide_events_json(const struct endpoint *e);
json_t *guide_id_json(const struct delivery_record *d); /* "": there is none yet: null */
/* What went wrong last, in words; NULL: nothing. */
json_t *guide_error_json(const struct delivery_record *d);
/* Has it been delivered, and is that the end? */
bool guide_is_delivered(const struct delivery_record *d);

#endif
