/* SPDX-License-Identifier: Apache-2.0 */
/* h_guide.c: webhooks as the two small guides have them (guide.h): made, listed, changed, removed. */
#include "admin/tenant/store_tenant.h"
#include "api/api.h"
#include "api/compat/guide_call.h"
#include "api/etag.h"
#include "api/handlers.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>

enum { ANSWERED = 1000 };

/* ---- what they have in common ---- */

const struct guide *guide_of(const struct call *c)
{
    const char *path = c->match.route->pattern;

    return strncmp(path, guide_simple.path, strlen(guide_simple.path)) == 0 ? &guide_simple
                                                                            : &guide_template;
}

void guide_failed(struct call *c, struct store *s, int r)
{
    if (r == STORE_MISSING)
        call_missing(c, "webhook");
    else if (r != ANSWERED)
        call_store_failed(c, s, r);
}

int guide_webhook(struct call *c, struct store *s, struct endpoint **ret, struct buf *ret_record)
{
    int r = store_endpoint_of(s, span_of(c->tenant), span_of(call_param(c, 0)), ret, ret_record);

    if (!r)
        return 0;
    guide_failed(c, s, r);
    return -EINVAL;
}

/* The answer names the version of what it shows. */
static void h_guide_tell(struct call *c, unsigned status, const struct endpoint *e, json_t *json)
{
    struct buf record;

    buf_init(&record, ENDPOINT_RECORD_MAX);
    endpoint_pack(&record, e);
    call_json(c, status, json);
    etag_tell(c, buf_span(&record));
    buf_fini(&record);
}

/* ---- what there is ---- */

void h_guide_list(struct call *c, struct store *s)
{
    struct tenant *t = NULL;
    int r = store_tenant_whole(s, span_of(c->tenant), &t);

    if (r)
        guide_failed(c, s, r == STORE_MISSING ? STORE_NO_TENANT : r);
    else
        call_json(c, 200, guide_webhooks_json(guide_of(c), t));
    (void)tenant_unref(t);
}

void h_guide_get(struct call *c, struct store *s)
{
    struct endpoint *e;

    if (guide_webhook(c, s, &e, NULL))
        return;
    h_guide_tell(c, 200, e, guide_webhook_json(guide_of(c), e, NULL));
    (void)endpoint_free(e);
}

/* ---- bodies ---- */

static bool is_shared(const struct guide *g, const char *name)
{
    for (size_t i = 0; i < GUIDE_MEMBERS_MAX && g->members[i]; i++)
        if (strcmp(g->members[i], name) == 0)
            return true;
    return false;
}

/* What was answered may be sent back: members that cannot be changed are passed over. */
static bool h_guide_is_ours(const char *name)
{
    return strcmp(name, "id") == 0 || strcmp(name, "created_at") == 0;
}

static int h_guide_take_member(const struct guide *g, struct endpoint_body *b, const char *name,
                               json_t *value, struct diag *diag)
{
    int r = g->take_use(&b->spec.use, name, value, diag);

    if (r != BODY_OTHER)
        return r;
    if (is_shared(g, name))
        return endpoint_body_take(b, name, value, diag);
    return h_guide_is_ours(name) ? 0
                                 : diag_set(diag, "%.40s: unknown; expected %s", name, g->names);
}

static int read_members(const struct guide *g, struct endpoint_body *b, json_t *object,
                        struct diag *diag)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        int r = h_guide_take_member(g, b, name, value, diag);

        if (r)
            return r;
    }
    return 0;
}

/* endpoint_body_fini() in any case. -EINVAL: answered. */
static int h_guide_read_body(struct call *c, struct endpoint_body *b)
{
    struct diag diag = {""};
    json_t *object;
    int r;

    *b = (struct endpoint_body){0};
    if (call_object(c, &object))
        return -EINVAL;
    r = endpoint_body_init(b, call_body(c), &diag);
    r = r ? r : read_members(guide_of(c), b, object, &diag);
    if (r == -EINVAL)
        call_refuse(c, &diag);
    else if (r)
        call_problem(c, 503, NULL, "out of memory");
    return r ? -EINVAL : 0;
}

/* ---- changes ---- */

/* A secret that was made is shown this once. */
static void h_guide_tell_made(struct call *c, const struct endpoint *e, const char *given,
                              const char *made)
{
    const struct guide *g = guide_of(c);
    char place[128];

    if (*made)
        given = made;
    else if (!g->shows_secret)
        given = NULL;
    h_guide_tell(c, 201, e, guide_webhook_json(g, e, given));
    (void)snprintf(place, sizeof(place), "%s/%s", g->path, e->id);
    call_field(c, "Location", place);
}

static void h_guide_make(struct call *c, struct store *s, struct endpoint_body *b)
{
    const struct endpoint_rules rules = {.egress = c->api->egress, .key = &s->key};
    struct endpoint *e = NULL;
    struct made_secret made;
    int r = spec_dialect(&b->spec, "dialect", guide_of(c)->dialect, &s->words);

    if (!b->spec.url) {
        call_problem(c, 400, "url", "missing");
        return;
    }
    r = r ? r : endpoint_spec_add(s, span_of(c->tenant), &b->spec, &rules, &e, &made);
    if (r)
        guide_failed(c, s, r);
    else
        h_guide_tell_made(c, e, b->spec.secret, made.text);
    OPENSSL_cleanse(&made, sizeof(made));
    (void)endpoint_free(e);
}

void h_guide_post(struct call *c, struct store *s)
{
    struct endpoint_body b;

    if (!h_guide_read_body(c, &b))
        h_guide_make(c, s, &b);
    endpoint_body_fini(&b);
}

static int may_change(void *arg, struct span record)
{
    return etag_check(arg, record) ? ANSWERED : 0;
}

static void h_guide_change(struct call *c, struct store *s, struct endpoint_body *b)
{
    const struct endpoint_rules rules = {.egress = c->api->egress, .key = &s->key};
    struct endpoint *e = NULL;
    struct made_secret made;
    int r = endpoint_spec_change(s, span_of(c->tenant), span_of(call_param(c, 0)), &b->spec, &rules,
                                 may_change, c, &e, &made);

    if (r)
        guide_failed(c, s, r);
    else
        h_guide_tell(c, 200, e, guide_webhook_json(guide_of(c), e, NULL));
    (void)endpoint_free(e);
}

void h_guide_put(struct call *c, struct store *s)
{
    struct endpoint_body b;

    if (!h_guide_read_body(c, &b))
        h_guide_change(c, s, &b);
    endpoint_body_fini(&b);
}

static void h_guide_remove_it(struct call *c, struct store *s, const struct endpoint *e,
                              struct span record)
{
    int r;

    if (etag_check(c, record))
        return;
    r = store_endpoint_remove_if(s, e, call_header(c, "if-match") ? record : SPAN(""));
    if (r)
        guide_failed(c, s, r);
    else
        call_empty(c, 204);
}

void h_guide_delete(struct call *c, struct store *s)
{
    struct endpoint *e;
    struct buf record;

    buf_init(&record, ENDPOINT_RECORD_MAX);
    if (!guide_webhook(c, s, &e, &record)) {
        h_guide_remove_it(c, s, e, buf_span(&record));
        (void)endpoint_free(e);
    }
    buf_fini(&record);
}
