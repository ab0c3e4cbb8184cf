/* SPDX-License-Identifier: Apache-2.0 */
/* h_filters.c: dry runs: would an endpoint, or a filter that nobody has yet, take an event, and why. Nothing is sent.
 *
 * Bodies are read as they are written, as the workers read events: data is not rebuilt, its numbers stay decimals. */
#include "admin/event/store_event.h"
#include "admin/tenant/endpoint_change.h"
#include "admin/tenant/endpoint_match.h"
#include "api/api.h"
#include "api/handlers.h"
#include "api/resources/delivery_view.h"
#include "api/resources/endpoint_call.h"
#include "common/base/text.h"
#include "common/json/json_scan.h"
#include "common/json/json_string.h"
#include <errno.h>

enum { NAME_BYTES_MAX = 256 };

/* What is asked: members of the body, and the event that it names. */
struct question {
    struct span type, data, event, filter; /* empty: not there; type and event without quotes */
    char type_text[NAME_BYTES_MAX], event_text[NAME_BYTES_MAX];
    struct stored_event stored; /* is_stored */
    bool is_stored;
};

static void question_fini(struct question *q)
{
    if (q->is_stored)
        stored_event_fini(&q->stored);
}

/* ---- the body ---- */

static int h_filters_take_text(struct call *c, const char *name, struct span value,
                               char place[NAME_BYTES_MAX], struct span *ret)
{
    enum json_kind kind;
    size_t len;

    value = json_value(value, &kind);
    if (kind == JSON_KIND_STRING) {
        len =
            json_string_plain(place, NAME_BYTES_MAX, (struct span){value.data + 1, value.len - 2});
        *ret = (struct span){place, len};
        if (len && len <= NAME_BYTES_MAX)
            return 0;
    }
    call_problem(c, 400, name, "expected a text that is not empty");
    return -EINVAL;
}

static int h_filters_take(struct call *c, struct question *q, bool has_type, struct span name,
                          struct span value)
{
    if (has_type && json_string_equal(name, SPAN("type")))
        return h_filters_take_text(c, "type", value, q->type_text, &q->type);
    if (json_string_equal(name, SPAN("event")))
        return h_filters_take_text(c, "event", value, q->event_text, &q->event);
    if (json_string_equal(name, SPAN("data")))
        q->data = value;
    else if (json_string_equal(name, SPAN("filter")))
        q->filter = value;
    else {
        call_problem(c, 400, "body", "expected %sdata or event, and filter, nothing else",
                     has_type ? "type and " : "");
        return -EINVAL;
    }
    return 0;
}

static int h_filters_read_body(struct call *c, struct question *q, bool has_type)
{
    struct span body = call_body(c), name, value;
    struct diag diag = {""};
    enum json_kind kind;
    struct json_walk w;

    if (json_check(body, &diag)) {
        call_problem(c, 400, NULL, "the body is not JSON: %s", diag.text);
        return -EINVAL;
    }
    (void)json_value(body, &kind);
    if (kind != JSON_KIND_OBJECT) {
        call_problem(c, 400, NULL, "the body is no JSON object");
        return -EINVAL;
    }
    for (json_walk_begin(&w, body); json_walk_next(&w, &name, &value);)
        if (h_filters_take(c, q, has_type, name, value))
            return -EINVAL;
    return 0;
}

/* ---- the event ---- */

static int load_event(struct call *c, struct store *s, struct question *q)
{
    unsigned partition;
    char stream_id[48];
    int r = id_event_parse(q->event, &partition, stream_id);

    if (r || partition >= s->keys.partitions) {
        call_problem(c, 400, "event", "expected an event's id: evt_<partition>_<ms>_<number>");
        return -EINVAL;
    }
    r = store_event_get(s, partition, span_of(stream_id), &q->stored);
    q->is_stored = r == 0;
    if (!r && q->stored.is_readable &&
        span_equal(q->stored.event.fields.tenant, span_of(c->tenant)))
        return 0;
    if (r && r != STORE_MISSING)
        call_store_failed(c, s, r);
    else
        call_missing(c, "event");
    return -EINVAL;
}

static int check_type(struct call *c, const struct question *q)
{
    if (text_is_name(q->type, EVENT_TYPE_MAX))
        return 0;
    call_problem(c, 400, "type", "expected 1 to %d of A-Z a-z 0-9 _ - . :, or event instead",
                 EVENT_TYPE_MAX);
    return -EINVAL;
}

