/* SPDX-License-Identifier: Apache-2.0 */
#include "api/call.h"
#include "admin/store/store.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

enum { ANSWER_BYTES_MAX = 32 << 20, HEADER_NAME_MAX = 128 };

/* All of them, as an inbound source may look at any; their bytes are bounded by those of a head. Of several with one
 * name the first counts. */
static void keep_header(void *arg, const char *name, const char *value)
{
    struct call *c = arg;
    char lower[HEADER_NAME_MAX + 1];
    size_t len = strlen(name);

    if (len > HEADER_NAME_MAX)
        return;
    for (size_t i = 0; i <= len; i++)
        lower[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] | 0x20) : name[i];
    if (!json_object_get(c->headers, lower))
        (void)json_object_set_new_nocheck(c->headers, lower,
                                          json_stringn_nocheck(value, strlen(value)));
}

static void keep_query(void *arg, const char *name, const char *value)
{
    struct call *c = arg;

    (void)json_object_set_new(c->query, name,
                              json_string(value)); /* no UTF-8: as if it were not there */
}

struct call *call_new(struct api *api, struct http_exchange *x)
{
    struct call *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->api = api;
    c->exchange = x;
    list_init(&c->link);
    buf_init(&c->body, ANSWER_BYTES_MAX);
    (void)snprintf(c->peer, sizeof(c->peer), "%s", http_peer(x));
    c->query = json_object();
    c->headers = json_object();
    if (!c->query || !c->headers)
        return call_free(c);
    http_each_query(x, keep_query, c);
    http_each_header(x, keep_header, c);
    return c;
}

struct call *call_free(struct call *c)
{
    json_decref(c->query);
    json_decref(c->headers);
    json_decref(c->json);
    buf_wipe(&c->body); /* new secrets are shown in answers */
    free(c);
    return NULL;
}

/* ---- what was asked ---- */

const char *call_param(const struct call *c, unsigned index)
{
    return c->match.params[index];
}

const char *call_query(const struct call *c, const char *name)
{
    return json_string_value(json_object_get(c->query, name));
}

const char *call_header(const struct call *c, const char *name)
{
    return json_string_value(json_object_get(c->headers, name));
}

struct span call_body(const struct call *c)
{
    return http_body(c->exchange);
}

int call_query_i64(struct call *c, const char *name, int64_t min, int64_t max, int64_t fallback,
                   int64_t *ret)
{
    const char *text = call_query(c, name);

    *ret = fallback;
    if (!text)
        return 0;
    if (!parse_i64(span_of(text), ret) && *ret >= min && *ret <= max)
        return 0;
    call_problem(c, 400, name, "expected a whole number from %lld to %lld", (long long)min,
                 (long long)max);
    return -EINVAL;
}

int call_object(struct call *c, json_t **ret)
{
    struct span body = call_body(c);
    json_error_t error;

    if (!c->json)
        c->json = json_loadb(body.data ? body.data : "", body.len, JSON_REJECT_DUPLICATES, &error);
    if (!c->json) {
        call_problem(c, 400, NULL, "the body is not JSON: %.100s (byte %d)", error.text,
                     error.position);
        return -EINVAL;
    }
    if (!json_is_object(c->json)) {
        call_problem(c, 400, NULL, "the body is no JSON object");
        return -EINVAL;
    }
    *ret = c->json;
    return 0;
}

/* ---- the answer ---- */

static int call_add_text(const char *text, size_t len, void *arg)
{
    buf_add(arg, text, len);
    return buf_result(arg);
}

void call_empty(struct call *c, unsigned status)
{
    buf_clear(&c->body);
    c->status = status;
    c->type = NULL;
}

static void write_json(struct call *c, unsigned status, json_t *json, const char *type)
{
    call_empty(c, status);
    c->type = type;
    if (!json || json_dump_callback(json, call_add_text, &c->body, JSON_COMPACT)) {
        call_empty(c, 500); /* no memory, or larger than we let an answer be */
    }
    json_decref(json);
}

/* The audit names it. */
static void note_made(struct call *c, const json_t *json)
{
    const json_t *id = json_object_get(json, "id");

    if (!id)
        id = json_object_get(json_object_get(json, "data"), "id");
    if (json_is_string(id))
        (void)snprintf(c->made, sizeof(c->made), "%s", json_string_value(id));
}

void call_json(struct call *c, unsigned status, json_t *json)
{
    note_made(c, json);
    write_json(c, status, json, "application/json");
}

static const char *title_of(unsigned status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 429:
        return "Too Many Requests";
    case 503:
        return "Service Unavailable";
    }
    return "Internal Server Error";
}

/* What a person sent may stand in the words, and they may have been cut within a character. */
static void make_utf8(char *text)
{
    struct span rest = span_of(text);

    while (rest.len) {
        size_t n = utf8_char(rest);

        if (!n)
            text[rest.data - text] = '?';
        n = MAX(n, (size_t)1);
        rest = (struct span){rest.data + n, rest.len - n};
    }
}

void call_problem(struct call *c, unsigned status, const char *field, const char *format, ...)
{
    char detail[400];
    json_t *json;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    make_utf8(detail);
    json = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title", title_of(status),
                     "status", (int)status, "detail", detail);
    if (field && json)
        (void)json_object_set_new(json, "field", json_string(field));
    write_json(c, status, json, "application/problem+json");
}

void call_refuse(struct call *c, const struct diag *diag)
{
    const char *colon = strstr(diag->text, ": ");
    char field[64];

    if (!colon || (size_t)(colon - diag->text) >= sizeof(field) ||
        memchr(diag->text, ' ', (size_t)(colon - diag->text))) {
        call_problem(c, 400, NULL, "%s", diag->text);
        return;
    }
    (void)snprintf(field, sizeof(field), "%.*s", (int)(colon - diag->text), diag->text);
    call_problem(c, 400, field, "%s", colon + 2);
}

void call_missing(struct call *c, const char *what)
{
    call_problem(c, 404, NULL, "there is no such %s", what);
}

void call_store_failed(struct call *c, const struct store *s, int r)
{
    switch (r) {
    case STORE_MISSING:
        call_missing(c, "thing");
        return;
    case STORE_EXISTS:
        call_problem(c, 409, NULL, "it is there already");
        return;
    case STORE_NO_TENANT:
        call_missing(c, "tenant");
        return;
    case STORE_TOO_MANY:
        call_problem(c, 409, NULL, "the tenant has as many endpoints as it may have");
        return;
    case STORE_CHANGED:
        call_problem(c, 409, NULL, "it is being changed by others; try again");
        return;
    case -EINVAL:
        call_refuse(c, &s->words);
        return;
    case -ENOKEY: /* master_key is to be mended */
    case -ENOTCONN:
    case -ETIMEDOUT:
    case -EAGAIN:
    case -EROFS:
    case -ENOSPC:
        call_problem(c, 503, NULL, "%s", store_words(s, r));
        call_field(c, "Retry-After", "1");
        return;
    default:
        call_problem(c, 500, NULL, "%s", store_words(s, r));
    }
}

void call_field(struct call *c, const char *name, const char *value)
{
    if (c->n_fields == CALL_FIELDS_MAX)
        return;
    c->fields[c->n_fields].name = name;
    (void)snprintf(c->fields[c->n_fields].value, CALL_FIELD_BYTES_MAX, "%s", value);
    c->n_fields++;
}
