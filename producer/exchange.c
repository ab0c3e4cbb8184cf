/* SPDX-License-Identifier: Apache-2.0 */
/* exchange.c: one chunk of events goes out, its answers come back.
 *
 * Plain events are an XADD. Events with an idempotency key run publish.lua: sent whole once per
 * connection, by its SHA-1 from then on. Should Redis have lost it meanwhile (SCRIPT FLUSH) it
 * answers NOSCRIPT and has done nothing, so those events are sent once more, the script with them.
 */
#include "common/base/id.h"
#include "common/model/event_check.h"
#include "common/model/partition.h"
#include "common/moves/key_names.h"
#include "producer/handle.h"
#include <assert.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>

extern const char script_publish_lua[];

/* What stands before the fields, and each field's name and value. */
enum { SCRIPT_WORDS = 7, FIELDS_MAX = 9, WORDS_MAX = SCRIPT_WORDS + 2 * FIELDS_MAX };

/* A command under construction; the words are borrowed. */
struct words {
    const char *argv[WORDS_MAX];
    size_t sizes[WORDS_MAX];
    int argc;
    char head[PREFIX_MAX + 16]; /* "grapnel:{3}:" */
    char key[PREFIX_MAX + 24];  /* "grapnel:{3}:events" */
    char time[24], ttl[24];
};

void receipt_fail(struct grapnel_receipt *receipt, enum grapnel_result result, const char *words)
{
    receipt->result = result;
    (void)snprintf(receipt->error, sizeof(receipt->error), "%.*s", (int)sizeof(receipt->error) - 1,
                   words);
}

static void exchange_add(struct words *w, const char *data, size_t size)
{
    assert(w->argc < WORDS_MAX);
    w->argv[w->argc] = data;
    w->sizes[w->argc] = size;
    w->argc++;
}

static void exchange_add_text(struct words *w, const char *text)
{
    exchange_add(w, text, strlen(text));
}

static void exchange_add_field(struct words *w, const char *name, const char *value)
{
    if (!value)
        return;
    exchange_add_text(w, name);
    exchange_add_text(w, value);
}

static void add_fields(struct words *w, const struct grapnel_event *e)
{
    exchange_add_field(w, "tenant", e->tenant);
    exchange_add_field(w, "type", e->type);
    exchange_add_text(w, "data");
    exchange_add(w, e->data, e->data_len);
    exchange_add_field(w, "id", e->id);
    if (e->occurred_ms) {
        (void)snprintf(w->time, sizeof(w->time), "%" PRId64, e->occurred_ms);
        exchange_add_field(w, "time", w->time);
    }
    exchange_add_field(w, "trace", e->trace_id);
    exchange_add_field(w, "traceparent", e->traceparent);
    exchange_add_field(w, "tracestate", e->tracestate);
    exchange_add_field(w, "endpoint", e->endpoint);
}

void exchange_init(struct grapnel *g)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t size = 0;

    if (EVP_Q_digest(NULL, "SHA1", NULL, script_publish_lua, strlen(script_publish_lua), digest,
                     &size) != 1)
        size = 0; /* no SHA-1 here: a name that Redis does not know is answered with NOSCRIPT */
    memset(g->script, '0', 40);
    for (size_t i = 0; i < MIN(size, 20); i++)
        (void)snprintf(g->script + 2 * i, 3, "%02x", digest[i]);
}

static void add_script(struct words *w, struct grapnel *g, const struct grapnel_event *e)
{
    exchange_add_text(w, g->connection.knows_script ? "EVALSHA" : "EVAL");
    exchange_add_text(w, g->connection.knows_script ? g->script : script_publish_lua);
    g->connection.knows_script = true;
    exchange_add_text(w, "1");
    exchange_add_text(w, w->head);
    exchange_add_text(w, e->idempotency_key);
    (void)snprintf(w->ttl, sizeof(w->ttl), "%" PRIu64, g->idempotency_ms);
    exchange_add_text(w, w->ttl);
    exchange_add_text(w, e->tenant);
}

static enum grapnel_result append_event(struct grapnel *g, const struct grapnel_event *e,
                                        struct sent *sent)
{
    struct words w = {.argc = 0};

    sent->partition = partition_of(span_of(e->tenant), g->partitions);
    (void)snprintf(w.head, sizeof(w.head), KEYS_HEAD_FORMAT, g->prefix, sent->partition);
    if (e->idempotency_key) {
        add_script(&w, g, e);
    } else {
        (void)snprintf(w.key, sizeof(w.key), "%s%s", w.head, KEY_EVENTS);
        exchange_add_text(&w, "XADD");
        exchange_add_text(&w, w.key);
        exchange_add_text(&w, "*");
    }
    add_fields(&w, e);
    return result_of_connection(connection_append(&g->connection, w.argc, w.argv, w.sizes));
}

