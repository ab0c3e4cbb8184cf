/* SPDX-License-Identifier: Apache-2.0 */
/* producer.c: libgrapnel's handle: connect, publish, close. */
#include "common/base/id.h"
#include "common/base/text.h"
#include "common/model/event_check.h"
#include "common/model/trace_context.h"
#include "common/moves/key_names.h"
#include "producer/handle.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum {
    TIMEOUT_MS = 5000,
    DATA_MAX = 256 * 1024,
    DATA_LIMIT = 16 * 1024 * 1024, /* the most that an installation can be set to */
    IDEMPOTENCY_MS = 24 * 60 * 60 * 1000,
    META_FORMAT = 1,
};

/* As settings.def has it for `idempotency`. */
#define IDEMPOTENCY_LIMIT_MS UINT64_C(2592000000)

static enum grapnel_result producer_refuse(struct grapnel *g, const char *words)
{
    (void)diag_set(&g->words, "%s", words);
    return GRAPNEL_REFUSED;
}

static enum grapnel_result take_options(struct grapnel *g, const struct grapnel_options *o)
{
    const char *prefix = o->key_prefix ? o->key_prefix : "grapnel";

    if (!text_is_name(span_of(prefix), PREFIX_MAX))
        return producer_refuse(g, "key_prefix: expected 1 to 64 of A-Z a-z 0-9 _ - . :");
    if (o->partitions > PARTITIONS_MAX)
        return producer_refuse(g, "partitions: expected at most 4096");
    if (o->event_bytes_max > DATA_LIMIT)
        return producer_refuse(g, "event_bytes_max: expected at most 16777216");
    if (o->idempotency_ms > IDEMPOTENCY_LIMIT_MS)
        return producer_refuse(g, "idempotency_ms: expected at most 2592000000 (30 days)");
    if (durability_parse(&g->durability, o->durability, &g->words))
        return GRAPNEL_REFUSED;
    memcpy(g->prefix, prefix, strlen(prefix) + 1);
    g->partitions_expected = o->partitions;
    g->data_max = o->event_bytes_max ? o->event_bytes_max : DATA_MAX;
    g->idempotency_ms = o->idempotency_ms ? o->idempotency_ms : IDEMPOTENCY_MS;
    return GRAPNEL_OK;
}

static bool producer_set_text(char **ret, const char *text)
{
    if (!text || !*text)
        return true;
    free(*ret);
    *ret = strdup(text);
    return *ret != NULL;
}

static enum grapnel_result take_address(struct grapnel *g, const char *url,
                                        const struct grapnel_options *o)
{
    struct redis_address a = {0};
    int r;

    if (!url)
        return producer_refuse(g, "url: missing; expected redis://host[:port][/db]");
    r = redis_address_parse(&a, url, &g->words);
    if (r)
        return r == -ENOMEM ? GRAPNEL_NOMEM : GRAPNEL_REFUSED;
    if (!producer_set_text(&a.tls_ca_file, o->tls_ca_file) ||
        !producer_set_text(&a.tls_cert_file, o->tls_cert_file) ||
        !producer_set_text(&a.tls_key_file, o->tls_key_file)) {
        redis_address_fini(&a);
        (void)diag_set(&g->words, "out of memory");
        return GRAPNEL_NOMEM;
    }
    connection_init(&g->connection, &a, o->timeout_ms ? o->timeout_ms : TIMEOUT_MS, &g->words);
    return GRAPNEL_OK;
}

/* The installation's form must be ours, and its number of partitions what the program expects. */
static enum grapnel_result producer_check_form(struct grapnel *g, const redisReply *format,
                                               const redisReply *partitions)
{
    uint64_t number, n;

    if (format->type != REDIS_REPLY_STRING || partitions->type != REDIS_REPLY_STRING) {
        (void)diag_set(&g->words,
                       "no Grapnel installation under the prefix %s in this Redis: start "
                       "grapnel-scheduler once",
                       g->prefix);
        return GRAPNEL_UNPREPARED;
    }
    if (parse_u64((struct span){format->str, format->len}, &number) || number != META_FORMAT ||
        parse_u64((struct span){partitions->str, partitions->len}, &n) || n < 1 ||
        n > PARTITIONS_MAX) {
        (void)diag_set(&g->words,
                       "%s:meta says format %.20s, partitions %.20s; this library knows format %d",
                       g->prefix, format->str, partitions->str, META_FORMAT);
        return GRAPNEL_UNPREPARED;
    }
    if (g->partitions_expected && g->partitions_expected != n) {
        (void)diag_set(&g->words, "partitions: the installation has %" PRIu64 ", expected %u", n,
                       g->partitions_expected);
        return GRAPNEL_UNPREPARED;
    }
    g->partitions = (unsigned)n;
    return GRAPNEL_OK;
}

