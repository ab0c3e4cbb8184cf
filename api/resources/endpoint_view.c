/* SPDX-License-Identifier: Apache-2.0 */
#include "api/resources/endpoint_view.h"
#include "api/resources/delivery_view.h"
#include "common/base/text.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>

enum { PART_BYTES_MAX = 4096 };

static void endpoint_view_set(json_t *of, const char *name, json_t *value)
{
    (void)json_object_set_new(of, name, value);
}

/* ---- the policy ---- */

void policy_v1_name(char ret[32], enum policy_part part)
{
    (void)snprintf(ret, 32, "%s", policy_part_name(part));
    for (char *c = ret; *c; c++)
        *c = *c == '-' ? '_' : *c;
}

/* Numbers as numbers, headers as an object, the rest as it is written. NULL: the dialect's. */
static json_t *part_json(enum policy_part part, const char *text)
{
    json_t *headers;
    int64_t number;

    if (!text)
        return json_null();
    if ((part == POLICY_retries || part == POLICY_jitter) && !parse_i64(span_of(text), &number))
        return json_integer(number);
    if (part == POLICY_headers && (headers = json_loads(text, 0, NULL)))
        return headers;
    return json_of_text(span_of(text));
}

static void endpoint_view_set_part(json_t *of, enum policy_part part, const char *text)
{
    char name[32];

    policy_v1_name(name, part);
    endpoint_view_set(of, name, part_json(part, text));
}

static void endpoint_view_set_row(json_t *of, const struct dialect *row)
{
    struct buf text;

    for (unsigned i = 0; i < N_POLICY_PARTS; i++) {
        if (i == POLICY_headers)
            continue;
        buf_init(&text, PART_BYTES_MAX);
        policy_part_write(&text, row, (enum policy_part)i);
        endpoint_view_set_part(of, (enum policy_part)i, text.data ? text.data : "");
        buf_fini(&text);
    }
}

json_t *policy_v1_json(const struct dialect *row)
{
    json_t *json = json_object();

    if (json)
        endpoint_view_set_row(json, row);
    return json;
}

/* ---- the endpoint ---- */

static json_t *events_json(const struct endpoint *e)
{
    json_t *all = json_array();

    for (unsigned i = 0; all && i < e->n_events; i++)
        (void)json_array_append_new(all, json_string(e->events[i]));
    return all;
}

static json_t *secrets_json(const struct endpoint_secrets *s)
{
    json_t *all = json_array();

    for (unsigned i = 0; all && i < s->n; i++)
        (void)json_array_append_new(all, json_pack("{s:s, s:o, s:o, s:o}", "id", s->all[i].id,
                                                   "created_at", json_of_time(s->all[i].created_ms),
                                                   "signs_until", json_of_time(s->all[i].until_ms),
                                                   "public_key",
                                                   json_of_text(span_of(s->all[i].public_text))));
    return all;
}

static void set_state(json_t *json, const struct endpoint *e)
{
    endpoint_view_set(json, "state", json_string(e->disabled_reason ? "disabled" : "enabled"));
    endpoint_view_set(json, "disabled_reason",
                      e->disabled_reason ? json_of_text(span_of(e->disabled_reason)) : json_null());
    endpoint_view_set(json, "disabled_at", json_of_time(e->disabled_reason ? e->disabled_ms : 0));
    endpoint_view_set(json, "created_at", json_of_time(e->created_ms));
}

static void set_effective(json_t *json, const struct endpoint *e, const struct settings *settings)
{
    json_t *effective = policy_v1_json(&e->policy.row);
    unsigned slots = e->slots ? e->slots : (unsigned)settings->endpoint_slots;

    if (effective)
        endpoint_view_set(effective, "slots", json_integer(slots));
    endpoint_view_set(json, "effective", effective);
}

static void endpoint_view_set_tls(json_t *json, const struct endpoint *e)
{
    endpoint_view_set(json, "ca", json_of_text(span_of(e->ca)));
    endpoint_view_set(json, "client_cert", json_of_text(span_of(e->client_cert)));
    endpoint_view_set(json, "has_client_key", json_boolean(e->client_key.len));
}

json_t *endpoint_v1_json(const struct endpoint *e, const struct settings *settings)
{
    json_t *json = json_object();

    if (!json)
        return NULL;
    endpoint_view_set(json, "id", json_string(e->id));
    endpoint_view_set(json, "tenant", json_string(e->tenant));
    endpoint_view_set(json, "url", json_of_text(span_of(e->url)));
    endpoint_view_set(json, "description", json_of_text(span_of(e->description)));
    endpoint_view_set(json, "dialect", json_string(e->dialect->name));
    endpoint_view_set(json, "events", events_json(e));
    endpoint_view_set(json, "slots", e->slots ? json_integer(e->slots) : json_null());
    for (unsigned i = 0; i < N_POLICY_PARTS; i++)
        endpoint_view_set_part(json, (enum policy_part)i, e->policy.texts[i]);
    endpoint_view_set_tls(json, e);
    endpoint_view_set(json, "secrets", secrets_json(&e->secrets));
    if (settings)
        set_effective(json, e, settings);
    set_state(json, e);
    return json;
}

/* "{…}" → "{…,"filter":…}" */
void endpoint_v1_write(struct buf *ret, json_t *json, const struct endpoint *e)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    json_decref(json);
    if (!text) {
        ret->error = -ENOMEM;
        return;
    }
    buf_add(ret, text, strlen(text) - 1);
    buf_add_text(ret, ",\"filter\":");
    buf_add_text(ret, *e->filter_text ? e->filter_text : "null");
    buf_add_text(ret, "}");
    OPENSSL_cleanse(text, strlen(text)); /* a new secret is shown once */
    free(text);
}

json_t *endpoint_v1_load(const struct endpoint_load *load)
{
    json_t *slowed = json_null();

    if (load->is_slow)
        slowed =
            json_pack("{s:b, s:I, s:o}", "resting", load->rests, "slots",
                      (json_int_t)load->slow_slots, "until", json_of_time(load->slow_until_ms));
    return json_pack("{s:I, s:I, s:I, s:o}", "in_flight", (json_int_t)load->in_flight, "waiting",
                     (json_int_t)load->waiting, "failures_in_row", (json_int_t)load->failures,
                     "slowed", slowed);
}
