/* SPDX-License-Identifier: Apache-2.0 */
/* queue.c: events that wait to be sent together: grapnel_enqueue() and grapnel_flush(). */
#include "producer/handle.h"

static size_t text_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static const char *queue_copy_text(char **at, const char *text)
{
    size_t size = text_size(text);
    char *copy = *at;

    if (!text)
        return NULL;
    memcpy(copy, text, size);
    *at += size;
    return copy;
}

/* One block for the event and its texts; NULL when out of memory. */
static struct queued *queued_new(const struct grapnel_event *e, void *tag)
{
    size_t size = text_size(e->tenant) + text_size(e->type) + text_size(e->id) +
                  text_size(e->trace_id) + text_size(e->idempotency_key) +
                  text_size(e->traceparent) + text_size(e->tracestate) + text_size(e->endpoint) +
                  e->data_len;
    struct queued *q = malloc(sizeof(*q) + size);
    char *at;

    if (!q)
        return NULL;
    at = q->text;
    q->tag = tag;
    q->event = (struct grapnel_event){
        .tenant = queue_copy_text(&at, e->tenant),
        .type = queue_copy_text(&at, e->type),
        .data_len = e->data_len,
        .id = queue_copy_text(&at, e->id),
        .occurred_ms = e->occurred_ms,
        .trace_id = queue_copy_text(&at, e->trace_id),
        .idempotency_key = queue_copy_text(&at, e->idempotency_key),
        .traceparent = queue_copy_text(&at, e->traceparent),
        .tracestate = queue_copy_text(&at, e->tracestate),
        .endpoint = queue_copy_text(&at, e->endpoint),
    };
    memcpy(at, e->data, e->data_len);
    q->event.data = at;
    return q;
}

static bool is_full(const struct grapnel *g, size_t more_bytes)
{
    return g->n_queued == CHUNK_EVENTS_MAX ||
           (g->n_queued > 0 && g->queued_bytes + more_bytes > QUEUE_BYTES_MAX);
}

enum grapnel_result grapnel_enqueue(struct grapnel *g, const struct grapnel_event *event, void *tag)
{
    enum grapnel_result r = handle_check(g, event);

    if (!r && is_full(g, event->data_len))
        r = grapnel_flush(g);
    if (r)
        return r;
    g->queue[g->n_queued] = queued_new(event, tag);
    if (!g->queue[g->n_queued]) {
        (void)diag_set(&g->words, "out of memory");
        return GRAPNEL_NOMEM;
    }
    g->n_queued++;
    g->queued_bytes += event->data_len;
    return GRAPNEL_OK;
}

void grapnel_on_flushed(struct grapnel *g, grapnel_flushed_fn *fn, void *arg)
{
    g->on_flushed = fn;
    g->on_flushed_arg = arg;
}

enum grapnel_result grapnel_flush(struct grapnel *g)
{
    struct grapnel_event events[CHUNK_EVENTS_MAX];
    struct grapnel_receipt receipts[CHUNK_EVENTS_MAX];
    struct queued *queue[CHUNK_EVENTS_MAX];
    size_t n = g->n_queued;
    enum grapnel_result r;

    for (size_t i = 0; i < n; i++) {
        queue[i] = g->queue[i];
        events[i] = queue[i]->event;
    }
    /* Empty before anyone is told: the callback may enqueue again. */
    g->n_queued = g->queued_bytes = 0;
    r = n ? grapnel_publish_batch(g, events, n, receipts) : GRAPNEL_OK;
    for (size_t i = 0; i < n; i++) {
        if (g->on_flushed)
            g->on_flushed(g->on_flushed_arg, queue[i]->tag, &receipts[i]);
        free(queue[i]);
    }
    return r;
}
