/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/inbound/source_event.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include "common/json/json_scan.h"
#include "common/json/json_string.h"
#include "common/model/event_check.h"
#include "common/model/filter/filter_path.h"
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>

/* Behind "in:<source>:"; a longer one is replaced by its SHA-256. */
enum { UNIQUE_MAX = 64, OVERHEAD_MAX = 64 << 10 };

/* ---- paths ---- */

/* @names has room for what the steps say. Static words, or NULL. */
static const char *read_path(struct span path, struct json_step steps[JSON_STEPS_MAX],
                             size_t *ret_n, char *names)
{
    bool is_last = false;
    size_t len;

    for (*ret_n = 0; !is_last; ++*ret_n) {
        const char *words;

        if (*ret_n == JSON_STEPS_MAX)
            return "expected at most 16 names";
        words = filter_path_take(&path, names, &len, &is_last);
        if (words)
            return words;
        steps[*ret_n] = json_step_of((struct span){names, len});
        names += len;
    }
    return NULL;
}

int source_path_check(const char *field, struct span path, struct diag *diag)
{
    struct json_step steps[JSON_STEPS_MAX];
    char names[SOURCE_TEXT_MAX];
    const char *words;
    size_t n;

    if (path.len > SOURCE_TEXT_MAX)
        return diag_set(diag, "%s: expected at most %d bytes", field, SOURCE_TEXT_MAX);
    words = read_path(path, steps, &n, names);
    return words ? diag_set(diag, "%s: %s", field, words) : 0;
}

/* A text or a number, as it says; empty when there is none at the path. */
static struct span at_path(struct span body, const char *path, char *room, size_t size)
{
    struct json_step steps[JSON_STEPS_MAX];
    char names[SOURCE_TEXT_MAX];
    enum json_kind kind;
    struct span value;
    size_t n;

    if (read_path(span_of(path), steps, &n, names) || !json_find(body, steps, n, &value))
        return SPAN("");
    value = json_value(value, &kind);
    if (kind == JSON_KIND_NUMBER)
        return value;
    if (kind != JSON_KIND_STRING)
        return SPAN("");
    n = json_string_plain(room, size, (struct span){value.data + 1, value.len - 2});
    return n <= size ? (struct span){room, n} : SPAN("");
}

/* ---- picking ---- */

static struct span pick(const struct source_pick *p, const struct source_call *call, bool is_json,
                        char *room, size_t size)
{
    switch (p->from) {
    case SOURCE_FROM_FIXED:
        return span_of(p->text);
    case SOURCE_FROM_HEADER:
        return span_of(call->header(call->arg, p->text));
    case SOURCE_FROM_PATH:
        return is_json ? at_path(call->body, p->text, room, size) : SPAN("");
    case SOURCE_FROM_BODY:
        break;
    }
    return SPAN("");
}

/* ---- the type ---- */

static bool is_type_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("_-.:", c));
}

int source_type_check(const char *field, struct span type, struct diag *diag)
{
    if (!text_is_name(type, EVENT_TYPE_MAX))
        return diag_set(diag, "%s: expected 1 to %d of A-Z a-z 0-9 _ - . :", field, EVENT_TYPE_MAX);
    if (event_type_is_own(type))
        return diag_set(diag, "%s: types that begin with grapnel. are Grapnel's own", field);
    return 0;
}

/* What a type cannot hold becomes '_': whoever sends it cannot help it. */
static int make_type(struct source_event *e, const struct source *s, struct span found,
                     struct diag *diag)
{
    size_t len = strlen(s->type_prefix);

    if (!found.len && s->kind->untyped && strcmp(s->type.text, s->kind->type.text) == 0)
        found = span_of(s->kind->untyped);
    if (!found.len)
        return diag_set(diag, "event_type: the call has none at %.100s", s->type.text);
    if (len + found.len > EVENT_TYPE_MAX)
        return diag_set(diag, "event_type: %zu bytes; expected at most %d", len + found.len,
                        EVENT_TYPE_MAX);
    memcpy(e->type, s->type_prefix, len);
    for (size_t i = 0; i < found.len; i++)
        e->type[len++] = (char)(is_type_char(found.data[i]) ? found.data[i] : '_');
    e->type[len] = '\0';
    return source_type_check("event_type", span_of(e->type), diag);
}

