/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/sink.h"

#include <errno.h>
#include <grapnel.h>

struct sink_redis {
    struct sink sink;
    struct grapnel *grapnel;
    struct grapnel_event *events;     /* [batch_max] */
    struct grapnel_receipt *receipts; /* [batch_max] */
};

static int redis_publish(struct sink *sink, const struct sink_event *events, size_t n,
                         size_t *ret_accepted, struct diag *diag)
{
    struct sink_redis *s = container_of(sink, struct sink_redis, sink);
    enum grapnel_result result;

    for (size_t i = 0; i < n; i++)
        s->events[i] = (struct grapnel_event){.tenant = events[i].tenant,
                                              .type = events[i].type,
                                              .data = events[i].data.data,
                                              .data_len = events[i].data.len};
    result = grapnel_publish_batch(s->grapnel, s->events, n, s->receipts);
    *ret_accepted = result == GRAPNEL_OK ? n : 0;
    if (result == GRAPNEL_OK)
        return 0;
    for (size_t i = 0; i < n; i++)
        *ret_accepted += s->receipts[i].result == GRAPNEL_OK;
    (void)diag_set(diag, "publish: %s", grapnel_error(s->grapnel));
    return -EIO;
}

static void redis_close(struct sink *sink)
{
    struct sink_redis *s = container_of(sink, struct sink_redis, sink);

    (void)grapnel_close(s->grapnel); /* nothing is queued */
    free(s->events);
    free(s->receipts);
    free(s);
}

static const struct sink_ops redis_ops = {.publish = redis_publish, .close = redis_close};

int sink_redis_open(struct sink **ret, const char *redis_url, size_t batch_max, struct diag *diag)
{
    struct sink_redis *s = calloc(1, sizeof(*s));

    if (!s)
        return diag_set(diag, "out of memory");
    s->sink.ops = &redis_ops;
    s->events = calloc(batch_max, sizeof(*s->events));
    s->receipts = calloc(batch_max, sizeof(*s->receipts));
    if (!s->events || !s->receipts) {
        redis_close(&s->sink);
        return diag_set(diag, "out of memory");
    }
    if (grapnel_connect(&s->grapnel, redis_url, NULL)) {
        (void)diag_set(diag, "%s: %s", redis_url,
                       s->grapnel ? grapnel_error(s->grapnel) : "out of memory");
        redis_close(&s->sink);
        return -EIO;
    }
    *ret = &s->sink;
    return 0;
}
