/* SPDX-License-Identifier: Apache-2.0 */
#include "api/resources/event_results.h"

static enum event_result event_results_result_of(const struct grapnel_receipt *receipt)
{
    switch (receipt->result) {
    case GRAPNEL_OK:
        return RESULT_ACCEPTED;
    case GRAPNEL_REFUSED:
        return RESULT_REFUSED;
    case GRAPNEL_REDIS:
    case GRAPNEL_UNPREPARED:
        return RESULT_FAILED;
    default:
        return RESULT_UNKNOWN;
    }
}

struct event_counts event_results_count(const struct event_batch *b)
{
    struct event_counts n = {.of = {[RESULT_REFUSED] = b->n_refused}};

    for (size_t i = 0; i < b->n_events; i++)
        n.of[event_results_result_of(&b->receipts[i])]++;
    return n;
}

unsigned event_results_status(const struct event_counts *n)
{
    if (n->of[RESULT_FAILED] || n->of[RESULT_UNKNOWN])
        return 503;
    if (!n->of[RESULT_REFUSED])
        return 202;
    return n->of[RESULT_ACCEPTED] ? 207 : 400;
}

/* The library's name of the field has a space in it. */
struct event_words event_words(const char *text)
{
    static const char key[] = "idempotency key: ";
    const char *colon = strstr(text, ": ");

    if (strncmp(text, key, sizeof(key) - 1) == 0)
        return (struct event_words){SPAN("idempotency_key"), span_of(text + sizeof(key) - 1)};
    if (!colon || memchr(text, ' ', (size_t)(colon - text)))
        return (struct event_words){SPAN(""), span_of(text)};
    return (struct event_words){{text, (size_t)(colon - text)}, span_of(colon + 2)};
}

/* ---- one ---- */

static void write_words(struct buf *b, const char *status, const char *text)
{
    struct event_words words = {SPAN(""), span_of(text)};

    if (strcmp(status, "refused") == 0)
        words = event_words(text);
    buf_printf(b, "\"status\":\"%s\"", status);
    if (words.field.len) {
        buf_add_text(b, ",\"field\":");
        buf_add_json_string(b, words.field);
    }
    buf_add_text(b, ",\"detail\":");
    buf_add_json_string(b, words.text);
}

static void write_receipt(struct buf *b, const struct grapnel_receipt *receipt)
{
    enum event_result result = event_results_result_of(receipt);

    if (result != RESULT_ACCEPTED) {
        write_words(b,
                    result == RESULT_REFUSED  ? "refused"
                    : result == RESULT_FAILED ? "failed"
                                              : "unknown",
                    receipt->error);
        return;
    }
    buf_add_text(b, "\"status\":\"accepted\",\"id\":\"");
    buf_add_text(b, receipt->event_id);
    buf_add_text(b, receipt->is_duplicate ? "\",\"duplicate\":true" : "\",\"duplicate\":false");
}

/* ---- all ---- */

void event_results_write(struct buf *ret, const struct event_batch *b, const struct event_counts *n)
{
    size_t refused = 0;

    buf_printf(ret, "\"accepted\":%zu,\"refused\":%zu,\"failed\":%zu,\"unknown\":%zu,\"results\":[",
               n->of[RESULT_ACCEPTED], n->of[RESULT_REFUSED], n->of[RESULT_FAILED],
               n->of[RESULT_UNKNOWN]);
    for (size_t i = 0; i < b->n; i++) {
        buf_printf(ret, "%s{\"index\":%zu,", i ? "," : "", i);
        if (refused < b->n_refused && b->refused[refused].index == i)
            write_words(ret, "refused", b->refused[refused++].why.text);
        else
            write_receipt(ret, &b->receipts[i - refused]);
        buf_add_char(ret, '}');
    }
    buf_add_char(ret, ']');
}

const char *event_results_first(const struct event_batch *b, unsigned status, size_t *ret_index)
{
    size_t refused = 0;

    for (size_t i = 0; i < b->n; i++) {
        bool is_refused = refused < b->n_refused && b->refused[refused].index == i;
        const struct grapnel_receipt *receipt = is_refused ? NULL : &b->receipts[i - refused];

        *ret_index = i;
        if (is_refused && status == 400)
            return b->refused[refused].why.text;
        if (receipt && receipt->result &&
            (event_results_result_of(receipt) == RESULT_REFUSED) == (status == 400))
            return receipt->error;
        refused += is_refused;
    }
    return "";
}
