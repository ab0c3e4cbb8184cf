/* SPDX-License-Identifier: Apache-2.0 */
/* h_event_post.c: events published by HTTP: one, or many in one call. */
#include "admin/event/store_publish.h"
#include "api/api.h"
#include "api/call.h"
#include "api/event_post.h"
#include "api/handlers.h"
#include "api/resources/event_results.h"
#include "common/model/trace_context.h"
#include <errno.h>
#include <strings.h>

/* ---- what was asked ---- */

/* "application/x-ndjson; charset=utf-8" and its like. */
static bool is_lines(const struct call *c)
{
    static const char *const types[] = {"application/x-ndjson", "application/ndjson",
                                        "application/jsonl"};
    const char *type = call_header(c, "content-type");
    size_t len = type ? strcspn(type, "; ") : 0;

    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (len == strlen(types[i]) && strncasecmp(type, types[i], len) == 0)
            return true;
    return false;
}

/* As W3C Trace Context has it, headers that are wrong are as if they were not there: who publishes is often not the
 * one who set them. */
static void read_trace(const struct call *c, struct event_defaults *d)
{
    const char *parent = call_header(c, "traceparent"), *state = call_header(c, "tracestate");

    if (!parent || traceparent_check(span_of(parent), NULL))
        return;
    d->traceparent = parent;
    if (state && !tracestate_check(span_of(state), NULL))
        d->tracestate = state;
}

static int h_event_post_read_key(struct call *c, struct event_defaults *d)
{
    const char *key = call_header(c, "idempotency-key");
    size_t len = key ? strlen(key) : 0;

    d->key = key;
    for (size_t i = 0; i < len; i++)
        if (key[i] <= ' ' || key[i] > '~')
            len = 0;
    if (!key || (len >= 1 && len <= EVENT_BATCH_KEY_MAX))
        return 0;
    call_problem(c, 400, "Idempotency-Key", "expected 1 to %d of printable ASCII without spaces",
                 EVENT_BATCH_KEY_MAX);
    return -EINVAL;
}

static void tell_unreadable(struct call *c, int r, const struct diag *diag)
{
    if (r == -ENOMEM)
        call_problem(c, 503, NULL, "out of memory");
    else
        call_problem(c, r == -E2BIG ? 413 : 400, NULL, "%s", diag->text);
}

/* event_batch_fini() in any case. */
static int h_event_post_read_batch(struct call *c, const struct store *s, struct event_batch *ret)
{
    struct event_batch_options o = {
        .defaults = {.tenant = c->tenant, .is_bound = *c->who.tenant != '\0'},
        .is_lines = is_lines(c),
        .events_max = (size_t)s->settings->api_events,
    };
    struct diag diag = {""};
    int r;

    *ret = (struct event_batch){0};
    if (h_event_post_read_key(c, &o.defaults))
        return -EINVAL;
    read_trace(c, &o.defaults);
    r = event_batch_parse(ret, call_body(c), &o, &diag);
    if (r)
        tell_unreadable(c, r, &diag);
    return r;
}

/* ---- the answer ---- */

static void tell_retry_after(struct call *c, unsigned status)
{
    if (status == 503)
        call_field(c, "Retry-After", "1");
}

/* The field is empty where nothing is wrong with the event. */
static struct event_words why(const struct event_batch *b, unsigned status, size_t *ret_index)
{
    const char *text = event_results_first(b, status, ret_index);

    return status == 400 ? event_words(text) : (struct event_words){SPAN(""), span_of(text)};
}

/* Its only event. */
static void tell_one(struct call *c, const struct event_batch *b, unsigned status)
{
    struct event_words words;
    size_t index;
    char field[64];

    if (status == 202) {
        call_json(c, status,
                  json_pack("{s:s, s:b}", "id", b->receipts[0].event_id, "duplicate",
                            b->receipts[0].is_duplicate));
        return;
    }
    words = why(b, status, &index);
    (void)snprintf(field, sizeof(field), "%.*s", (int)words.field.len, words.field.data);
    call_problem(c, status, *field ? field : NULL, "%s", words.text.data);
    tell_retry_after(c, status);
}

