/* SPDX-License-Identifier: Apache-2.0 */
/* event.h: an accepted event, as an entry of the `events` stream. */
#ifndef GRAPNEL_COMMON_MODEL_EVENT_H
#define GRAPNEL_COMMON_MODEL_EVENT_H

#include "common/base/base.h"
#include "common/model/event_check.h"
#include "common/redis/redis_client.h"

struct event {
    struct span stream_id; /* "<ms>-<seq>" */
    struct event_fields fields;
    int64_t occurred_ms; /* fields.time, or when Redis accepted it */
    char id[80];         /* fields.id, or made of partition and stream id */
};

/* From one entry, [stream id, [field, value, …]]; borrows @entry. Only the form is looked at, so
 * that it is cheap: what a producer wrote is judged once, by event_judge(). -EBADMSG when it is no
 * entry or has been removed, -EINVAL with words when fields are unknown, double or unreadable. */
int event_parse(struct event *ret, const redisReply *entry, unsigned partition, struct diag *diag);

/* Does it keep the wire contract, and is it in the right partition? -EINVAL with words. */
int event_judge(const struct event *e, unsigned partition, unsigned partitions, size_t bytes_max,
                struct diag *diag);

/* When Redis accepted the event, by its own clock. -EBADMSG, -EINVAL: @stream_id is none. */
int event_accepted_ms(struct span stream_id, int64_t *ret);

#endif
