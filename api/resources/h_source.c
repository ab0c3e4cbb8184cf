/* SPDX-License-Identifier: Apache-2.0 */
/* h_source.c: inbound sources: who may send webhooks to a tenant, and which events they become. */
#include "admin/inbound/source_spec.h"
#include "admin/inbound/store_source.h"
#include "admin/store/store_update.h"
#include "api/call.h"
#include "api/handlers.h"
#include "api/resources/delivery_view.h"
#include <errno.h>
#include <openssl/crypto.h>

/* ---- views ---- */

static json_t *pick_json(const struct source_pick *pick)
{
    static const char *const names[] = {"fixed", "header", "path", "body"};

    if (pick->from == SOURCE_FROM_BODY)
        return json_pack("{s:b}", "body", 1);
    return json_pack("{s:s}", names[pick->from], pick->text);
}

static json_t *h_source_type_json(const struct source *s)
{
    json_t *json = pick_json(&s->type);

    if (json && *s->type_prefix)
        (void)json_object_set_new(json, "prefix", json_string(s->type_prefix));
    return json;
}

static json_t *kept_json(const struct source *s)
{
    json_t *all = json_array();

    for (unsigned i = 0; i < s->n_kept; i++)
        (void)json_array_append_new(all, json_string(s->kept[i]));
    return all;
}

/* How a call proves itself, as far as it is not the kind's own affair. */
static void add_scheme(json_t *json, const struct source *s)
{
    enum source_check check = s->kind->check;

    if (check != SOURCE_STANDARD && check != SOURCE_BASIC) {
        (void)json_object_set_new(json, "header", json_string(s->header));
        (void)json_object_set_new(json, "prefix", json_string(s->prefix));
    }
    if (check == SOURCE_HMAC_HEX || check == SOURCE_HMAC_BASE64)
        (void)json_object_set_new(json, "algorithm",
                                  json_string(source_algorithm_name(s->algorithm)));
    if (check == SOURCE_STRIPE || check == SOURCE_STANDARD)
        (void)json_object_set_new(json, "tolerance",
                                  json_sprintf("%lldms", (long long)s->tolerance_ms));
}

static json_t *h_source_to_json(const struct source *s)
{
    json_t *json = json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "id", s->id,
                             "name", json_of_text(span_of(s->name)), "kind", s->kind->name, "path",
                             json_sprintf("/in/%s", s->id), "event_type", h_source_type_json(s),
                             "unique_by", pick_json(&s->unique), "headers", kept_json(s), "secrets",
                             (json_int_t)s->secrets.n, "created_at", json_of_time(s->created_ms),
                             "updated_at", json_of_time(s->updated_ms));

    if (json)
        add_scheme(json, s);
    return json;
}

/* A secret that was made is shown this once. */
static void h_source_answer(struct call *c, unsigned status, const struct source *s,
                            const char *made)
{
    json_t *json = h_source_to_json(s);

    if (json && *made)
        (void)json_object_set_new(json, "secret", json_string(made));
    call_json(c, status, json);
}

static void h_source_tell_failed(struct call *c, struct store *s, int r)
{
    if (r == STORE_MISSING)
        call_missing(c, "source");
    else if (r == STORE_TOO_MANY)
        call_problem(c, 409, NULL, "the tenant has as many sources as it may have");
    else if (r == -ENOKEY)
        call_problem(c, 400, NULL, "master_key: not set, but secrets are kept encrypted");
    else
        call_store_failed(c, s, r);
}

/* ---- one ---- */

/* The one that the call names; STORE_MISSING also when it is another tenant's. */
static int h_source_load(struct call *c, struct store *s, struct source **ret,
                         struct buf *ret_record)
{
    struct source *source = NULL;
    int r = store_source_get(s, span_of(call_param(c, 0)), &source, ret_record);

    if (!r && strcmp(source->tenant, c->tenant) != 0)
        r = STORE_MISSING;
    if (r)
        (void)source_free(source);
    else
        *ret = source;
    return r;
}

void h_source_get(struct call *c, struct store *s)
{
    struct source *source = NULL;
    char why[80];
    json_t *json;
    int64_t n;
    int r = h_source_load(c, s, &source, NULL);

    r = r ? r : store_source_refusals(s, source, &n, why);
    if (r) {
        h_source_tell_failed(c, s, r);
    } else {
        json = h_source_to_json(source);
        if (json)
            (void)json_object_set_new(json, "refused",
                                      json_pack("{s:I, s:o}", "this_hour", (json_int_t)n,
                                                "last_reason", json_of_text(span_of(why))));
        call_json(c, 200, json);
    }
    (void)source_free(source);
}

static void h_source_add_to_list(void *arg, const struct source *source)
{
    (void)json_array_append_new(arg, h_source_to_json(source));
}

void h_source_list(struct call *c, struct store *s)
{
    json_t *found = json_array();
    int r = store_sources(s, span_of(c->tenant), h_source_add_to_list, found);

    if (r)
        h_source_tell_failed(c, s, r);
    else
        call_json(c, 200, json_pack("{s:O}", "sources", found));
    json_decref(found);
}

/* ---- changes ---- */

static int h_source_make(struct call *c, struct store *s, const json_t *body, struct source **ret,
                         char made[SIGN_SECRET_SIZE])
{
    int64_t now_ms;
    int r = store_change_begin(s, &now_ms);

    r = r ? r
          : source_spec_make(ret, body, c->tenant, s->keys.partitions, &s->key, now_ms, made,
                             &s->words);
    return r ? r : store_source_put(s, *ret, SPAN(""));
}

void h_source_post(struct call *c, struct store *s)
{
    char made[SIGN_SECRET_SIZE] = "";
    struct source *source = NULL;
    json_t *body;
    int r;

    if (call_object(c, &body))
        return;
    r = h_source_make(c, s, body, &source, made);
    if (r)
        h_source_tell_failed(c, s, r);
    else
        h_source_answer(c, 201, source, made);
    (void)source_free(source);
    OPENSSL_cleanse(made, sizeof(made));
}

struct source_change {
    struct call *c;
    const json_t *body;
    struct source *source; /* as it is now */
    char made[SIGN_SECRET_SIZE];
};

static int h_source_change_once(void *arg, struct store *s, struct buf *record)
{
    struct source_change *v = arg;
    int64_t now_ms;
    int r = store_change_begin(s, &now_ms);

    v->source = source_free(v->source);
    r = r ? r : h_source_load(v->c, s, &v->source, record);
    r = r ? r : source_spec_apply(v->source, v->body, &s->key, now_ms, v->made, &s->words);
    return r ? r : store_source_put(s, v->source, buf_span(record));
}

void h_source_patch(struct call *c, struct store *s)
{
    struct source_change v = {.c = c};
    json_t *body;
    int r;

    if (call_object(c, &body))
        return;
    v.body = body;
    r = store_update(s, h_source_change_once, &v);
    if (r)
        h_source_tell_failed(c, s, r);
    else
        h_source_answer(c, 200, v.source, v.made);
    (void)source_free(v.source);
    OPENSSL_cleanse(v.made, sizeof(v.made));
}

static int remove_once(void *arg, struct store *s, struct buf *record)
{
    struct source *source = NULL;
    int r = h_source_load(arg, s, &source, record);

    r = r ? r : store_source_remove(s, source, buf_span(record));
    (void)source_free(source);
    return r;
}

void h_source_delete(struct call *c, struct store *s)
{
    int r = store_update(s, remove_once, c);

    if (r)
        h_source_tell_failed(c, s, r);
    else
        call_empty(c, 204);
}
