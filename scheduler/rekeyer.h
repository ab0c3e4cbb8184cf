/* SPDX-License-Identifier: Apache-2.0 */
/* rekeyer.h: brings what is sealed under other master keys under the one that the installation
 * names (installation.h), in the background.
 *
 * Only where several keys are configured. It goes through all partitions, a bounded batch a tick, and
 * again through one whose configuration changed since; else it only asks once a heartbeat what is
 * wanted. When the key is being changed and nothing is left under others, it tells that the change is
 * complete. Any number may do this at once, and each may die anywhere: every record is replaced in
 * one step, and only if it still is the one that was read. */
#ifndef GRAPNEL_SCHEDULER_REKEYER_H
#define GRAPNEL_SCHEDULER_REKEYER_H

#include "common/moves/installation.h"
#include "common/runtime/loop.h"
#include "common/runtime/rounds.h"
#include "scheduler/reseal.h"

struct rekeyer_options {
    struct loop *loop; /* all borrowed */
    struct redis_client *redis;
    const struct keys *keys;
    const struct master_key *key;
    int64_t every_ms; /* asks what is wanted */
    int64_t grace_ms; /* from when another key is wanted: who lacks it has stopped by then */
};

enum rekeyer_state {
    REKEYER_RESTING,  /* until the next tick */
    REKEYER_ASKING,   /* which key is wanted */
    REKEYER_SCANNING, /* for a page of tenants */
    REKEYER_READING,  /* one tenant's endpoints, or its inbound sources */
    REKEYER_WRITING,  /* those that were re-sealed */
    REKEYER_TELLING,  /* that nothing is left under other keys */
};

/* What is known of a partition. */
struct rekeyer_part {
    int64_t version;        /* of its configuration, by the last beat; -1: none yet */
    int64_t walked_version; /* as it was when the last whole walk of this turn began; -1: none */
    bool is_clean;          /* the last one that ended left nothing under other keys */
};

struct rekeyer {
    struct rekeyer_options options;
    struct master_key key; /* seals with the wanted one */
    struct rounds rounds;
    enum rekeyer_state state;
    struct redis_request request;
    struct redis_command command;
    struct reseal reseal;
    struct installation_keys named;
    int64_t turn_since_ms; /* monotonic */
    /* the walk */
    struct rekeyer_part *parts;
    bool is_walking;
    unsigned partition;
    char cursor[24]; /* of the tenants */
    bool is_last_page;
    struct redis_chunk *kept; /* holds the page */
    const redisReply *page;
    size_t at;          /* in the page */
    bool is_at_sources; /* of the tenant there; its endpoints are dealt with */
    unsigned n_read;    /* tenants in this tick */
    unsigned n_left;    /* records of this walk that stay under another key */
    bool has_conflict;  /* somebody else changed one meanwhile */
    uint64_t n_resealed;
};

int rekeyer_init(struct rekeyer *r, const struct rekeyer_options *o);
void rekeyer_start(struct rekeyer *r); /* does nothing when there is but one key */
/* Told with each beat. */
void rekeyer_note_version(struct rekeyer *r, unsigned partition, int64_t version);
void rekeyer_close(struct rekeyer *r, defer_fn *on_closed, void *arg);

#endif