static int choose_event(struct call *c, struct store *s, struct question *q, bool has_type)
{
    if (!q->event.len) {
        if (!q->data.len)
            q->data = SPAN("{}");
        return has_type ? check_type(c, q) : 0;
    }
    if (q->type.len || q->data.len) {
        call_problem(c, 400, "event", "expected instead of %sdata", has_type ? "type and " : "");
        return -EINVAL;
    }
    if (load_event(c, s, q))
        return -EINVAL;
    q->type = q->stored.event.fields.type;
    q->data = q->stored.event.fields.data;
    if (!json_check(q->data, NULL))
        return 0;
    call_problem(c, 409, "event", "its data is not JSON");
    return -EINVAL;
}

static int h_filters_ask(struct call *c, struct store *s, struct question *q, bool has_type)
{
    *q = (struct question){.is_stored = false};
    return h_filters_read_body(c, q, has_type) ? -EINVAL : choose_event(c, s, q, has_type);
}

/* ---- the answer ---- */

/* A line a condition → an array of texts. */
static json_t *lines_json(struct span text)
{
    json_t *all = json_array();

    while (all && text.len) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) : text.len;

        (void)json_array_append_new(all, json_of_text((struct span){text.data, len}));
        len += end ? 1 : 0;
        text = (struct span){text.data + len, text.len - len};
    }
    return all;
}

static void tell_match(struct call *c, const struct endpoint *e, const struct question *q)
{
    struct endpoint_match m;

    if (endpoint_match(&m, e, q->type, q->data))
        call_problem(c, 503, NULL, "out of memory");
    else
        call_json(
            c, 200,
            json_pack("{s:s, s:o, s:b, s:b, s:o, s:b, s:b, s:o, s:b}", "endpoint", e->id, "type",
                      json_of_text(q->type), "matches", endpoint_match_is_whole(&m), "enabled",
                      m.is_enabled, "disabled_reason",
                      e->disabled_reason ? json_of_text(span_of(e->disabled_reason)) : json_null(),
                      "type_matches", m.is_wanted, "filter_matches", m.is_matched, "filter_why",
                      e->filter ? lines_json(buf_span(&m.why)) : json_null(), "signed",
                      endpoint_signs(e, q->type)));
    endpoint_match_fini(&m);
}

/* Another filter in the place of its own; null: none. */
static int h_filters_try_filter(struct endpoint *e, struct span filter, struct diag *diag)
{
    enum json_kind kind;

    if (!filter.len)
        return 0;
    (void)json_value(filter, &kind);
    return endpoint_set_filter(e, kind == JSON_KIND_NULL ? SPAN("") : filter, diag);
}

void h_endpoint_match(struct call *c, struct store *s)
{
    struct endpoint *e = NULL;
    struct question q;
    int r;

    if (!h_filters_ask(c, s, &q, true)) {
        r = store_endpoint_of(s, span_of(c->tenant), span_of(call_param(c, 0)), &e, NULL);
        r = r ? r : h_filters_try_filter(e, q.filter, &s->words);
        if (r)
            endpoint_call_failed(c, s, r);
        else
            tell_match(c, e, &q);
    }
    (void)endpoint_free(e);
    question_fini(&q);
}

static void tell_filter(struct call *c, const struct filter *f, struct span data)
{
    bool matches = false;
    struct buf why;

    buf_init(&why, FILTER_EXPLAIN_BYTES_MAX);
    if (filter_explain(&why, f, data, &matches))
        call_problem(c, 503, NULL, "out of memory");
    else
        call_json(c, 200,
                  json_pack("{s:b, s:o, s:I}", "matches", matches, "why",
                            lines_json(buf_span(&why)), "conditions",
                            (json_int_t)filter_conditions(f)));
    buf_fini(&why);
}

void h_filter_test(struct call *c, struct store *s)
{
    struct filter *f = NULL;
    struct diag diag = {""};
    struct question q;
    int r;

    if (!h_filters_ask(c, s, &q, false)) {
        r = q.filter.len ? filter_parse(&f, q.filter, &diag)
                         : diag_set(&diag, "filter: missing; expected a JSON object");
        if (!r)
            tell_filter(c, f, q.data);
        else if (r == -EINVAL)
            call_refuse(c, &diag);
        else
            call_problem(c, 503, NULL, "out of memory");
    }
    f = filter_free(f);
    question_fini(&q);
}
