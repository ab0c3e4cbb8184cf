/* SPDX-License-Identifier: Apache-2.0 */
#include "api/resources/endpoint_call.h"
#include "api/etag.h"
#include "api/resources/endpoint_view.h"
#include "common/base/text.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>

/* ---- what went wrong ---- */

/* The store's words have names as the command line has them: header-prefix, --secret. */
static void endpoint_call_refuse(struct call *c, struct diag *words)
{
    char *to = words->text, *from = words->text;

    for (; *from && *from != ':' && *from != ' '; from++)
        *to++ = *from == '-' ? '_' : *from;
    for (; *from; from++)
        if (strncmp(from, "--", 2) == 0)
            from++;
        else
            *to++ = *from;
    *to = '\0';
    call_refuse(c, words);
}

void endpoint_call_failed(struct call *c, struct store *s, int r)
{
    switch (r) {
    case ENDPOINT_CALL_ANSWERED:
        return;
    case STORE_MISSING:
        call_missing(c, "endpoint");
        return;
    case -EINVAL:
        endpoint_call_refuse(c, &s->words);
        return;
    default:
        call_store_failed(c, s, r);
    }
}

bool endpoint_call_has_key(struct call *c, const struct store *s, const struct endpoint_spec *spec)
{
    bool needs_one = spec->secret || spec->wants_new_secret || spec->client_key;

    if (!needs_one || s->key.is_set)
        return true;
    call_problem(c, 503, NULL,
                 "secrets are kept encrypted, but there is no master key (master_key)");
    return false;
}

/* ---- the body ---- */

static int endpoint_call_take(struct endpoint_body *b, const struct endpoint_call_options *o,
                              const char *name, json_t *value, struct diag *diag)
{
    int r = endpoint_body_take(b, name, value, diag);

    if (r == BODY_OTHER && o->take)
        r = o->take(b, name, value, diag);
    if (r == BODY_OTHER)
        r = diag_set(diag, "%.40s: cannot be set; expected %s, %s or a part of a policy",
                     text_is_name(span_of(name), 64) ? name : "body", endpoint_body_names, o->also);
    return r;
}

static int take_all(struct call *c, struct endpoint_body *b, const struct endpoint_call_options *o,
                    struct diag *diag)
{
    const char *name;
    json_t *body, *value;
    int r = endpoint_body_init(b, call_body(c), diag);

    if (r)
        return r;
    if (call_object(c, &body))
        return ENDPOINT_CALL_ANSWERED;
    json_object_foreach(body, name, value)
    {
        r = endpoint_call_take(b, o, name, value, diag);
        if (r)
            return r;
    }
    return 0;
}

int endpoint_call_read(struct call *c, struct endpoint_body *b,
                       const struct endpoint_call_options *o)
{
    struct diag diag = {""};
    int r = take_all(c, b, o, &diag);

    if (r == -EINVAL)
        endpoint_call_refuse(c, &diag);
    else if (r < 0)
        call_problem(c, 503, NULL, "out of memory");
    return r;
}

/* ---- the answer ---- */

static void tell_version(struct call *c, const struct endpoint_answer *a)
{
    struct buf record;

    buf_init(&record, ENDPOINT_RECORD_MAX);
    if (!a->record.len)
        endpoint_pack(&record, a->e);
    etag_tell(c, a->record.len ? a->record : buf_span(&record));
    buf_fini(&record);
}

static json_t *answer_json(const struct store *s, const struct endpoint_answer *a)
{
    json_t *json = endpoint_v1_json(a->e, s->settings);

    if (json && a->load)
        (void)json_object_set_new(json, "load", endpoint_v1_load(a->load));
    if (json && a->made && *a->made->text)
        (void)json_object_set_new(json, "secret", json_string(a->made->text));
    return json;
}

void endpoint_call_tell(struct call *c, const struct store *s, unsigned status,
                        const struct endpoint_answer *a)
{
    json_t *json = answer_json(s, a), *secret = json_object_get(json, "secret");

    json_incref(secret);
    call_empty(c, status);
    c->type = "application/json";
    endpoint_v1_write(&c->body, json, a->e);
    if (secret) {
        OPENSSL_cleanse((void *)(uintptr_t)json_string_value(secret), json_string_length(secret));
        call_field(c, "Cache-Control", "no-store");
    }
    json_decref(secret);
    if (buf_result(&c->body))
        call_empty(c, 500);
    (void)snprintf(c->made, sizeof(c->made), "%s", a->e->id);
    tell_version(c, a);
}
