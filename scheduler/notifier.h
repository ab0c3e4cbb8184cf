/* SPDX-License-Identifier: Apache-2.0 */
/* notifier.h: makes events of the operational tenant of what the moves have written into `notices`.
 *
 * A round each heartbeat: is there such a tenant? Then what lies in `notices` of each partition is published into the
 * tenant's own, and removed. An entry's place and id are the idempotency key: however often it is published, by one
 * scheduler or several, after whatever crash, it makes one event. Without the tenant the entries are removed. */
#ifndef GRAPNEL_SCHEDULER_NOTIFIER_H
#define GRAPNEL_SCHEDULER_NOTIFIER_H

#include "common/base/buf.h"
#include "common/moves/keys.h"
#include "common/runtime/rounds.h"

enum { NOTICES_PER_STEP = 64, NOTICE_BYTES_MAX = 16 << 10 };

enum notifier_state {
    NOTIFIER_RESTING,
    NOTIFIER_LOOKING,
    NOTIFIER_READING,
    NOTIFIER_PUBLISHING,
    NOTIFIER_REMOVING
};

struct notifier_options {
    struct loop *loop; /* all borrowed */
    struct redis_client *redis;
    const struct keys *keys;
    const char *tenant; /* setting operational_tenant; "": none */
    int64_t every_ms;
    void (*on_known)(void *arg); /* once: it is known whether the tenant is there */
    void *arg;
};

struct notice {
    struct notifier *notifier;
    struct redis_request request; /* in flight while PUBLISHING */
    char id[48];                  /* of the entry */
    bool is_done;                 /* it may be removed */
};

struct notifier {
    struct notifier_options options;
    enum notifier_state state;
    bool is_there, is_known;
    unsigned home, partition; /* the tenant's; the one whose turn it is */
    struct notice notices[NOTICES_PER_STEP];
    unsigned n_notices, n_pending;
    struct redis_request request;
    struct redis_command command;
    struct buf data;
    struct rounds rounds;
};

int notifier_init(struct notifier *n, const struct notifier_options *o);
void notifier_start(struct notifier *n);
/* Whom to tell: the operational tenant, "" while it is not there. */
const char *notifier_tenant(const struct notifier *n);
/* Stops; a step under way is waited for. @on_closed(@arg) when its memory may go. */
void notifier_close(struct notifier *n, defer_fn *on_closed, void *arg);

#endif