/* The words of a problem, about one event of many. */
static void tell_problem(struct buf *b, const struct event_batch *batch, unsigned status)
{
    size_t index;
    struct event_words words = why(batch, status, &index);
    char field[96];

    (void)snprintf(field, sizeof(field), "[%zu]%s%.*s", index, words.field.len ? "." : "",
                   (int)MIN(words.field.len, 60u), words.field.data);
    buf_printf(b, "\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,\"field\":",
               status == 503 ? "Service Unavailable" : "Bad Request", status);
    buf_add_json_string(b, span_of(field));
    buf_add_text(b, ",\"detail\":");
    buf_add_json_string(b, words.text);
    buf_add_char(b, ',');
}

static void tell_many(struct call *c, const struct event_batch *b, const struct event_counts *n,
                      unsigned status)
{
    call_empty(c, status);
    c->type = status < 400 ? "application/json" : "application/problem+json";
    buf_add_char(&c->body, '{');
    if (status >= 400)
        tell_problem(&c->body, b, status);
    event_results_write(&c->body, b, n);
    buf_add_char(&c->body, '}');
    if (buf_result(&c->body))
        call_empty(c, 500);
    tell_retry_after(c, status);
}

static void h_event_post_tell(struct call *c, const struct event_batch *b)
{
    struct event_counts n = event_results_count(b);
    unsigned status = event_results_status(&n);

    if (b->is_one)
        tell_one(c, b, status);
    else
        tell_many(c, b, &n, status);
}

void h_event_post(struct call *c, struct store *s)
{
    struct event_batch b;

    if (h_event_post_read_batch(c, s, &b) == 0) {
        if (b.n_events)
            (void)store_publish(s, b.events, b.n_events, b.receipts);
        h_event_post_tell(c, &b);
    }
    event_batch_fini(&b);
}

/* ---- many calls ---- */

enum { JOINING_BYTES_MAX = 16 << 10 };

bool event_post_joins(const struct call *c)
{
    return c->match.route->handle == h_event_post && call_body(c).len <= JOINING_BYTES_MAX;
}

/* The events of all calls one behind the other; NULL: there are none, or no memory for them. */
static struct grapnel_event *put_together(const struct event_batch *batches, size_t n,
                                          size_t *ret_n_events)
{
    struct grapnel_event *all;
    size_t n_events = 0;

    for (size_t i = 0; i < n; i++)
        n_events += batches[i].n_events;
    *ret_n_events = n_events;
    all = n_events ? calloc(n_events, sizeof(*all)) : NULL;
    n_events = 0;
    for (size_t i = 0; i < n && all; i++) {
        if (batches[i].n_events)
            memcpy(all + n_events, batches[i].events, batches[i].n_events * sizeof(*all));
        n_events += batches[i].n_events;
    }
    return all;
}

/* Receipts go back to where their events came from. */
static void h_event_post_hand_out(struct event_batch *batches, size_t n,
                                  const struct grapnel_receipt *receipts)
{
    for (size_t i = 0; i < n; i++) {
        if (batches[i].n_events)
            memcpy(batches[i].receipts, receipts, batches[i].n_events * sizeof(*receipts));
        receipts += batches[i].n_events;
    }
}

/* Where there is no memory to do it together, one after the other is as good. */
static void h_event_post_publish(struct store *s, struct event_batch *batches, size_t n)
{
    size_t n_events = 0;
    struct grapnel_event *events = put_together(batches, n, &n_events);
    struct grapnel_receipt *receipts = events ? calloc(n_events, sizeof(*receipts)) : NULL;

    if (receipts) {
        (void)store_publish(s, events, n_events, receipts);
        h_event_post_hand_out(batches, n, receipts);
    } else {
        for (size_t i = 0; i < n; i++)
            if (batches[i].n_events)
                (void)store_publish(s, batches[i].events, batches[i].n_events, batches[i].receipts);
    }
    free(receipts);
    free(events);
}

void event_post_many(struct call **calls, size_t n, struct store *s)
{
    struct event_batch batches[EVENT_POSTS_MAX];
    struct call *read[EVENT_POSTS_MAX];
    size_t n_read = 0;

    for (size_t i = 0; i < n; i++) {
        if (h_event_post_read_batch(calls[i], s, &batches[n_read]) == 0)
            read[n_read++] = calls[i];
        else
            event_batch_fini(&batches[n_read]);
    }
    h_event_post_publish(s, batches, n_read);
    for (size_t i = 0; i < n_read; i++) {
        h_event_post_tell(read[i], &batches[i]);
        event_batch_fini(&batches[i]);
    }
}
