/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/json_write.h"

/* Between two values, and between a value and the next key. */
static void separate(struct buf *b)
{
    char last = b->len ? b->data[b->len - 1] : '{';

    if (!strchr("{[:", last))
        buf_add_char(b, ',');
}

void json_begin(struct buf *b, char bracket)
{
    separate(b);
    buf_add_char(b, bracket);
}

void json_end(struct buf *b, char bracket)
{
    buf_add_char(b, bracket);
}

void json_key(struct buf *b, const char *name)
{
    separate(b);
    buf_add_json_string(b, span_of(name));
    buf_add_char(b, ':');
}

void json_text(struct buf *b, struct span text)
{
    separate(b);
    buf_add_json_string(b, text);
}

void json_i64(struct buf *b, int64_t value)
{
    separate(b);
    buf_add_i64(b, value);
}

void json_bool(struct buf *b, bool value)
{
    separate(b);
    buf_add_text(b, value ? "true" : "false");
}

static void add_null(struct buf *b)
{
    separate(b);
    buf_add_text(b, "null");
}

void json_time(struct buf *b, int64_t ms)
{
    if (!ms) {
        add_null(b);
        return;
    }
    separate(b);
    buf_add_char(b, '"');
    buf_add_iso_time(b, ms);
    buf_add_char(b, '"');
}

void json_put_text(struct buf *b, const char *name, const char *text)
{
    json_key(b, name);
    if (text)
        json_text(b, span_of(text));
    else
        add_null(b);
}

void json_put_span(struct buf *b, const char *name, struct span text)
{
    json_key(b, name);
    json_text(b, text);
}

void json_put_i64(struct buf *b, const char *name, int64_t value)
{
    json_key(b, name);
    json_i64(b, value);
}

void json_put_bool(struct buf *b, const char *name, bool value)
{
    json_key(b, name);
    json_bool(b, value);
}

void json_put_null(struct buf *b, const char *name)
{
    json_key(b, name);
    add_null(b);
}

void json_put_time(struct buf *b, const char *name, int64_t ms)
{
    json_key(b, name);
    json_time(b, ms);
}
