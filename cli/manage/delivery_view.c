/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manage/delivery_view.h"
#include "cli/json_write.h"
#include "common/model/destination.h"
#include <stdio.h>

static const char *const kinds[] = {
    [RECORD_CREATED] = "created", [RECORD_ATTEMPT] = "attempt", [RECORD_RETRY] = "retry",
    [RECORD_LOST] = "lost",       [RECORD_AGAIN] = "again",     [RECORD_FINAL] = "final",
};

void delivery_event(const struct delivery_record *d, char ret[64])
{
    if (id_event(ret, d->partition, delivery_created(d)->event))
        ret[0] = '\0';
}

int delivery_missing(const struct cli *cli, const char *id)
{
    unsigned partition;

    if (id_parse(span_of(id), "whd_", &partition))
        return cli_fail(cli, EXIT_FAILED, "%.60s is no delivery's id: expected whd_ and a UUID",
                        id);
    return cli_fail(cli, EXIT_FAILED,
                    "there is no delivery %s (records are removed when their retention ends)", id);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void put_span_or_null(struct buf *b, const char *name, struct span text)
{
    if (text.len)
        json_put_span(b, name, text);
    else
        json_put_null(b, name);
}

static void put_answer(struct buf *b, const struct record_entry *attempt)
{
    if (attempt && attempt->status)
        json_put_i64(b, "responseStatus", attempt->status);
    else
        json_put_null(b, "responseStatus");
    if (attempt)
        json_put_i64(b, "responseTimeMs", attempt->duration_ms);
    else
        json_put_null(b, "responseTimeMs");
    put_span_or_null(b, "errorCode", attempt ? attempt->code : SPAN(""));
    put_span_or_null(b, "errorMessage", attempt ? attempt->message : SPAN(""));
}

/* A cut does not go through a character. */
static struct span delivery_view_cut(struct span text, size_t max)
{
    if (text.len <= max)
        return text;
    while (max && ((unsigned char)text.data[max] & 0xc0) == 0x80)
        max--;
    return (struct span){text.data, max};
}

void delivery_json(struct buf *b, const struct delivery_record *d, const char *url)
{
    const struct record_entry *created = delivery_created(d), *last = delivery_last(d);
    const struct record_entry *attempt = delivery_last_attempt(d);
    bool is_final = delivery_is_final(d);
    char event[64];

    delivery_event(d, event);
    json_put_text(b, "id", d->id);
    json_put_span(b, "tenant", created->tenant);
    json_put_span(b, "endpoint", created->endpoint);
    json_put_text(b, "event", event);
    json_put_span(b, "eventType", created->type);
    json_put_text(b, "requestUrl", url);
    json_put_span(b, "deliveryStatus", delivery_status(d));
    put_span_or_null(b, "reason", is_final ? last->reason : SPAN(""));
    put_answer(b, attempt);
    json_put_i64(b, "attemptNumber", attempt ? attempt->attempt : 0);
    json_put_bool(b, "finalAttempt", is_final);
    json_put_time(b, "createdAt", created->ms);
    json_put_time(b, "nextAttemptAt", delivery_next_ms(d));
    json_put_time(b, "endedAt", is_final ? last->ms : 0);
}

/* The due time that a verdict gave after attempt entry @at; 0: none. */
static int64_t retry_after(const struct delivery_record *d, size_t at)
{
    for (size_t i = at + 1; i < d->n && d->entries[i].kind != RECORD_ATTEMPT; i++)
        if (d->entries[i].kind == RECORD_RETRY)
            return d->entries[i].due_ms;
    return 0;
}

static void put_attempt(struct buf *b, const struct delivery_record *d, size_t at)
{
    const struct record_entry *e = &d->entries[at];
    struct span shown = delivery_view_cut(e->response, RESPONSE_JSON_BYTES);

    json_begin(b, '{');
    json_put_i64(b, "attemptNumber", e->attempt);
    json_put_time(b, "createdAt", e->ms);
    json_put_bool(b, "lost", e->kind == RECORD_LOST);
    if (e->kind == RECORD_LOST) {
        json_put_span(b, "worker", e->worker);
    } else {
        put_answer(b, e);
        json_put_span(b, "response", shown);
        json_put_bool(b, "responseTruncated", shown.len < e->response.len);
        json_put_time(b, "nextRetryAt", retry_after(d, at));
    }
    json_end(b, '}');
}

void delivery_json_details(struct buf *b, const struct delivery_record *d)
{
    json_key(b, "attempts");
    json_begin(b, '[');
    for (size_t i = 0; i < d->n; i++)
        if (d->entries[i].kind == RECORD_ATTEMPT || d->entries[i].kind == RECORD_LOST)
            put_attempt(b, d, i);
    json_end(b, ']');
    json_key(b, "history");
    json_begin(b, '[');
    for (size_t i = 0; i < d->n; i++) {
        json_begin(b, '{');
        delivery_entry_json(b, &d->entries[i]);
        json_end(b, '}');
    }
    json_end(b, ']');
}

void delivery_entry_json(struct buf *b, const struct record_entry *e)
{
    json_put_text(b, "kind", kinds[e->kind]);
    json_put_time(b, "at", e->ms);
    switch (e->kind) {
    case RECORD_CREATED:
        json_put_span(b, "endpoint", e->endpoint);
        json_put_span(b, "eventType", e->type);
        return;
    case RECORD_ATTEMPT:
        json_put_i64(b, "attemptNumber", e->attempt);
        put_answer(b, e);
        return;
    case RECORD_RETRY:
    case RECORD_AGAIN:
        json_put_i64(b, "attemptNumber", e->attempt);
        json_put_time(b, "dueAt", e->due_ms);
        return;
    case RECORD_LOST:
        json_put_i64(b, "attemptNumber", e->attempt);
        json_put_span(b, "worker", e->worker);
        return;
    case RECORD_FINAL:
        json_put_span(b, "deliveryStatus", e->final);
        put_span_or_null(b, "reason", e->reason);
        return;
    }
    unreachable();
}

/* --- words ------------------------------------------------------------------------------------ */

const char *const delivery_entry_titles[DELIVERY_ENTRY_COLUMNS] = {"TIME", "ATTEMPT", "WHAT",
                                                                   "TOOK", "DETAILS"};

static struct span what(const struct record_entry *e)
{
    switch (e->kind) {
    case RECORD_ATTEMPT:
        return e->code.len ? e->code : SPAN("success");
    case RECORD_AGAIN:
        return SPAN("retry by hand");
    case RECORD_FINAL:
        return e->final;
    default:
        return span_of(kinds[e->kind]);
    }
}

static void delivery_view_add_answer(struct buf *b, const struct record_entry *e)
{
    if (e->status)
        buf_printf(b, "%s %d", destination_title(e->destination), e->status);
    if (e->status && e->message.len)
        buf_add_text(b, ": ");
    buf_add_span(b, e->message);
}

static void add_details(struct buf *b, const struct record_entry *e)
{
    switch (e->kind) {
    case RECORD_CREATED:
        buf_add_span(b, e->type);
        buf_add_text(b, " for ");
        buf_add_span(b, e->endpoint);
        return;
    case RECORD_ATTEMPT:
        delivery_view_add_answer(b, e);
        return;
    case RECORD_RETRY:
    case RECORD_AGAIN:
        buf_add_text(b, "due ");
        buf_add_iso_time(b, e->due_ms);
        return;
    case RECORD_LOST:
        buf_add_span(b, e->worker);
        buf_add_text(b, " died or was stopped: it may have been sent");
        return;
    case RECORD_FINAL:
        buf_add_span(b, e->reason);
        return;
    }
    unreachable();
}

static bool has_attempt(const struct record_entry *e)
{
    return e->kind != RECORD_CREATED && e->kind != RECORD_FINAL;
}

void delivery_entry_row(struct table *t, const struct record_entry *e)
{
    struct buf details;

    buf_init(&details, 64 << 10);
    add_details(&details, e);
    table_add_time(t, e->ms);
    if (has_attempt(e))
        table_add_i64(t, e->attempt);
    else
        table_add_text(t, "");
    table_add(t, what(e));
    if (e->kind == RECORD_ATTEMPT)
        table_add_printf(t, "%lld ms", (long long)e->duration_ms);
    else
        table_add_text(t, "");
    table_add(t, buf_span(&details));
    buf_fini(&details);
}

void delivery_entry_words(struct buf *b, const struct record_entry *e)
{
    struct buf details;

    buf_init(&details, 64 << 10);
    add_details(&details, e);
    buf_add_iso_time(b, e->ms);
    buf_add_text(b, "  ");
    if (has_attempt(e))
        buf_printf(b, "attempt %u  ", e->attempt);
    text_clean(b, what(e), 40);
    if (e->kind == RECORD_ATTEMPT)
        buf_printf(b, " in %lld ms", (long long)e->duration_ms);
    if (details.len)
        buf_add_text(b, "  ");
    text_clean(b, buf_span(&details), 200);
    buf_fini(&details);
}
