/* SPDX-License-Identifier: Apache-2.0 */
/* h_endpoint_change.c: endpoints changed: their parts, their secrets, whether they are used. */
#include "admin/tenant/endpoint_change.h"
#include "admin/tenant/endpoint_revoke.h"
#include "api/api.h"
#include "api/etag.h"
#include "api/handlers.h"
#include "api/resources/endpoint_call.h"
#include "common/model/format/extra_headers.h"
#include "common/model/options.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <strings.h>

/* Of one change: all of the old ones may go, and as many may come. */
enum { REASON_MAX = 200, HEADERS_MAX = 2 * EXTRA_HEADERS_MAX };

/* A body that need not be there: then *ret is NULL. */
static int read_object(struct call *c, json_t **ret)
{
    *ret = NULL;
    return call_body(c).len ? call_object(c, ret) : 0;
}

/* ---- parts ---- */

static int h_endpoint_change_take_overlap(struct endpoint_body *b, json_t *value, struct diag *diag)
{
    char number[32];

    if (json_is_null(value))
        return 0;
    if (json_is_string(value))
        return spec_overlap(&b->spec, "overlap", json_string_value(value), diag);
    if (!json_is_integer(value))
        return diag_set(diag, "overlap: expected a duration such as 24h");
    (void)snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
    return spec_overlap(&b->spec, "overlap", number, diag);
}

static int take_rotate(struct endpoint_body *b, json_t *value, struct diag *diag)
{
    if (!json_is_boolean(value))
        return diag_set(diag, "rotate: expected true or false");
    b->spec.wants_new_secret = json_is_true(value);
    return 0;
}

static int take_change(struct endpoint_body *b, const char *name, json_t *value, struct diag *diag)
{
    if (strcmp(name, "overlap") == 0)
        return h_endpoint_change_take_overlap(b, value, diag);
    if (strcmp(name, "rotate") == 0)
        return take_rotate(b, value, diag);
    if (strcmp(name, "state") == 0)
        return diag_set(diag, "state: cannot be set here; expected POST …/enable or …/disable");
    return BODY_OTHER;
}

/* Of a header's name case does not count. */
static void merge_header(json_t *all, const char *name, json_t *value)
{
    const char *old;
    json_t *ignored;
    void *next;

    json_object_foreach_safe(all, next, old, ignored)
    {
        if (strcasecmp(old, name) == 0)
            (void)json_object_del(all, old);
    }
    if (!json_is_null(value))
        (void)json_object_set(all, name, value);
}

/* What a change is asked for with, and what it does again when somebody else wrote in between. */
struct change {
    struct call *c;
    struct endpoint_body body;
    json_t *headers; /* of the body; NULL: they stay, or are replaced whole */
};

/* A member that is an object is merged with what is there (RFC 7396). A filter is not: in it, null is a value. */
static int merge_headers(struct change *change, const struct endpoint *e)
{
    struct endpoint_body *b = &change->body;
    const char *had = e->policy.texts[POLICY_headers], *name;
    json_t *all = had ? json_loads(had, 0, NULL) : json_object(), *value;

    if (!json_is_object(all)) {
        json_decref(all);
        all = json_object();
    }
    json_object_foreach(change->headers, name, value)
    {
        merge_header(all, name, value);
    }
    free(b->parts[POLICY_headers]);
    b->parts[POLICY_headers] = json_dumps(all, JSON_COMPACT);
    b->spec.parts[POLICY_headers] = json_object_size(all) ? b->parts[POLICY_headers] : "default";
    json_decref(all);
    return b->parts[POLICY_headers] ? 0 : -ENOMEM;
}

static int h_endpoint_change_may(void *arg, struct span record)
{
    struct change *change = arg;
    struct endpoint *e = NULL;
    int r;

    if (etag_check(change->c, record))
        return ENDPOINT_CALL_ANSWERED;
    if (!change->headers)
        return 0;
    if (json_object_size(change->headers) > HEADERS_MAX) {
        call_problem(change->c, 400, "headers", "expected at most %d at once", HEADERS_MAX);
        return ENDPOINT_CALL_ANSWERED;
    }
    r = endpoint_parse(&e, span_of(call_param(change->c, 0)), record);
    r = r ? r : merge_headers(change, e);
    (void)endpoint_free(e);
    return r;
}

/* "overlap: …" without a new secret would do nothing, and say nothing of it. */
static bool is_sensible(struct call *c, const struct endpoint_spec *spec)
{
    bool has_new = spec->secret || spec->wants_new_secret;

    if (spec->secret && spec->wants_new_secret)
        call_problem(c, 400, "rotate", "expected without secret, which is a new one itself");
    else if (spec->has_overlap && !has_new)
        call_problem(c, 400, "overlap", "expected with secret or rotate");
    else
        return true;
    return false;
}

static void h_endpoint_change_apply(struct store *s, struct change *change)
{
    struct call *c = change->c;
    struct made_secret made = {""};
    struct endpoint *e = NULL;
    struct endpoint_rules rules;
    int r = endpoint_rules_init(&rules, s, &s->words);

    r = r ? r
          : endpoint_spec_change(s, span_of(c->tenant), span_of(call_param(c, 0)),
                                 &change->body.spec, &rules, h_endpoint_change_may, change, &e,
                                 &made);
    if (r)
        endpoint_call_failed(c, s, r);
    else
        endpoint_call_tell(c, s, 200, &(struct endpoint_answer){.e = e, .made = &made});
    OPENSSL_cleanse(&made, sizeof(made));
    (void)endpoint_free(e);
}

