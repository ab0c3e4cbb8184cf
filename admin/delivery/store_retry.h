/* SPDX-License-Identifier: Apache-2.0 */
/* store_retry.h: bulk retries: jobs that have ended deliveries of a tenant tried again, as many as a filter fits.
 *
 * A job lies in Redis and goes on step by step (retries.lua), whoever makes the next one: nothing of it is kept
 * outside. It is about deliveries that had ended when it was made, the newest first; each is tried again once at most. */
#ifndef GRAPNEL_ADMIN_DELIVERY_STORE_RETRY_H
#define GRAPNEL_ADMIN_DELIVERY_STORE_RETRY_H

#include "admin/delivery/delivery_filter.h"
#include "admin/delivery/store_delivery.h"

enum {
    RETRIES_RUNNING_MAX = 10, /* of one tenant */
    RETRIES_KEPT_MAX = 100,   /* the same, those that have ended too */
    RETRY_STEP_MAX = 100,     /* deliveries tried again in one step */
};

enum retry_state { RETRY_RUNNING, RETRY_DONE, RETRY_STOPPED };
const char *retry_state_name(enum retry_state state); /* "running" */

struct retry_job {
    char id[ID_SIZE]; /* "rty_…" */
    char tenant[72];
    enum retry_state state;
    /* which deliveries: these statuses (comma separated, never pending), and what is not empty of the rest */
    char statuses[64], type[132], endpoint[68], event[48]; /* event: stream id */
    int64_t from_ms, to_ms;           /* created then, both included; 0: no end */
    char place[ID_SIZE + 24];         /* behind it: still to be looked at */
    int64_t made_ms, at_ms, ended_ms; /* at: of the last step */
    int64_t total;                    /* to be looked at, when it was made */
    int64_t looked, retried;
    int64_t skipped;           /* fitted, but were removed or asked for again meanwhile */
    int64_t removed, disabled; /* refused: what their endpoints are */
};

bool retry_job_wants(const struct retry_job *job,
                     struct span status); /* is it one of its statuses? */

/* Makes one of what is named in @job (tenant, and which deliveries); fills the rest. STORE_NO_TENANT; STORE_TOO_MANY
 * run already. */
int store_retry_make(struct store *s, struct retry_job *job);

/* STORE_MISSING: there is none, or it is another tenant's. */
int store_retry_get(struct store *s, struct span tenant, struct span id, struct retry_job *ret);
int store_retry_stop(struct store *s, struct span tenant, struct span id);

/* Calls @each for the tenant's, the newest first. */
typedef void store_retry_fn(void *arg, const struct retry_job *job);
int store_retries(struct store *s, struct span tenant, store_retry_fn *each, void *arg);

/* How many run in each of @n partitions from @first on, RETRY_PARTITIONS_MAX at most: one round trip. */
enum { RETRY_PARTITIONS_MAX = 64 };
int store_retries_running(struct store *s, unsigned first, unsigned n, int64_t *ret);

/* Takes a job of the partition whose next step is due, for @lease_ms; STORE_MISSING: none is. */
int store_retry_take(struct store *s, unsigned partition, int64_t lease_ms, struct retry_job *ret);

/* Makes its next step, with @most deliveries at most (1 to RETRY_STEP_MAX); the one after it is due in @pause_ms. What
 * others have done meanwhile is no error. Writes how long Redis worked on it, about. */
int store_retry_step(struct store *s, const struct retry_job *job, unsigned most, int64_t pause_ms,
                     int64_t *ret_took_ms);

#endif
