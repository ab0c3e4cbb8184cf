/* keys.h: the names of Redis keys, and nowhere else in C.
 *
 * All keys of a tenant lie in one partition and begin with its head, "<prefix>:{P}:", whose braces
 * are a Redis Cluster hash tag. docs/job-life.md lists what each key holds. */
#ifndef GRAPNEL_COMMON_MOVES_KEYS_H
#define GRAPNEL_COMMON_MOVES_KEYS_H

#include "common/base/base.h"
#include "common/redis/redis_client.h"

/* What is in a partition, by name behind the head. */
#define KEY_EVENTS "events"
#define KEY_JOBS "jobs"
#define KEY_FAILED "failed"
#define KEY_WAKE "wake"
#define KEY_REJECTED "rejected"
#define KEY_VERSION "version"
#define KEY_CHANGED "changed"
#define KEY_TENANTS "tenants"
#define KEY_DELIVERY "delivery:" /* + delivery id */
#define KEY_INDEX "index:"       /* + tenant */
#define KEY_TENANT "tenant:"     /* + id */
#define KEY_ENDPOINT "endpoint:" /* + id */
#define KEY_EVENT_REFS "event_refs"
#define KEY_OWN_IDS "own_ids:" /* + tenant */
#define KEY_DISABLED "disabled"
#define KEY_FAILURES "failures"
#define KEY_SLOW "slow"
#define KEY_SLOWED "slowed"
#define KEY_THROTTLED "throttled"
#define KEY_WINDOW "window:"     /* + tenant */
#define KEY_WAIT "wait:"         /* + endpoint */
#define KEY_SLOTS "slots:"       /* + endpoint */
#define KEY_API_KEY "api_key:"   /* + id */
#define KEY_API_KEYS "api_keys:" /* + tenant */
#define KEY_AUDIT "audit:"       /* + tenant */
#define KEY_NOTICES "notices"
#define KEY_RETRIES "retries"
#define KEY_RETRY_JOB "retry_job:"   /* + id */
#define KEY_RETRY_JOBS "retry_jobs:" /* + tenant */

#define GROUP_SCHEDULER "scheduler"
#define GROUP_WORKERS "workers"

enum { KEY_PREFIX_BYTES_MAX = 64 };

/* The installation's heads, made once. */
struct keys {
    unsigned partitions;
    char (*heads)[KEY_PREFIX_BYTES_MAX + 16]; /* "grapnel:{0}:" … */
    char meta[KEY_PREFIX_BYTES_MAX + 8];      /* "grapnel:meta" */
};

/* -EINVAL with words when @prefix is no name of 1–64 bytes; -ENOMEM. */
int keys_init(struct keys *k, const char *prefix, unsigned partitions, struct diag *diag);
void keys_fini(struct keys *k);

const char *keys_head(const struct keys *k, unsigned partition); /* lends */

/* Adds the key "<head><name><id>" as an argument; @id may be empty. */
void redis_arg_key(struct redis_command *cmd, const struct keys *k, unsigned partition,
                   const char *name, struct span id);

/* Which partition a key that Redis answered with belongs to. -EINVAL when it is none of ours. */
int keys_partition(const struct keys *k, struct span key, unsigned *ret);

#endif