static enum grapnel_result read_form(struct grapnel *g, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2)
        return producer_check_form(g, reply->element[0], reply->element[1]);
    (void)diag_set(&g->words, "Redis: %.150s",
                   reply->type == REDIS_REPLY_ERROR ? reply->str : "unexpected answer to HMGET");
    return GRAPNEL_REDIS;
}

/* Asked once per connection: behind a new one may stand another Redis. */
static enum grapnel_result ask_form(struct grapnel *g)
{
    char key[PREFIX_MAX + 8];
    const char *argv[] = {"HMGET", key, "format", "partitions"};
    const size_t sizes[] = {5, strlen(g->prefix) + 5, 6, 10};
    redisReply *reply;
    enum connection_result why;
    enum grapnel_result r;

    (void)snprintf(key, sizeof(key), KEYS_META_FORMAT, g->prefix);
    why = connection_append(&g->connection, ARRAY_LEN(argv), argv, sizes);
    if (why)
        return result_of_connection(why);
    connection_ask(&g->connection);
    reply = connection_answer(&g->connection, &why);
    if (!reply)
        return result_of_connection(why);
    r = read_form(g, reply);
    freeReplyObject(reply);
    if (!r)
        g->connection.is_new = false;
    return r;
}

static enum grapnel_result make_ready(struct grapnel *g)
{
    enum grapnel_result r = result_of_connection(connection_open(&g->connection));

    return r || !g->connection.is_new ? r : ask_form(g);
}

enum grapnel_result grapnel_connect(struct grapnel **ret, const char *url,
                                    const struct grapnel_options *options)
{
    const struct grapnel_options defaults = {0};
    struct grapnel *g = calloc(1, sizeof(*g));
    struct io_guard guard;
    enum grapnel_result r;

    *ret = g;
    if (!g)
        return GRAPNEL_NOMEM;
    options = options ? options : &defaults;
    exchange_init(g);
    r = take_options(g, options);
    if (!r)
        r = take_address(g, url, options);
    if (r)
        return r;
    g->is_usable = true;
    io_begin(&guard);
    r = make_ready(g);
    io_end(&guard);
    return r;
}

enum grapnel_result handle_check(struct grapnel *g, const struct grapnel_event *event)
{
    char time[24];
    struct event_fields fields = {
        .tenant = span_of(event->tenant),
        .type = span_of(event->type),
        .data = {event->data, event->data_len},
        .id = span_of(event->id),
        .trace = span_of(event->trace_id),
        .key = span_of(event->idempotency_key),
        .traceparent = span_of(event->traceparent),
        .tracestate = span_of(event->tracestate),
        .endpoint = span_of(event->endpoint),
    };

    if (!g->is_usable)
        return GRAPNEL_REFUSED; /* with the words of grapnel_connect() */
    if (event->occurred_ms) {
        (void)snprintf(time, sizeof(time), "%" PRId64, event->occurred_ms);
        fields.time = span_of(time);
    }
    if (event_check(&fields, g->data_max, &g->words) ||
        trace_context_check(fields.traceparent, fields.tracestate, &g->words))
        return GRAPNEL_REFUSED;
    return GRAPNEL_OK;
}

/* Checks events from @from on until the chunk is full; returns how many are in it. */
static size_t check_chunk(struct grapnel *g, const struct grapnel_event *events, size_t n,
                          struct grapnel_receipt *receipts, bool *ret_has_any)
{
    size_t bytes = 0, i;

    for (i = 0; i < n && i < CHUNK_EVENTS_MAX; i++) {
        if (i > 0 && bytes + events[i].data_len > CHUNK_BYTES_MAX)
            break;
        memset(&receipts[i], 0, sizeof(receipts[i]));
        if (handle_check(g, &events[i])) {
            receipt_fail(&receipts[i], GRAPNEL_REFUSED, g->words.text);
            continue;
        }
        *ret_has_any = true;
        bytes += events[i].data_len;
    }
    return i;
}

