/* SPDX-License-Identifier: Apache-2.0 */
/* store_key.h: the master keys in the store: which are named, and what is sealed under each. */
#ifndef GRAPNEL_ADMIN_ACCESS_STORE_KEY_H
#define GRAPNEL_ADMIN_ACCESS_STORE_KEY_H

#include "admin/store/store.h"
#include "common/moves/installation.h"

int store_keys_named(struct store *s, struct installation_keys *ret);

/* @from becomes @to. STORE_CHANGED: they are not @from any more. */
int store_keys_change(struct store *s, const struct installation_keys *from,
                      const struct installation_keys *to);

enum { STORE_KEYS_MAX = 16 };

/* What is sealed in all endpoints and inbound sources: secrets, and whatever else. */
struct key_count {
    struct {
        char id[KEY_ID_SIZE]; /* "": no sealed form, so it is damaged */
        int64_t n;
    } all[STORE_KEYS_MAX];
    unsigned n;
    int64_t n_unread; /* records that are not what this version writes */
};

/* Adds a key with 0 if it is not there; of more than STORE_KEYS_MAX the last is for all others. */
void key_count_add(struct key_count *c, const char *id, int64_t n);
int store_keys_count(struct store *s, struct key_count *c);

#endif
