/* SPDX-License-Identifier: Apache-2.0 */
/* alerts.h: has tenants' statistics looked at, once in each period by one of the schedulers (alerts.lua). */
#ifndef GRAPNEL_SCHEDULER_ALERTS_H
#define GRAPNEL_SCHEDULER_ALERTS_H

#include "common/moves/keys.h"
#include "common/runtime/rounds.h"
#include "common/runtime/settings.h"
#include "scheduler/notifier.h"

struct alerts {
    struct redis_client *redis; /* all borrowed */
    const struct keys *keys;
    const struct settings *settings;
    const struct notifier *notifier;
    unsigned partition;
    char cursor[24];
    struct redis_request request; /* in flight during a round */
    struct rounds rounds;
};

int alerts_init(struct alerts *a, struct loop *l, struct redis_client *redis,
                const struct keys *keys, const struct settings *settings,
                const struct notifier *notifier);
void alerts_start(struct alerts *a);
/* A step under way is waited for. @on_closed(@arg) when its memory may go. */
void alerts_close(struct alerts *a, defer_fn *on_closed, void *arg);

#endif