/* What a batch has come to so far. */
struct batch_state {
    enum grapnel_result result; /* the first that is not OK, and its words */
    struct diag words;
    enum grapnel_result broken; /* no use to send more: each try would cost another timeout */
    struct diag broken_words;
};

static void note_broken(struct batch_state *state, enum grapnel_result result, const char *words)
{
    state->broken = result;
    (void)diag_set(&state->broken_words, "%s", words);
}

/* What passed the check is failed alike, unsent. */
static void fail_chunk(const struct batch_state *state, struct grapnel_receipt *receipts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (receipts[i].result == GRAPNEL_OK)
            receipt_fail(&receipts[i], state->broken, state->broken_words.text);
}

static void note_receipt(struct batch_state *state, const struct grapnel_receipt *receipt)
{
    if (receipt->result && !state->result) {
        state->result = receipt->result;
        (void)diag_set(&state->words, "%s", receipt->error);
    }
    if (!state->broken &&
        (receipt->result == GRAPNEL_UNREACHABLE || receipt->result == GRAPNEL_TIMEOUT ||
         receipt->result == GRAPNEL_NOMEM || receipt->result == GRAPNEL_UNSAFE))
        note_broken(state, receipt->result, receipt->error);
}

/* What Redis has accepted counts as accepted when it is safe. Until then nobody knows what becomes of it. */
static void make_safe(struct grapnel *g, struct grapnel_receipt *receipts, size_t n)
{
    bool has_any = false;
    enum grapnel_result r;

    for (size_t i = 0; i < n; i++)
        has_any |= receipts[i].result == GRAPNEL_OK;
    r = GRAPNEL_OK;
    if (has_any)
        r = result_of_connection(durability_wait(&g->durability, &g->connection));
    for (size_t i = 0; i < n && r; i++)
        if (receipts[i].result == GRAPNEL_OK)
            receipt_fail(&receipts[i], r, g->words.text);
}

static size_t publish_chunk(struct grapnel *g, const struct grapnel_event *events, size_t n,
                            struct grapnel_receipt *receipts, struct batch_state *state)
{
    bool has_any = false;
    enum grapnel_result r;

    n = check_chunk(g, events, n, receipts, &has_any);
    if (has_any && !state->broken) {
        r = make_ready(g);
        if (r) {
            note_broken(state, r, g->words.text);
        } else {
            exchange(g, events, receipts, n);
            make_safe(g, receipts, n);
        }
    }
    if (state->broken)
        fail_chunk(state, receipts, n);
    for (size_t i = 0; i < n; i++)
        note_receipt(state, &receipts[i]);
    return n;
}

static struct grapnel_receipt *own_receipts(struct grapnel *g)
{
    if (!g->receipts)
        g->receipts = calloc(CHUNK_EVENTS_MAX, sizeof(*g->receipts));
    if (!g->receipts)
        (void)diag_set(&g->words, "out of memory");
    return g->receipts;
}

enum grapnel_result grapnel_publish_batch(struct grapnel *g, const struct grapnel_event *events,
                                          size_t n, struct grapnel_receipt *receipts)
{
    struct batch_state state = {GRAPNEL_OK};
    struct grapnel_receipt *own = receipts ? NULL : own_receipts(g);
    struct io_guard guard;

    if (!receipts && !own)
        return GRAPNEL_NOMEM;
    io_begin(&guard);
    for (size_t at = 0; at < n;)
        at += publish_chunk(g, events + at, n - at, receipts ? receipts + at : own, &state);
    io_end(&guard);
    if (state.result)
        g->words = state.words;
    return state.result;
}

enum grapnel_result grapnel_publish(struct grapnel *g, const struct grapnel_event *event,
                                    struct grapnel_receipt *receipt)
{
    struct grapnel_receipt own;

    return grapnel_publish_batch(g, event, 1, receipt ? receipt : &own);
}

const char *grapnel_error(const struct grapnel *g)
{
    return g ? g->words.text : "out of memory";
}

enum grapnel_result grapnel_close(struct grapnel *g)
{
    enum grapnel_result r;

    if (!g)
        return GRAPNEL_OK;
    r = grapnel_flush(g);
    connection_fini(&g->connection);
    free(g->receipts);
    free(g);
    return r;
}
