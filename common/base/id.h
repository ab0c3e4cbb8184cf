/* SPDX-License-Identifier: Apache-2.0 */
/* id.h: the ids that we hand out.
 *
 * A delivery id is "whd_" and a UUID, an endpoint id "ep_" and a UUID. The UUID has version 4's
 * form; its 12 bits behind the version hold the partition, so that an id alone tells where its keys
 * are; the other 110 bits are random. An event that its producer gave no id is "evt_", its
 * partition, and its stream id: evt_2_1737556200000_0. */
#ifndef GRAPNEL_COMMON_BASE_ID_H
#define GRAPNEL_COMMON_BASE_ID_H

#include "common/base/base.h"

enum {
    PARTITIONS_MAX = 4096,
    ID_SIZE = 48, /* "whd_" + 36 + NUL, rounded up */
};

/* Writes a new id with @prefix ("whd_" or "ep_") into @ret. */
void id_make(char ret[ID_SIZE], const char *prefix, unsigned partition);

/* The same, but always this one for @seed: for what there may be one of only. */
void id_derive(char ret[ID_SIZE], const char *prefix, unsigned partition, struct span seed);

/* Checks the form (prefix, lower-case UUID, version 4) and tells the partition. -EINVAL. */
int id_parse(struct span id, const char *prefix, unsigned *ret_partition);

/* The event id of stream entry "<ms>-<seq>". @stream_id is checked: -EINVAL. */
int id_event(char ret[64], unsigned partition, struct span stream_id);

/* The way back: partition and stream id ("<ms>-<seq>", NUL-terminated). -EINVAL. */
int id_event_parse(struct span id, unsigned *ret_partition, char ret_stream_id[48]);

#endif