static bool exchange_is_text(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING;
}

/* The stream id and, from the script, whether it is new and the first event's own id. */
static bool read_answer(const redisReply *reply, const redisReply **ret_stream_id,
                        const redisReply **ret_own_id, int *ret_is_duplicate)
{
    *ret_own_id = NULL;
    *ret_is_duplicate = 0;
    if (exchange_is_text(reply)) {
        *ret_stream_id = reply;
        return true;
    }
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2 ||
        reply->element[0]->type != REDIS_REPLY_INTEGER || !exchange_is_text(reply->element[1]))
        return false;
    *ret_is_duplicate = reply->element[0]->integer == 0;
    *ret_stream_id = reply->element[1];
    if (reply->elements > 2 && exchange_is_text(reply->element[2]))
        *ret_own_id = reply->element[2];
    return true;
}

static void accept_event(const struct grapnel_event *e, const struct sent *sent,
                         const redisReply *reply, struct grapnel_receipt *receipt)
{
    const redisReply *stream_id, *own_id;
    const char *id = e->id;
    char made[64];

    if (!read_answer(reply, &stream_id, &own_id, &receipt->is_duplicate) ||
        id_event(made, sent->partition, (struct span){stream_id->str, stream_id->len})) {
        receipt_fail(receipt, GRAPNEL_REDIS, "Redis: unexpected answer to XADD");
        return;
    }
    if (receipt->is_duplicate)
        id = own_id ? own_id->str : NULL;
    (void)snprintf(receipt->event_id, sizeof(receipt->event_id), "%.*s",
                   (int)sizeof(receipt->event_id) - 1, id ? id : made);
}

static void note_answer(const struct grapnel_event *e, struct sent *sent, bool is_again,
                        const redisReply *reply, struct grapnel_receipt *receipt)
{
    char words[sizeof(receipt->error)];

    sent->state = SENT_DONE;
    if (reply->type != REDIS_REPLY_ERROR) {
        accept_event(e, sent, reply, receipt);
    } else if (e->idempotency_key && !is_again && strncmp(reply->str, "NOSCRIPT", 8) == 0) {
        sent->state = SENT_AGAIN;
    } else {
        (void)snprintf(words, sizeof(words), "Redis: %.140s", reply->str);
        receipt_fail(receipt, GRAPNEL_REDIS, words);
    }
}

/* What has no answer is failed with @result: whether Redis has it is unknown. */
static void fail_rest(struct grapnel *g, struct grapnel_receipt *receipts, size_t n,
                      enum grapnel_result result)
{
    for (size_t i = 0; i < n; i++) {
        if (g->sent[i].state != SENT_WAITING && g->sent[i].state != SENT_AGAIN)
            continue;
        receipt_fail(&receipts[i], result, g->words.text);
        g->sent[i].state = SENT_DONE;
    }
}

static enum grapnel_result append_waiting(struct grapnel *g, const struct grapnel_event *events,
                                          size_t n)
{
    enum grapnel_result r = GRAPNEL_OK;

    for (size_t i = 0; i < n && !r; i++)
        if (g->sent[i].state == SENT_WAITING)
            r = append_event(g, &events[i], &g->sent[i]);
    return r;
}

/* Sends what is WAITING and takes the answers. */
static void pass(struct grapnel *g, const struct grapnel_event *events,
                 struct grapnel_receipt *receipts, size_t n, bool is_again)
{
    enum grapnel_result r = append_waiting(g, events, n);
    enum connection_result why = CONNECTION_OK;
    redisReply *reply;

    connection_ask(&g->connection);
    for (size_t i = 0; i < n && !r; i++) {
        if (g->sent[i].state != SENT_WAITING)
            continue;
        reply = connection_answer(&g->connection, &why);
        r = result_of_connection(why);
        if (!reply)
            break;
        note_answer(&events[i], &g->sent[i], is_again, reply, &receipts[i]);
        freeReplyObject(reply);
    }
    if (r)
        fail_rest(g, receipts, n, r);
}

void exchange(struct grapnel *g, const struct grapnel_event *events,
              struct grapnel_receipt *receipts, size_t n)
{
    bool is_again = false;

    for (size_t i = 0; i < n; i++)
        g->sent[i].state = receipts[i].result == GRAPNEL_OK ? SENT_WAITING : SENT_IDLE;
    pass(g, events, receipts, n, false);
    for (size_t i = 0; i < n; i++) {
        if (g->sent[i].state != SENT_AGAIN)
            continue;
        g->sent[i].state = SENT_WAITING;
        is_again = true;
    }
    if (!is_again)
        return;
    g->connection.knows_script = false; /* the first of them brings it */
    pass(g, events, receipts, n, true);
}
