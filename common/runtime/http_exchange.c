/* SPDX-License-Identifier: Apache-2.0 */
/* http_exchange.c: see http_exchange.h, and http_server.h for what those who answer see. */
#include "common/runtime/http_exchange.h"
#include <stdio.h>
#include <strings.h>

/* A body that is too large is read to its end, as a client that is still sending does not see its answer; but
 * not more than this of it. */
enum { DROPPED_BYTES_MAX = 16 << 20 };

struct http_exchange *http_exchange_new(struct http_server *s, const char *uri)
{
    size_t len = strcspn(uri, "?");
    struct http_exchange *x = calloc(1, sizeof(*x) + len + 1);

    if (!x)
        return NULL;
    list_init(&x->link);
    buf_init(&x->body, 0);
    x->server = s;
    x->method = x->peer = "";
    memcpy(x->path, uri, len);
    return x;
}

void http_exchange_free(struct http_exchange *x)
{
    list_remove(&x->link);
    if (x->response)
        MHD_destroy_response(x->response);
    buf_fini(&x->body);
    free(x);
}

void http_exchange_part(struct http_exchange *x)
{
    x->mhd = NULL;
    x->method = x->peer = "";
}

/* ---- the request ---- */

/* What cannot be handed on as a text: "a%00b" would be taken for "a". */
static enum MHD_Result judge_argument(void *arg, enum MHD_ValueKind kind, const char *name,
                                      size_t name_len, const char *value, size_t len)
{
    struct http_exchange *x = arg;

    (void)kind;
    x->is_malformed |= strlen(name) != name_len || (value && strlen(value) != len);
    return MHD_YES;
}

static enum MHD_Result count_framing(void *arg, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    unsigned *count = arg;

    (void)kind, (void)value;
    *count += strcasecmp(name, "Content-Length") == 0 || strcasecmp(name, "Transfer-Encoding") == 0;
    return MHD_YES;
}

/* A proxy before us may see another end of it, and what comes behind would be a request of somebody else's
 * (RFC 9112, 6.3). */
static bool is_ambiguous(struct MHD_Connection *mhd)
{
    unsigned count = 0;

    (void)MHD_get_connection_values(mhd, MHD_HEADER_KIND, count_framing, &count);
    return count > 1;
}

void http_exchange_take_head(struct http_exchange *x, struct MHD_Connection *mhd,
                             const char *method, const char *peer)
{
    x->has_head = true;
    x->mhd = mhd;
    x->method = method;
    x->peer = peer;
    (void)MHD_get_connection_values_n(mhd, MHD_GET_ARGUMENT_KIND, judge_argument, x);
    x->is_ambiguous = is_ambiguous(mhd);
}

/* Content-Length has been judged by libmicrohttpd already; it does not count beside chunks. */
static uint64_t announced_bytes(const struct http_exchange *x)
{
    const char *text = http_header(x, "Content-Length");
    char *end;
    unsigned long long length;

    if (!text || http_header(x, "Transfer-Encoding"))
        return 0;
    errno = 0;
    length = strtoull(text, &end, 10);
    return errno || *end ? UINT64_MAX : length;
}

void http_exchange_expect_body(struct http_exchange *x, size_t body_max)
{
    buf_init(&x->body, body_max);
    x->is_too_large = announced_bytes(x) > body_max;
}

bool http_exchange_is_hopeless(const struct http_exchange *x)
{
    return x->is_malformed || x->is_ambiguous ||
           (x->is_too_large &&
            (http_header(x, "Expect") || announced_bytes(x) > DROPPED_BYTES_MAX));
}

bool http_exchange_add_body(struct http_exchange *x, const char *data, size_t len)
{
    if (!x->is_too_large) {
        buf_add(&x->body, data, len);
        x->is_too_large = buf_result(&x->body) != 0;
    }
    if (!x->is_too_large)
        return true;
    buf_fini(&x->body);
    x->dropped += len;
    return x->dropped <= DROPPED_BYTES_MAX;
}

const char *http_method(const struct http_exchange *x)
{
    return x->method;
}

const char *http_path(const struct http_exchange *x)
{
    return x->path;
}

const char *http_peer(const struct http_exchange *x)
{
    return x->peer;
}

const char *http_header(const struct http_exchange *x, const char *name)
{
    return x->mhd ? MHD_lookup_connection_value(x->mhd, MHD_HEADER_KIND, name) : NULL;
}

struct wanted {
    const char *name, *value;
};

static enum MHD_Result http_exchange_find(void *arg, enum MHD_ValueKind kind, const char *name,
                                          const char *value)
{
    struct wanted *w = arg;

    (void)kind;
    if (strcmp(name, w->name) != 0)
        return MHD_YES;
    w->value = value ? value : "";
    return MHD_NO;
}

const char *http_query(const struct http_exchange *x, const char *name)
{
    struct wanted w = {.name = name};

    if (x->mhd)
        (void)MHD_get_connection_values(x->mhd, MHD_GET_ARGUMENT_KIND, http_exchange_find, &w);
    return w.value;
}

struct span http_body(const struct http_exchange *x)
{
    return buf_span(&x->body);
}

/* ---- the answer ---- */

void http_exchange_fill(struct http_exchange *x, const struct http_answer *a, bool is_last)
{
    x->status = a->status;
    x->response = MHD_create_response_from_buffer(a->body.len, (void *)(uintptr_t)a->body.data,
                                                  MHD_RESPMEM_MUST_COPY);
    if (!x->response)
        return;
    if (is_last)
        (void)MHD_add_response_header(x->response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (a->type)
        (void)MHD_add_response_header(x->response, MHD_HTTP_HEADER_CONTENT_TYPE, a->type);
    for (unsigned i = 0; i < a->n_fields; i++)
        (void)MHD_add_response_header(x->response, a->fields[i].name, a->fields[i].value);
}

static const char *refusal_words(const struct http_exchange *x)
{
    if (x->is_malformed)
        return "the query has a NUL byte in it";
    if (x->is_ambiguous)
        return "expected one Content-Length, or one Transfer-Encoding";
    return "the body is larger than this call takes";
}

void http_exchange_fill_refusal(struct http_exchange *x)
{
    bool is_large = !x->is_malformed && !x->is_ambiguous;
    char body[200];
    int n = snprintf(body, sizeof(body),
                     "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}",
                     is_large ? "Content Too Large" : "Bad Request", is_large ? 413 : 400,
                     refusal_words(x));
    struct http_answer a = {.status = is_large ? 413 : 400,
                            .type = "application/problem+json",
                            .body = {body, (size_t)n}};

    http_exchange_fill(x, &a, true);
}

struct each_query {
    http_query_fn *fn;
    void *arg;
};

static enum MHD_Result tell_query(void *arg, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    const struct each_query *each = arg;

    (void)kind;
    each->fn(each->arg, name, value ? value : "");
    return MHD_YES;
}

void http_each_header(const struct http_exchange *x, http_query_fn *fn, void *arg)
{
    struct each_query each = {fn, arg};

    if (x->mhd)
        (void)MHD_get_connection_values(x->mhd, MHD_HEADER_KIND, tell_query, &each);
}

void http_each_query(const struct http_exchange *x, http_query_fn *fn, void *arg)
{
    struct each_query each = {fn, arg};

    if (x->mhd)
        (void)MHD_get_connection_values(x->mhd, MHD_GET_ARGUMENT_KIND, tell_query, &each);
}
