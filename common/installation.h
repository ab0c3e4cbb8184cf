/* installation.h: what all processes of one installation must agree on, in hash `<prefix>:meta`:
 *
 *     format      the form of the keys, "1"
 *     partitions  number of partitions
 *     master_key  id of the master key, so that a wrong one is noticed at start
 *
 * The first process writes it; one that is configured otherwise is told so and must not go on. */
#ifndef GRAPNEL_COMMON_INSTALLATION_H
#define GRAPNEL_COMMON_INSTALLATION_H

#include "common/keys.h"
#include "common/secret.h"

#define INSTALLATION_FORMAT "1"

/* One check; embedded; alive until called back. */
struct installation_check {
    struct redis_request request;
    void (*done)(struct installation_check *c, int result, const struct diag *diag);
    void *arg;
    unsigned partitions;
    char key_id[9]; /* "" : this program needs no master key */
};

/* Writes what is missing and compares. Calls back with 0; -EINVAL and words when this program is
 * configured otherwise; or with why Redis could not answer (try again). @key may be NULL. */
void installation_check_start(struct installation_check *c, struct redis_client *redis,
                              const struct keys *k, const struct master_key *key,
                              void (*done)(struct installation_check *c, int result,
                                           const struct diag *diag),
                              void *arg);

/* The command itself, for those who speak with Redis another way, and the judgement of its answer.
 */
void installation_command(struct redis_command *cmd, const struct keys *k, const char *key_id);
int installation_judge(const redisReply *reply, unsigned partitions, const char *key_id,
                       struct diag *diag);
void installation_key_id(char ret[9], const struct master_key *key);

#endif
