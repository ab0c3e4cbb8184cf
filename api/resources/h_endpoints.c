/* SPDX-License-Identifier: Apache-2.0 */
/* h_endpoints.c: a tenant's endpoints: listed, added, shown, removed. */
#include "admin/store/store_update.h"
#include "admin/tenant/endpoint_change.h"
#include "admin/tenant/store_tenant.h"
#include "api/api.h"
#include "api/etag.h"
#include "api/handlers.h"
#include "api/resources/endpoint_call.h"
#include "api/resources/endpoint_view.h"
#include "common/base/text.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>

enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 100 };

/* ---- many ---- */

/* Place in a tenant's endpoints, the oldest first: "<created ms>.<id>" */
struct cursor {
    int64_t ms;
    const char *id;
};

struct query {
    struct cursor after;
    int64_t limit;
    const char *url, *type; /* NULL: any */
    int disabled;           /* -1: either */
};

static int h_endpoints_read_cursor(struct call *c, struct cursor *ret)
{
    const char *text = call_query(c, "cursor"), *dot = text ? strchr(text, '.') : NULL;
    unsigned partition;

    *ret = (struct cursor){-1, ""};
    if (!text)
        return 0;
    if (dot && !parse_i64((struct span){text, (size_t)(dot - text)}, &ret->ms) &&
        !id_parse(span_of(dot + 1), "ep_", &partition)) {
        ret->id = dot + 1;
        return 0;
    }
    call_problem(c, 400, "cursor", "expected next_cursor of an earlier answer");
    return -EINVAL;
}

static int h_endpoints_read_state(struct call *c, int *ret)
{
    const char *text = call_query(c, "state");

    *ret = !text ? -1 : strcmp(text, "disabled") == 0;
    if (!text || *ret == 1 || strcmp(text, "enabled") == 0)
        return 0;
    call_problem(c, 400, "state", "expected enabled or disabled");
    return -EINVAL;
}

static int h_endpoints_read_query(struct call *c, struct query *q)
{
    q->url = call_query(c, "url");
    q->type = call_query(c, "type");
    if (call_query_i64(c, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT, &q->limit) ||
        h_endpoints_read_cursor(c, &q->after) || h_endpoints_read_state(c, &q->disabled))
        return -EINVAL;
    return 0;
}

static bool h_endpoints_is_behind(const struct endpoint *e, const struct cursor *at)
{
    return e->created_ms != at->ms ? e->created_ms > at->ms : strcmp(e->id, at->id) > 0;
}

static bool is_asked_for(const struct endpoint *e, const struct query *q)
{
    return h_endpoints_is_behind(e, &q->after) && (!q->url || strstr(e->url, q->url)) &&
           (!q->type || endpoint_wants(e, span_of(q->type))) &&
           (q->disabled < 0 || q->disabled == (e->disabled_reason != NULL));
}

/* The index of the next one from @from on that is asked for; n_endpoints: there is none. */
static unsigned h_endpoints_next(const struct tenant *t, const struct query *q, unsigned from)
{
    while (from < t->n_endpoints && !is_asked_for(t->endpoints[from], q))
        from++;
    return from;
}

static void write_list(struct buf *ret, const struct store *s, const struct tenant *t,
                       const struct query *q)
{
    const struct endpoint *e = NULL;
    unsigned at = h_endpoints_next(t, q, 0);

    buf_add_text(ret, "{\"endpoints\":[");
    for (int64_t n = 0; n < q->limit && at < t->n_endpoints; n++) {
        e = t->endpoints[at];
        buf_add_text(ret, n ? "," : "");
        endpoint_v1_write(ret, endpoint_v1_json(e, s->settings), e);
        at = h_endpoints_next(t, q, at + 1);
    }
    buf_add_text(ret, "],\"next_cursor\":");
    if (e && at < t->n_endpoints)
        buf_printf(ret, "\"%lld.%s\"}", (long long)e->created_ms, e->id);
    else
        buf_add_text(ret, "null}");
}

