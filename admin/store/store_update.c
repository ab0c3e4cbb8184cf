/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/store/store_update.h"

int store_update(struct store *s, store_try_fn *once, void *arg)
{
    struct buf old;
    int r = STORE_CHANGED;

    buf_init(&old, STORE_RECORD_MAX);
    for (int i = 0; r == STORE_CHANGED && i < STORE_TRIES_MAX; i++) {
        buf_clear(&old);
        r = once(arg, s, &old);
    }
    buf_fini(&old);
    return r;
}
