/* SPDX-License-Identifier: Apache-2.0 */
/* delivery_record.h: a delivery's record as a whole, and what it tells: where the delivery stands,
 * its last attempt, when the next one comes. */
#ifndef GRAPNEL_ADMIN_DELIVERY_DELIVERY_RECORD_H
#define GRAPNEL_ADMIN_DELIVERY_DELIVERY_RECORD_H

#include "common/base/id.h"
#include "common/model/record.h"

struct delivery_record {
    char id[ID_SIZE];
    unsigned partition;
    struct record_entry *entries; /* owned; texts borrowed from the bytes; the first is `created` */
    size_t n;                     /* at least 1 */
};

/* Borrows @bytes. -EBADMSG when they are no record, -ENOMEM. */
int delivery_record_parse(struct delivery_record *ret, struct span id, struct span bytes);
void delivery_record_fini(struct delivery_record *d);
/* Adds what was written behind the bytes since. -ENOMEM. */
int delivery_record_add(struct delivery_record *d, const struct record_entry *e);

const struct record_entry *delivery_created(const struct delivery_record *d);
const struct record_entry *delivery_last(const struct delivery_record *d);
/* The last attempt whose outcome is known; NULL: none yet. */
const struct record_entry *delivery_last_attempt(const struct delivery_record *d);

/* "pending", "success", "failed", "timeout", "cancelled". */
struct span delivery_status(const struct delivery_record *d);
bool delivery_is_final(const struct delivery_record *d);
/* When the next attempt is or was due; 0: no date is set. */
int64_t delivery_next_ms(const struct delivery_record *d);

/* Where a pending delivery is, as far as its record tells. */
enum delivery_place {
    PLACE_ENDED,
    PLACE_READY,   /* waits for a permit, or is in `jobs`, or with a worker */
    PLACE_VERDICT, /* its last attempt failed; a scheduler decides what comes next */
    PLACE_DELAYED, /* until delivery_next_ms() */
};
enum delivery_place delivery_place(const struct delivery_record *d, int64_t now_ms);
const char *delivery_place_name(enum delivery_place place);  /* "ready" */
const char *delivery_place_words(enum delivery_place place); /* for people */

#endif
