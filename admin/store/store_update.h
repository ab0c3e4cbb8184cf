/* SPDX-License-Identifier: Apache-2.0 */
/* store_update.h: compare and set: one record read, changed, and written unless it changed meanwhile. The scripts
 * (configure.lua, revise.lua) compare the record that they replace with the one that was read. */
#ifndef GRAPNEL_ADMIN_STORE_STORE_UPDATE_H
#define GRAPNEL_ADMIN_STORE_STORE_UPDATE_H

#include "admin/store/store.h"
#include "common/base/buf.h"

enum { STORE_TRIES_MAX = 20, STORE_RECORD_MAX = 256 << 10 };

/* One try: reads the record into @old, changes it, and writes it on the condition that it is still @old. When it
 * does not answer 0 it leaves nothing behind that the next try would have to free. */
typedef int store_try_fn(void *arg, struct store *s, struct buf *old);

/* Calls @once until it answers anything but STORE_CHANGED, STORE_TRIES_MAX times at most; returns its last answer. */
int store_update(struct store *s, store_try_fn *once, void *arg);

#endif