void h_endpoint_list(struct call *c, struct store *s)
{
    struct tenant *t = NULL;
    struct query q;
    int r;

    if (h_endpoints_read_query(c, &q))
        return;
    r = store_tenant_whole(s, span_of(c->tenant), &t);
    if (r) {
        endpoint_call_failed(c, s, r == STORE_MISSING ? STORE_NO_TENANT : r);
        return;
    }
    call_empty(c, 200);
    c->type = "application/json";
    write_list(&c->body, s, t, &q);
    if (buf_result(&c->body))
        call_empty(c, 500);
    (void)tenant_unref(t);
}

/* ---- one ---- */

void h_endpoint_get(struct call *c, struct store *s)
{
    struct endpoint *e = NULL;
    struct endpoint_load load;
    struct buf record;
    int r;

    buf_init(&record, ENDPOINT_RECORD_MAX);
    r = store_endpoint_of(s, span_of(c->tenant), span_of(call_param(c, 0)), &e, &record);
    r = r ? r : store_endpoint_load(s, e, &load);
    if (r)
        endpoint_call_failed(c, s, r);
    else
        endpoint_call_tell(c, s, 200, &(struct endpoint_answer){e, &load, NULL, buf_span(&record)});
    buf_fini(&record);
    (void)endpoint_free(e);
}

/* ---- added ---- */

/* It may be made before it is used. */
static int h_endpoints_take_state(struct endpoint_body *b, const char *name, json_t *value,
                                  struct diag *diag)
{
    const char *text = json_string_value(value);

    if (strcmp(name, "state") != 0)
        return BODY_OTHER;
    if (!text || (strcmp(text, "enabled") != 0 && strcmp(text, "disabled") != 0))
        return diag_set(diag, "state: expected enabled or disabled");
    b->spec.use = strcmp(text, "disabled") == 0 ? ENDPOINT_DISUSE : ENDPOINT_USE_AS_IT_IS;
    return 0;
}

/* What is null is as it is where nothing is said. */
static void drop_nulls(json_t *body)
{
    const char *name;
    json_t *value;
    void *next;

    json_object_foreach_safe(body, next, name, value)
    {
        if (json_is_null(value))
            (void)json_object_del(body, name);
    }
}

static void h_endpoints_add(struct call *c, struct store *s, const struct endpoint_spec *spec)
{
    struct endpoint *e = NULL;
    struct endpoint_rules rules;
    struct made_secret made = {""};
    char place[128];
    int r = endpoint_rules_init(&rules, s, &s->words);

    r = r ? r : endpoint_spec_add(s, span_of(c->tenant), spec, &rules, &e, &made);
    if (r) {
        endpoint_call_failed(c, s, r);
        return;
    }
    endpoint_call_tell(c, s, 201, &(struct endpoint_answer){.e = e, .made = &made});
    (void)snprintf(place, sizeof(place), "/v1/endpoints/%s", e->id);
    call_field(c, "Location", place);
    OPENSSL_cleanse(&made, sizeof(made));
    (void)endpoint_free(e);
}

void h_endpoint_post(struct call *c, struct store *s)
{
    static const struct endpoint_call_options options = {"state", h_endpoints_take_state};
    static const struct endpoint_spec with_secret = {.wants_new_secret = true};
    struct endpoint_body b;
    json_t *body;

    if (call_object(c, &body))
        return;
    drop_nulls(body);
    if (!endpoint_call_read(c, &b, &options)) {
        if (!b.spec.url)
            call_problem(c, 400, "url", "missing");
        else if (endpoint_call_has_key(c, s, &with_secret))
            h_endpoints_add(c, s, &b.spec);
    }
    endpoint_body_fini(&b);
}

/* ---- removed ---- */

/* Only the version that was looked at, where the call names one. */
static int h_endpoints_remove_this(void *arg, struct store *s, struct buf *record)
{
    struct call *c = arg;
    struct endpoint *e = NULL;
    int r = store_endpoint_of(s, span_of(c->tenant), span_of(call_param(c, 0)), &e, record);

    if (!r && etag_check(c, buf_span(record)))
        r = ENDPOINT_CALL_ANSWERED;
    r = r ? r : store_endpoint_remove_if(s, e, buf_span(record));
    (void)endpoint_free(e);
    return r;
}

void h_endpoint_delete(struct call *c, struct store *s)
{
    int r = store_update(s, h_endpoints_remove_this, c);

    if (r)
        endpoint_call_failed(c, s, r);
    else
        call_empty(c, 204);
}
