/* store_revise.h: one record of a tenant made, replaced or removed, and told of by events, in one step
 * (common/moves/revise.lua). */
#ifndef GRAPNEL_ADMIN_STORE_STORE_REVISE_H
#define GRAPNEL_ADMIN_STORE_STORE_REVISE_H

#include "admin/store/store.h"

/* All borrowed. */
struct revision {
    struct span tenant;
    const char *key;    /* behind the partition's head */
    struct span record; /* empty: it goes */
    struct span old;    /* that was read; empty: it is new */
    int64_t keep_ms;    /* of a new one; 0: until it is removed */
    const char *list;   /* ZSET of the tenant's records of this kind */
    int64_t most;       /* of them */
    const char *name;   /* of this one in the list */
};

struct revision_event {
    const char *type;
    struct span data; /* JSON */
};

/* STORE_EXISTS, STORE_MISSING, STORE_CHANGED, STORE_NO_TENANT, STORE_TOO_MANY. */
int store_revise(struct store *s, const struct revision *v, const struct revision_event *events,
                 size_t n);

#endif
