/* SPDX-License-Identifier: Apache-2.0 */
/* call.h: one call of the API: what was asked, who asks, and the answer.
 *
 * What a handler needs of the request is taken over before it runs, as it runs on another thread. Answers
 * are JSON; what goes wrong is a problem document (RFC 9457) that names the field. */
#ifndef GRAPNEL_API_CALL_H
#define GRAPNEL_API_CALL_H

#include "api/identity.h"
#include "api/route.h"
#include "common/base/buf.h"
#include "common/runtime/http_server.h"
#include <jansson.h>
#include <uv.h>

struct api;

enum { CALL_FIELDS_MAX = 6, CALL_FIELD_BYTES_MAX = 256 };

struct call {
    struct list link; /* of the pool, while it waits */
    struct api *api;
    struct http_exchange *exchange;
    struct route_match match;
    json_t *query;   /* {name: value}, decoded */
    json_t *headers; /* {name in lower case: value} */
    json_t *json;    /* the body where it is JSON; NULL: there is none */
    char peer[64];
    struct identity who;
    const char *tenant; /* whom it is about; lent; NULL: none, where the route is of no tenant */
    char made[80];      /* the `id` in the answer: what was made or changed; "": none */
    /* the answer */
    unsigned status;
    const char *type;
    struct buf body;
    struct call_field {
        const char *name;
        char value[CALL_FIELD_BYTES_MAX];
    } fields[CALL_FIELDS_MAX];
    unsigned n_fields;
};

struct call *call_new(struct api *api, struct http_exchange *x); /* NULL: no memory */
struct call *call_free(struct call *c);

/* ---- what was asked; lent ---- */

const char *call_param(const struct call *c, unsigned index);
const char *call_query(const struct call *c, const char *name); /* NULL: not there */
const char *call_header(const struct call *c,
                        const char *name);   /* in lower case; NULL: not there */
struct span call_body(const struct call *c); /* as it came, byte for byte */

/* Reads a whole number out of the query: @fallback when it is not there. -EINVAL, and the problem is
 * answered: the caller returns. */
int call_query_i64(struct call *c, const char *name, int64_t min, int64_t max, int64_t fallback,
                   int64_t *ret);
/* The body as a JSON object. -EINVAL as above. */
int call_object(struct call *c, json_t **ret);

/* ---- the answer: the last one counts ---- */

void call_json(struct call *c, unsigned status,
               json_t *json); /* takes over @json; NULL: no memory */
void call_empty(struct call *c, unsigned status);
/* @field may be NULL. The words are for a person. */
void call_problem(struct call *c, unsigned status, const char *field, const char *format, ...)
    _printf_(4, 5);
/* From words such as "url: expected …": what stands before the colon is the field. 400. */
void call_refuse(struct call *c, const struct diag *diag);
/* There is no such thing, or not for this caller: 404 both. */
void call_missing(struct call *c, const char *what);
/* What a call of the store answered: words, 503 when Redis cannot be reached, 409, 404. */
void call_store_failed(struct call *c, const struct store *s, int r);
void call_field(struct call *c, const char *name, const char *value);

#endif
