/* SPDX-License-Identifier: Apache-2.0 */
/* installation.h: what all processes of one installation must agree on, in hash `<prefix>:meta`:
 *
 *     format            the form of the keys, "1"
 *     partitions        number of partitions
 *     master_key        id of the master key that secrets are encrypted with
 *     master_key_turn   how often the two have been changed
 *     master_key_next   while the master key is being changed: id of the one that they are being
 *                       re-encrypted with, and new ones are encrypted with
 *
 * The first process writes it, with the first of its master keys; one that is configured otherwise,
 * or lacks a master key that is named there, is told so and must not go on. The two ids change by
 * installation_keys_command() only, which compares before it sets. docs/adr/0006-master-keys.md says
 * why. */
#ifndef GRAPNEL_COMMON_MOVES_INSTALLATION_H
#define GRAPNEL_COMMON_MOVES_INSTALLATION_H

#include "common/crypto/master_key.h"
#include "common/moves/keys.h"

#define INSTALLATION_FORMAT "1"

/* The master keys that meta names. */
struct installation_keys {
    int64_t turn;
    char current[KEY_ID_SIZE]; /* "": no process has brought one yet */
    char next[KEY_ID_SIZE];    /* "": none; else it is the one that seals */
};

/* One check; embedded; alive until called back. */
struct installation_check {
    struct redis_request request;
    void (*done)(struct installation_check *c, int result, const struct diag *diag);
    void *arg;
    unsigned partitions;
    struct master_key *key;
};

/* Writes what is missing and compares. Calls back with 0; -EINVAL and words when this program is
 * configured otherwise; or with why Redis could not answer (try again). @key is borrowed until then
 * and told which of it seals; NULL or not set: this program needs none. */
void installation_check_start(struct installation_check *c, struct redis_client *redis,
                              const struct keys *k, struct master_key *key,
                              void (*done)(struct installation_check *c, int result,
                                           const struct diag *diag),
                              void *arg);

/* The command itself, for those who speak with Redis another way, and the judgement of its answer.
 */
void installation_command(struct redis_command *cmd, const struct keys *k,
                          const struct master_key *key);
int installation_judge(const redisReply *reply, unsigned partitions, struct master_key *key,
                       struct diag *diag);

/* Asks for the keys, and reads the answer; -EPROTO. */
void installation_ask_keys(struct redis_command *cmd, const struct keys *k);
int installation_parse_keys(struct installation_keys *ret, const redisReply *reply);
/* The key that secrets are to lie under, now or soon; "": none. */
const char *installation_seals(const struct installation_keys *keys);

/* Runs rotate.lua: @from becomes @to; nothing is done, and 0 answered, when it is not @from now. */
void installation_keys_command(struct redis_command *cmd, const struct keys *k,
                               const struct installation_keys *from,
                               const struct installation_keys *to);

#endif
