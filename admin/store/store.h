/* SPDX-License-Identifier: Apache-2.0 */
/* store.h: what people and the API read and change in Redis, one blocking step after the other.
 *
 * Life: store_open → calls → store_close. Opening connects, and checks the installation (or makes
 * it, on a Redis that has none), so that nobody works on keys that others look for elsewhere. One
 * store is one connection, for one thread at a time; a connection that was lost is opened anew by the
 * next call.
 *
 * Calls answer 0; negative with words in s->words (-ENOTCONN and -ETIMEDOUT: Redis cannot be reached);
 * or a positive outcome that they name. */
#ifndef GRAPNEL_ADMIN_STORE_STORE_H
#define GRAPNEL_ADMIN_STORE_STORE_H

#include "common/crypto/master_key.h"
#include "common/moves/keys.h"
#include "common/moves/move.h"
#include "common/redis/connection.h"
#include "common/runtime/settings.h"

struct grapnel;

struct store {
    const struct settings *settings; /* borrowed */
    void *owner;                     /* whoever opened it; not looked at */
    struct connection connection;
    struct keys keys;
    struct master_key key;     /* is_set: one is configured */
    struct grapnel *publisher; /* of store_publish(); NULL: not opened yet */
    struct diag words;         /* why the last call failed */
};

/* What calls may answer besides 0 and negative. */
enum {
    STORE_MISSING = MOVE_MISSING, /* there is no such thing */
    STORE_EXISTS = MOVE_EXISTS,
    STORE_NO_TENANT = MOVE_NO_TENANT,
    STORE_TOO_MANY = MOVE_TOO_MANY, /* endpoints of one tenant */
    STORE_CHANGED = MOVE_CHANGED,   /* by somebody else, since it was read */
};

/* Borrows @set. store_close() in any case. */
int store_open(struct store *s, const struct settings *set, void *owner);
/* The same where it does not matter whether the configured master keys are those of the
 * installation. */
int store_open_any_key(struct store *s, const struct settings *set, void *owner);
void store_close(struct store *s);

/* Why the last call failed with @r; lends. */
const char *store_words(const struct store *s, int r);

/* One command or, with @script, one run of it. Gives *ret, which is no error; freeReplyObject(). */
int store_call(struct store *s, const struct redis_command *cmd, const struct redis_script *script,
               redisReply **ret);

/* Many in one round trip. */
struct store_item {
    struct redis_command command;      /* by redis_command_init(); finished by the caller */
    const struct redis_script *script; /* NULL: a plain command */
    redisReply *reply;                 /* owned; an error of Redis' is a reply, too */
};
void store_items_init(struct store_item *items, size_t n);
int store_call_all(struct store *s, struct store_item *items, size_t n);
/* Frees the replies, keeps the commands' memory. */
void store_items_clear(struct store_item *items, size_t n);
void store_items_fini(struct store_item *items, size_t n);

/* What Redis answered instead of what was expected: sets the words, returns negative. */
int store_unexpected(struct store *s, const redisReply *reply);

/* The head of a tenant's partition; lends. */
const char *store_head(const struct store *s, struct span tenant);

/* A change of configuration, packed by common/moves/configure.h. */
int store_configure(struct store *s, const struct redis_command *cmd);
int store_configure_result(struct store *s, const redisReply *reply); /* of a batch */

/* Redis's clock, by which all due times are. */
int store_now_ms(struct store *s, int64_t *ret);

/* The same for whoever is about to make or change what holds secrets: another master key may seal by
 * now than did when the store was opened (rotate.lua). -ENOKEY with words when it is not ours. */
int store_change_begin(struct store *s, int64_t *ret_now_ms);

/* The partition of a tenant. */
unsigned store_partition(const struct store *s, struct span tenant);
/* The partition that an id of ours names; STORE_MISSING when it is not one of this installation. */
int store_partition_of_id(struct store *s, struct span id, const char *prefix, unsigned *ret);

#endif
