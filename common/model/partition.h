/* SPDX-License-Identifier: Apache-2.0 */
/* partition.h: which partition holds a tenant's keys. Pure.
 *
 * Part of the wire contract (docs/reference/wire-contract.md): every producer in every language must come to
 * the same number, so this may never change. */
#ifndef GRAPNEL_COMMON_MODEL_PARTITION_H
#define GRAPNEL_COMMON_MODEL_PARTITION_H

#include "common/base/base.h"

/* CRC-32 (IEEE 802.3, zlib's crc32) of the tenant's bytes, modulo @partitions (at least 1). */
unsigned partition_of(struct span tenant, unsigned partitions);

/* CRC-32 of what @crc stands for and @bytes behind it; begin with 0. */
uint32_t crc32_add(uint32_t crc, struct span bytes);

#endif
