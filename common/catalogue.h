/* catalogue.h: the platform guide's event types, with what its envelope says about each. Pure data,
 * one row a type (catalogue.def). */
#ifndef GRAPNEL_COMMON_CATALOGUE_H
#define GRAPNEL_COMMON_CATALOGUE_H

#include "common/base.h"

struct catalogue_entry {
    struct span type;       /* "PAYMENT_COMPLETED"; empty for custom events */
    struct span category;   /* "FINANCIAL" */
    struct span importance; /* "critical", "high", "medium" */
};

/* Lends, never NULL: a type that is not in the catalogue is a custom event of medium importance. */
const struct catalogue_entry *catalogue_find(struct span type);
const struct catalogue_entry *catalogue_at(size_t index); /* NULL behind the last */

#endif
