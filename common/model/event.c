/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/event.h"

#include "common/base/err.h"
#include "common/base/id.h"
#include "common/base/text.h"
#include "common/model/partition.h"
#include <errno.h>
#include <stdio.h>

static struct span *field_named(struct event_fields *f, struct span name)
{
    struct {
        struct span name, *value;
    } fields[] = {
        {SPAN("tenant"), &f->tenant},
        {SPAN("type"), &f->type},
        {SPAN("data"), &f->data},
        {SPAN("id"), &f->id},
        {SPAN("time"), &f->time},
        {SPAN("trace"), &f->trace},
        {SPAN("traceparent"), &f->traceparent},
        {SPAN("tracestate"), &f->tracestate},
        {SPAN("endpoint"), &f->endpoint},
    };

    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (span_equal(fields[i].name, name))
            return fields[i].value;
    return NULL;
}

static int parse_fields(struct event_fields *f, const redisReply *array, struct diag *diag)
{
    struct span name, value, *field;

    for (size_t i = 0; i + 1 < array->elements; i += 2) {
        if (!redis_reply_span(array->element[i], &name) ||
            !redis_reply_span(array->element[i + 1], &value))
            return -EBADMSG;
        field = field_named(f, name);
        if (!field)
            return diag_set(diag,
                            "%.*s: unknown field; expected tenant, type, data, id, time, trace, "
                            "traceparent, tracestate, endpoint",
                            (int)MIN(name.len, 40u), name.data);
        if (field->data)
            return diag_set(diag, "%.*s: given twice", (int)name.len, name.data);
        *field = value;
    }
    return 0;
}

/* The stream id begins with Redis's clock at acceptance. */
int event_accepted_ms(struct span stream_id, int64_t *ret)
{
    const char *dash = memchr(stream_id.data, '-', stream_id.len);

    return dash ? parse_i64((struct span){stream_id.data, (size_t)(dash - stream_id.data)}, ret)
                : -EBADMSG;
}

static int event_complete(struct event *e, unsigned partition)
{
    int64_t given_ms;
    int r = event_accepted_ms(e->stream_id, &e->occurred_ms);

    if (r)
        return r;
    if (e->fields.time.data && parse_i64(e->fields.time, &given_ms) == 0)
        e->occurred_ms = given_ms;
    if (!e->fields.id.data)
        return id_event(e->id, partition, e->stream_id);
    (void)snprintf(e->id, sizeof(e->id), "%.*s", (int)MIN(e->fields.id.len, sizeof(e->id) - 1),
                   e->fields.id.data);
    return 0;
}

int event_parse(struct event *ret, const redisReply *entry, unsigned partition, struct diag *diag)
{
    const redisReply *fields = redis_reply_at(entry, 1);
    int r;

    *ret = (struct event){0};
    if (!redis_reply_span(redis_reply_at(entry, 0), &ret->stream_id) || !fields ||
        fields->type != REDIS_REPLY_ARRAY)
        return err_origin(-EBADMSG);
    r = parse_fields(&ret->fields, fields, diag);
    if (r)
        return r;
    return event_complete(ret, partition);
}

int event_judge(const struct event *e, unsigned partition, unsigned partitions, size_t bytes_max,
                struct diag *diag)
{
    unsigned right;
    int r = event_check(&e->fields, bytes_max, diag);

    if (r)
        return r;
    right = partition_of(e->fields.tenant, partitions);
    if (right != partition)
        return diag_set(diag, "tenant: belongs to partition %u, but was put into %u", right,
                        partition);
    return 0;
}