/* ---- what it is told apart by ---- */

static bool source_event_is_key(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return false;
    return text.len > 0 && text.len <= UNIQUE_MAX && text.data[0] != '#';
}

/* "in:<source>:<id>", or "in:<source>:#<SHA-256>" of an id that does not fit, or of the body. */
static int source_event_make_key(struct source_event *e, const struct source *s, struct span id,
                                 struct span body)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    struct buf key;

    buf_init(&key, sizeof(e->key) - 1);
    buf_printf(&key, "in:%s:", s->id);
    if (source_event_is_key(id)) {
        buf_add_span(&key, id);
    } else {
        if (!id.len)
            id = body;
        if (EVP_Digest(id.data, id.len, digest, NULL, EVP_sha256(), NULL) != 1)
            return err_origin(-ENOMEM);
        buf_add_char(&key, '#');
        buf_add_base64(&key, digest, 32);
    }
    if (!buf_result(&key))
        memcpy(e->key, key.data, key.len + 1);
    buf_fini(&key);
    return *e->key ? 0 : err_origin(-ENOMEM);
}

/* ---- the data ---- */

static void source_event_add_headers(struct buf *b, const struct source *s,
                                     const struct source_call *call)
{
    bool is_first = true;

    buf_add_text(b, "\"headers\":{");
    for (unsigned i = 0; i < s->n_kept; i++) {
        const char *value = call->header(call->arg, s->kept[i]);

        if (!value)
            continue;
        buf_add_text(b, is_first ? "" : ",");
        buf_add_json_string(b, span_of(s->kept[i]));
        buf_add_char(b, ':');
        buf_add_json_string(b, span_of(value));
        is_first = false;
    }
    buf_add_text(b, "},");
}

static void add_body(struct buf *b, struct span body, bool is_json)
{
    if (is_json) {
        buf_add_text(b, "\"body\":");
        buf_add_span(b, body);
    } else if (text_is_utf8(body)) {
        buf_add_text(b, "\"body\":");
        buf_add_json_string(b, body);
    } else {
        buf_add_text(b, "\"body_base64\":\"");
        buf_add_base64(b, body.data, body.len);
        buf_add_char(b, '"');
    }
}

static int make_data(struct source_event *e, const struct source *s, const struct source_call *call,
                     bool is_json, size_t data_max, struct diag *diag)
{
    e->data = call->body;
    if (!is_json || s->n_kept) {
        buf_add_char(&e->room, '{');
        if (s->n_kept)
            source_event_add_headers(&e->room, s, call);
        add_body(&e->room, call->body, is_json);
        buf_add_char(&e->room, '}');
        if (buf_result(&e->room) == -ENOMEM)
            return err_origin(-ENOMEM);
        e->data = buf_span(&e->room);
    }
    if (buf_result(&e->room) || e->data.len > data_max)
        return diag_set(diag, "body: larger than events may be (%zu bytes)", data_max);
    return 0;
}

int source_event_init(struct source_event *e, const struct source *s,
                      const struct source_call *call, size_t data_max, struct diag *diag)
{
    char room[SOURCE_TEXT_MAX * 4];
    bool is_json = json_check(call->body, NULL) == 0;
    int r;

    *e = (struct source_event){.type = ""};
    buf_init(&e->room, data_max + OVERHEAD_MAX);
    r = make_type(e, s, pick(&s->type, call, is_json, room, sizeof(room)), diag);
    r = r ? r
          : source_event_make_key(e, s, pick(&s->unique, call, is_json, room, sizeof(room)),
                                  call->body);
    return r ? r : make_data(e, s, call, is_json, data_max, diag);
}

void source_event_fini(struct source_event *e)
{
    buf_fini(&e->room);
}
