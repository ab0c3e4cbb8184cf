/* SPDX-License-Identifier: Apache-2.0 */
/* h_tenants.c: tenants: an operator's, but each may look at its own. */
#include "admin/store/store_update.h"
#include "api/api.h"
#include "api/etag.h"
#include "api/handlers.h"
#include "api/resources/tenant_view.h"
#include "common/base/text.h"
#include <errno.h>
#include <stdio.h>

enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 1000, RECORD_MAX = 64 << 10, REFUSED = 100 };

static void h_tenants_tell_failed(struct call *c, const struct store *s, int r)
{
    if (r == STORE_MISSING)
        call_missing(c, "tenant");
    else if (r == STORE_EXISTS)
        call_problem(c, 409, "id", "there is such a tenant already");
    else if (r != REFUSED) /* answered */
        call_store_failed(c, s, r);
}

/* ---- many ---- */

enum { ENOUGH = 1 };

struct listing {
    const struct settings *settings;
    json_t *found;
    size_t limit;
    char last[72];
    bool has_more;
};

static int h_tenants_each(void *arg, const struct tenant *t)
{
    struct listing *l = arg;

    if (json_array_size(l->found) == l->limit) {
        l->has_more = true;
        return ENOUGH;
    }
    (void)snprintf(l->last, sizeof(l->last), "%s", t->id);
    (void)json_array_append_new(l->found, tenant_v1_json(t, l->settings));
    return 0;
}

void h_tenant_list(struct call *c, struct store *s)
{
    const char *after = call_query(c, "cursor");
    struct listing l = {.settings = s->settings};
    int64_t limit;
    int r;

    if (call_query_i64(c, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT, &limit))
        return;
    l.limit = (size_t)limit;
    l.found = json_array();
    r = store_tenants_after(s, after ? after : "", h_tenants_each, &l);
    if (r < 0)
        call_store_failed(c, s, r);
    else
        call_json(c, 200,
                  json_pack("{s:O, s:o}", "tenants", l.found, "next_cursor",
                            l.has_more ? json_string(l.last) : json_null()));
    json_decref(l.found);
}

/* ---- one ---- */

static void h_tenants_tell(struct call *c, const struct store *s, unsigned status,
                           const struct tenant *t)
{
    struct buf record;

    buf_init(&record, RECORD_MAX);
    tenant_pack(&record, t);
    call_json(c, status, tenant_v1_json(t, s->settings));
    etag_tell(c, buf_span(&record));
    buf_fini(&record);
}

static int add_load(struct store *s, struct span id, json_t *json)
{
    struct tenant *whole = NULL;
    struct tenant_load load;
    int r = store_tenant_whole(s, id, &whole);

    r = r ? r : store_tenant_load(s, whole, &load);
    if (!r) {
        (void)json_object_set_new(json, "endpoints", json_integer(whole->n_endpoints));
        (void)json_object_set_new(json, "load", tenant_v1_load(&load));
    }
    (void)tenant_unref(whole);
    return r;
}

static void h_tenants_get(struct call *c, struct store *s, struct span id)
{
    struct tenant *t = NULL;
    json_t *json = NULL;
    struct buf record;
    int r;

    buf_init(&record, RECORD_MAX);
    r = store_tenant_get(s, id, &t, &record);
    if (!r) {
        json = tenant_v1_json(t, s->settings);
        r = add_load(s, id, json);
    }
    if (r) {
        h_tenants_tell_failed(c, s, r);
    } else {
        call_json(c, 200, json_incref(json));
        etag_tell(c, buf_span(&record));
    }
    json_decref(json);
    buf_fini(&record);
    (void)tenant_unref(t);
}

void h_tenant_get(struct call *c, struct store *s)
{
    const char *id = call_param(c, 0);

    /* Others' are, to a tenant, as if they were not there. */
    if (!text_is_name(span_of(id), 64) || (*c->who.tenant && strcmp(c->who.tenant, id) != 0))
        call_missing(c, "tenant");
    else
        h_tenants_get(c, s, span_of(id));
}

/* ---- changes ---- */

void h_tenant_post(struct call *c, struct store *s)
{
    struct tenant_spec spec;
    struct tenant *t = NULL;
    const char *id = NULL;
    struct diag diag;
    char place[128];
    json_t *body;
    int r;

    if (call_object(c, &body))
        return;
    if (tenant_body_parse(&spec, body, &id, &diag)) {
        call_refuse(c, &diag);
        return;
    }
    if (!id) {
        call_problem(c, 400, "id", "missing");
        return;
    }
    r = tenant_spec_add(s, span_of(id), &spec, &t);
    if (r) {
        h_tenants_tell_failed(c, s, r);
        return;
    }
    h_tenants_tell(c, s, 201, t);
    (void)snprintf(place, sizeof(place), "/v1/tenants/%s", id);
    call_field(c, "Location", place);
    (void)tenant_unref(t);
}

static int h_tenants_may(void *arg, struct span record)
{
    return etag_check(arg, record) ? REFUSED : 0;
}

void h_tenant_patch(struct call *c, struct store *s)
{
    struct tenant_spec spec;
    struct tenant *t = NULL;
    struct diag diag;
    json_t *body;
    int r;

    if (call_object(c, &body))
        return;
    if (tenant_body_parse(&spec, body, NULL, &diag)) {
        call_refuse(c, &diag);
        return;
    }
    r = tenant_spec_change(s, span_of(call_param(c, 0)), &spec, h_tenants_may, c, &t);
    if (r)
        h_tenants_tell_failed(c, s, r);
    else
        h_tenants_tell(c, s, 200, t);
    (void)tenant_unref(t);
}

/* Only the version that was looked at, where the call names one. */
static int h_tenants_remove_this(void *arg, struct store *s, struct buf *record)
{
    struct call *c = arg;
    struct span id = span_of(call_param(c, 0));
    struct tenant *t = NULL;
    int r = store_tenant_get(s, id, &t, record);

    if (!r && etag_check(c, buf_span(record)))
        r = REFUSED;
    r = r ? r : store_tenant_remove_if(s, id, buf_span(record));
    (void)tenant_unref(t);
    return r;
}

void h_tenant_delete(struct call *c, struct store *s)
{
    int r = store_update(s, h_tenants_remove_this, c);

    if (r)
        h_tenants_tell_failed(c, s, r);
    else
        call_empty(c, 204);
}
