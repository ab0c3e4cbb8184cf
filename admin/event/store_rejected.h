/* SPDX-License-Identifier: Apache-2.0 */
/* store_rejected.h: what could not be handled, and why: the streams `rejected` of all partitions. */
#ifndef GRAPNEL_ADMIN_EVENT_STORE_REJECTED_H
#define GRAPNEL_ADMIN_EVENT_STORE_REJECTED_H

#include "admin/store/store.h"

/* All lent until the callback returns. */
struct rejected {
    unsigned partition;
    struct span stream_id;    /* of the entry in `rejected` */
    int64_t ms;               /* when it was rejected */
    struct span reason;       /* empty: none was noted */
    struct span tenant, type; /* empty: no such field */
    const redisReply *fields; /* [field, value, …], the first is `reason` */
};

/* Answers 0 to go on, REJECTED_ENOUGH to end, or negative. */
enum { REJECTED_ENOUGH = 1 };
typedef int store_rejected_fn(void *arg, const struct rejected *r);

/* Calls @each for those of all partitions, the newest first. */
int store_rejected(struct store *s, store_rejected_fn *each, void *arg);

#endif
