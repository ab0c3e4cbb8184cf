/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/inbound/transfer_news.h"

static struct buf *transfer_news_begin(struct transfer_news *n, const char *type)
{
    struct buf *data = &n->events[n->n].data;

    n->events[n->n++].type = type;
    buf_init(data, TRANSFER_NEWS_BYTES_MAX);
    return data;
}

/* `,"name":"text"`; null where there is none. */
static void transfer_news_add_text(struct buf *b, const char *name, const char *text)
{
    buf_printf(b, "%s\"%s\":", b->len > 1 ? "," : "", name);
    if (*text)
        buf_add_json_string(b, span_of(text));
    else
        buf_add_text(b, "null");
}

static void transfer_news_add_time(struct buf *b, const char *name, int64_t ms)
{
    buf_printf(b, ",\"%s\":\"", name);
    buf_add_iso_time(b, ms);
    buf_add_char(b, '"');
}

static void tell_download(struct buf *b, const struct transfer *t, enum transfer_state before)
{
    buf_add_char(b, '{');
    transfer_news_add_text(b, "id", t->id);
    transfer_news_add_text(b, "name", t->name);
    transfer_news_add_text(b, "status", transfer_state_name(t->kind, t->state));
    transfer_news_add_text(b, "previous_status", transfer_state_name(t->kind, before));
    transfer_news_add_text(b, "url", t->url);
    transfer_news_add_time(b, "updated_at", t->updated_ms);
    buf_add_char(b, '}');
}

/* Members as the platform guide names them. */
static void tell_file(struct buf *b, const struct transfer *t)
{
    buf_add_char(b, '{');
    transfer_news_add_text(b, "fileId", t->id);
    transfer_news_add_text(b, "fileName", t->name);
    transfer_news_add_text(b, "source", t->source);
    transfer_news_add_text(b, "status", transfer_state_name(t->kind, t->state));
    buf_printf(b, ",\"duration\":%lld", (long long)(t->updated_ms - t->created_ms));
    transfer_news_add_time(b, "processedAt", t->updated_ms);
    buf_add_char(b, '}');
}

static void write_email(struct buf *b, const struct transfer *t)
{
    struct buf words;

    buf_init(&words, TRANSFER_NEWS_BYTES_MAX);
    buf_add_text(b, "{\"email\":{\"to\":");
    buf_add_json_string(b, span_of(t->email));
    buf_printf(&words, "Your download is ready%s%s", *t->name ? ": " : "", t->name);
    buf_add_text(b, ",\"subject\":");
    buf_add_json_string(b, buf_span(&words));
    buf_clear(&words);
    buf_printf(&words, "Your download%s%s is ready.\n%s%s%s", *t->name ? " " : "", t->name,
               *t->url ? "\n" : "", t->url, *t->url ? "\n" : "");
    buf_add_text(b, ",\"text\":");
    buf_add_json_string(b, buf_span(&words));
    buf_add_text(b, "},\"download\":");
    buf_add_json_string(b, span_of(t->id));
    buf_add_char(b, '}');
    if (buf_result(&words))
        b->error = buf_result(&words);
    buf_fini(&words);
}

int transfer_news_init(struct transfer_news *ret, const struct transfer *t,
                       enum transfer_state before, enum transfer_move move)
{
    int r = 0;

    ret->n = 0;
    if (t->kind == TRANSFER_FILE)
        tell_file(transfer_news_begin(ret, TRANSFER_EVENT_FILE), t);
    else
        tell_download(transfer_news_begin(ret, TRANSFER_EVENT_DOWNLOAD), t, before);
    if (move == TRANSFER_MOVED && t->state == TRANSFER_DONE && *t->email)
        write_email(transfer_news_begin(ret, TRANSFER_EVENT_EMAIL), t);
    for (unsigned i = 0; i < ret->n && !r; i++)
        r = buf_result(&ret->events[i].data);
    return r;
}

void transfer_news_fini(struct transfer_news *n)
{
    while (n->n)
        buf_fini(&n->events[--n->n].data);
}
