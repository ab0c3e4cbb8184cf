/* SPDX-License-Identifier: Apache-2.0 */
/* catalogue.h: the platform guide's event types, with what its envelope says about each. Pure data,
 * one row a type (catalogue.def). */
#ifndef GRAPNEL_COMMON_MODEL_FORMAT_CATALOGUE_H
#define GRAPNEL_COMMON_MODEL_FORMAT_CATALOGUE_H

#include "common/base/base.h"

/* What a subscription has to say to get an event; each also gets it by name. */
enum catalogue_subscription {
    SUBSCRIBED_BY_DEFAULT, /* nothing, or `all` */
    SUBSCRIBED_BY_ALL,
    SUBSCRIBED_BY_NAME, /* many, so that `all` does not include them */
};

struct catalogue_category {
    struct span name;
    enum catalogue_subscription subscription;
    bool is_signed; /* whatever the endpoint says */
};

struct catalogue_entry {
    struct span type;       /* "PAYMENT_COMPLETED"; empty for custom events */
    struct span category;   /* "FINANCIAL" */
    struct span importance; /* "critical", "high", "medium" */
};

/* Lends, never NULL: a type that is not in the catalogue is a custom event of medium importance. */
const struct catalogue_entry *catalogue_find(struct span type);
const struct catalogue_entry *catalogue_at(size_t index); /* NULL behind the last */
bool catalogue_has(struct span type);                     /* false: a custom event */

/* Lends, never NULL. */
const struct catalogue_category *catalogue_category_of(struct span type);

#endif
