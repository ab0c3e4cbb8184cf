/* SPDX-License-Identifier: Apache-2.0 */
/* sink.h: where the driver publishes to: Redis by libgrapnel, or, to learn what driver and receiver
 * cost by themselves, straight to the receiver. */
#ifndef GRAPNEL_BENCH_SINK_H
#define GRAPNEL_BENCH_SINK_H

#include "common/base/base.h"

struct sink_event {
    const char *tenant, *type;
    struct span data;
};

struct sink {
    const struct sink_ops *ops;
};

struct sink_ops {
    /* 0 when all were accepted; negative with @diag. *@ret_accepted counts those that were. */
    int (*publish)(struct sink *s, const struct sink_event *events, size_t n, size_t *ret_accepted,
                   struct diag *diag);
    void (*close)(struct sink *s); /* frees */
};

/* Give *@ret; negative with @diag. @batch_max: most events that one publish is called with. */
int sink_redis_open(struct sink **ret, const char *redis_url, size_t batch_max, struct diag *diag);
int sink_http_open(struct sink **ret, const char *host_port, size_t batch_max, struct diag *diag);

#endif