void h_endpoint_patch(struct call *c, struct store *s)
{
    static const struct endpoint_call_options options = {"rotate, overlap", take_change};
    struct change change = {.c = c};

    if (!endpoint_call_read(c, &change.body, &options) && is_sensible(c, &change.body.spec) &&
        endpoint_call_has_key(c, s, &change.body.spec)) {
        change.headers = json_object_get(c->json, "headers");
        if (!json_is_object(change.headers))
            change.headers = NULL;
        h_endpoint_change_apply(s, &change);
    }
    endpoint_body_fini(&change.body);
}

/* ---- secrets ---- */

static int read_rotation(struct call *c, struct endpoint_body *b)
{
    struct diag diag = {""};
    const char *name;
    json_t *body, *value;
    int r = read_object(c, &body);

    if (r)
        return r;
    json_object_foreach(body, name, value)
    {
        if (strcmp(name, "overlap") == 0)
            r = h_endpoint_change_take_overlap(b, value, &diag);
        else if (strcmp(name, "secret") == 0)
            r = json_is_null(value) ? 0 : endpoint_body_take(b, name, value, &diag);
        else
            r = diag_set(&diag, "%.40s: unknown; expected secret, overlap", name);
        if (r) {
            call_refuse(c, &diag);
            return r;
        }
    }
    return 0;
}

void h_endpoint_rotate(struct call *c, struct store *s)
{
    struct change change = {.c = c};
    struct endpoint_spec *spec = &change.body.spec;

    if (!read_rotation(c, &change.body)) {
        spec->wants_new_secret = !spec->secret;
        if (endpoint_call_has_key(c, s, spec))
            h_endpoint_change_apply(s, &change);
    }
    endpoint_body_fini(&change.body);
}

/* {"secret_id": "sec_…"} or {"old": true} */
static int read_revocation(struct call *c, const char **ret)
{
    json_t *body, *id, *old;

    if (call_object(c, &body))
        return -EINVAL;
    id = json_object_get(body, "secret_id");
    old = json_object_get(body, "old");
    *ret = json_string_value(id);
    if (json_object_size(body) == 1 && (*ret || json_is_true(old)))
        return 0;
    call_problem(
        c, 400, id || !old ? "secret_id" : "old",
        "expected {\"secret_id\": \"sec_…\"}, or {\"old\": true} for all but the one in use");
    return -EINVAL;
}

void h_endpoint_revoke(struct call *c, struct store *s)
{
    struct endpoint_revocation what = {span_of(c->tenant), span_of(call_param(c, 0)), NULL};
    struct endpoint *e = NULL;
    unsigned n = 0;
    int r;

    if (read_revocation(c, &what.secret))
        return;
    r = store_endpoint_revoke(s, &what, &e, &n);
    if (r == -ENOENT)
        call_problem(c, 404, "secret_id", "the endpoint has no such secret");
    else if (r == -EBUSY)
        call_problem(c, 409, "secret_id",
                     "it is the one in use; to replace it at once: POST …/rotate {\"overlap\": 0}");
    else if (r)
        endpoint_call_failed(c, s, r);
    else
        endpoint_call_tell(c, s, 200, &(struct endpoint_answer){.e = e});
    (void)endpoint_free(e);
}

/* ---- is it used? ---- */

static int h_endpoint_change_get(struct call *c, struct store *s, struct endpoint **ret,
                                 struct buf *record)
{
    return store_endpoint_of(s, span_of(c->tenant), span_of(call_param(c, 0)), ret, record);
}

static void tell_again(struct call *c, struct store *s)
{
    struct endpoint *e = NULL;
    struct buf record;
    int r;

    buf_init(&record, ENDPOINT_RECORD_MAX);
    r = h_endpoint_change_get(c, s, &e, &record);
    if (r)
        endpoint_call_failed(c, s, r);
    else
        endpoint_call_tell(c, s, 200,
                           &(struct endpoint_answer){.e = e, .record = buf_span(&record)});
    buf_fini(&record);
    (void)endpoint_free(e);
}

void h_endpoint_enable(struct call *c, struct store *s)
{
    struct endpoint *e = NULL;
    int r = h_endpoint_change_get(c, s, &e, NULL);

    if (!r && !*e->url) {
        call_problem(c, 409, "url", "it has none yet");
        r = ENDPOINT_CALL_ANSWERED;
    }
    r = r ? r : store_endpoint_enable(s, e);
    if (r)
        endpoint_call_failed(c, s, r);
    else
        tell_again(c, s);
    (void)endpoint_free(e);
}

static int read_reason(struct call *c, const char **ret)
{
    struct diag diag = {""};
    json_t *body, *value;
    int r = read_object(c, &body);

    *ret = "disabled by hand";
    value = r ? NULL : json_object_get(body, "reason");
    if (r || !value || json_is_null(value))
        return r;
    if (!json_is_string(value) || !json_string_length(value))
        r = diag_set(&diag, "reason: expected a text that is not empty");
    else
        r = option_words(ret, "reason", json_string_value(value), REASON_MAX, &diag);
    if (r)
        call_refuse(c, &diag);
    return r;
}

void h_endpoint_disable(struct call *c, struct store *s)
{
    struct endpoint *e = NULL;
    const char *reason;
    int r;

    if (read_reason(c, &reason))
        return;
    r = h_endpoint_change_get(c, s, &e, NULL);
    r = r ? r : store_endpoint_disable(s, e, reason);
    if (r)
        endpoint_call_failed(c, s, r);
    else
        tell_again(c, s);
    (void)endpoint_free(e);
}
