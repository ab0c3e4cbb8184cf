/* SPDX-License-Identifier: Apache-2.0 */
#include "api/audit.h"
#include "common/base/err.h"
#include "common/base/id.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include <stdio.h>

static bool is_change(const struct call *c)
{
    const struct route *route = c->match.route;

    return route->role != ROLE_NONE && !route->is_unaudited && strcmp(route->method, "GET") != 0;
}

/* The caller's own name for the call, if it has one that may stand in a log. */
static void name_request(struct audit *a, const struct call *c)
{
    const char *named = call_header(c, "x-request-id");

    if (named && text_is_name(span_of(named), 64))
        (void)snprintf(a->request, sizeof(a->request), "%s", named);
    else
        id_make(a->request, "req_", 0);
}

static void add_object(struct audit_entry *e, const char *id)
{
    struct span text = span_of(id);

    for (unsigned i = 0; i < e->n_objects; i++)
        if (span_equal(e->objects[i], text))
            return;
    if (text.len && e->n_objects < AUDIT_OBJECTS_MAX)
        e->objects[e->n_objects++] = text;
}

static void audit_describe(struct audit_entry *e, const struct audit *a, const struct call *c)
{
    const struct route *route = c->match.route;
    const char *part = route->pattern;

    *e = (struct audit_entry){.who = span_of(c->who.name),
                              .method = span_of(route->method),
                              .route = span_of(route->pattern),
                              .peer = span_of(c->peer),
                              .request = span_of(a->request)};
    for (unsigned i = 0; (part = strchr(part, '{')) && i < ROUTE_PARAMS_MAX; i++, part++)
        add_object(e, call_param(c, i));
}

static struct span stream_of(const struct call *c)
{
    return span_of(c->tenant ? c->tenant : "");
}

bool audit_begin(struct audit *a, struct call *c, struct store *s)
{
    struct audit_entry e;
    int r;

    *a = (struct audit){.id = ""};
    if (!is_change(c))
        return true;
    name_request(a, c);
    audit_describe(&e, a, c);
    r = store_audit_begin(s, stream_of(c), &e, a->id);
    if (r)
        call_store_failed(c, s, r);
    return r == 0;
}

static bool is_refused(const struct call *c)
{
    return c->status >= 400 && c->status < 500;
}

/* When this fails the entry stays without a status, and says by that what we know. */
void audit_end(const struct audit *a, struct call *c, struct store *s)
{
    struct audit_entry e;
    int r;

    if (!*a->id)
        return;
    call_field(c, "X-Request-Id", a->request);
    audit_describe(&e, a, c);
    add_object(&e, c->made);
    e.status = c->status;
    r = store_audit_end(s, stream_of(c), a->id, is_refused(c) ? NULL : &e);
    if (r)
        log_warn("an audit entry has no status", LOG_TEXT("request", a->request),
                 LOG_INT("status", c->status), LOG_TEXT("reason", store_words(s, r)));
}
