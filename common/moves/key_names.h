/* SPDX-License-Identifier: Apache-2.0 */
/* key_names.h: the names of Redis keys, made from keys.def; and how a partition's head is written. Of this header alone
 * libgrapnel makes its keys, too. */
#ifndef GRAPNEL_COMMON_MOVES_KEY_NAMES_H
#define GRAPNEL_COMMON_MOVES_KEY_NAMES_H

/* Prefix and partition; the braces are a Redis Cluster hash tag. */
#define KEYS_HEAD_FORMAT "%s:{%u}:"
#define KEYS_META_FORMAT "%s:meta"

/* KEY_EVENTS is "events", …; KEY_TENANT is "tenant:", as the id of one follows. */
#define KEY(name, text, type, suffix, holds)                                                       \
    static const char KEY_##name[] __attribute__((unused)) = text;
#include "common/moves/keys.def"
#undef KEY

#endif
