/* SPDX-License-Identifier: Apache-2.0 */
/* store_audit.h: the audit stream of a tenant (of operators: ""): who asked for which change, and what came of it.
 *
 * Life of an entry: begin, before the change is made → end, with its status. Bounded by the settings audit_entries
 * and audit_age. */
#ifndef GRAPNEL_ADMIN_ACCESS_STORE_AUDIT_H
#define GRAPNEL_ADMIN_ACCESS_STORE_AUDIT_H

#include "admin/store/store.h"

enum { AUDIT_OBJECTS_MAX = 4, AUDIT_ID_SIZE = 48 };

/* Texts are borrowed; in a list they are valid until the callback returns. */
struct audit_entry {
    struct span who, method, route, peer, request;
    struct span objects[AUDIT_OBJECTS_MAX]; /* ids of what it is about */
    unsigned n_objects;
    int64_t status; /* of HTTP; 0: not known, as it is being made, or who made it has died */
    /* in a list */
    char id[AUDIT_ID_SIZE];
    int64_t ms; /* by Redis's clock, when it was answered; without a status: when it began */
};

int store_audit_begin(struct store *s, struct span tenant, const struct audit_entry *e,
                      char ret_id[AUDIT_ID_SIZE]);
/* @id: what begin wrote. @e NULL: nothing was changed, the entry goes. */
int store_audit_end(struct store *s, struct span tenant, const char *id,
                    const struct audit_entry *e);

bool audit_id_is_valid(struct span id);

/* The newest first: at most @n of @from_ms to @to_ms (both included; 0: no bound), before entry @before (NULL: all). */
struct audit_query {
    const char *before;
    int64_t from_ms, to_ms, n;
};
typedef int store_audit_fn(void *arg, const struct audit_entry *e); /* 0 to go on */
int store_audit_list(struct store *s, struct span tenant, const struct audit_query *q,
                     store_audit_fn *each, void *arg);

#endif
