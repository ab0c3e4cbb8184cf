/* SPDX-License-Identifier: Apache-2.0 */
#include "api/resources/delivery_view.h"
#include "common/base/buf.h"
#include "common/base/text.h"
#include "common/model/destination.h"

enum { TEXT_BYTES_MAX = 1 << 20 };

json_t *json_of_text(struct span text)
{
    struct buf clean;
    json_t *json;

    if (!text.len)
        return json_null();
    if (text_is_utf8(text))
        return json_stringn(text.data, text.len);
    buf_init(&clean, TEXT_BYTES_MAX);
    while (text.len) {
        size_t n = utf8_char(text);

        buf_add_span(&clean, n ? (struct span){text.data, n} : SPAN("\xef\xbf\xbd"));
        n = n ? n : 1;
        text = (struct span){text.data + n, text.len - n};
    }
    json = buf_result(&clean) ? NULL : json_stringn(clean.data, clean.len);
    buf_fini(&clean);
    return json;
}

json_t *json_of_time(int64_t ms)
{
    char text[ISO_TIME_LEN];

    if (!ms)
        return json_null();
    iso_time_write(text, ms);
    return json_stringn(text, sizeof(text));
}

static json_t *number_or_null(int64_t value)
{
    return value ? json_integer(value) : json_null();
}

static json_t *url_json(const char *url)
{
    return json_of_text(span_of(url));
}

/* The kind of destination that an attempt went to: records leave out the first. */
static json_t *destination_json(struct span name)
{
    const struct destination_type *type = destination_type_find(name);

    return type ? json_string(type->name) : json_of_text(name);
}

json_t *delivery_v1_json(const struct delivery_record *d, const char *url)
{
    const struct record_entry *created = delivery_created(d), *a = delivery_last_attempt(d);
    bool is_final = delivery_is_final(d);
    char event[64];

    if (id_event(event, d->partition, created->event))
        event[0] = '\0';
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "id", d->id, "event", json_of_text(span_of(event)), "endpoint",
        json_of_text(created->endpoint), "url", url_json(url), "type", json_of_text(created->type),
        "status", json_of_text(delivery_status(d)), "reason",
        json_of_text(is_final ? delivery_last(d)->reason : SPAN("")), "attempts",
        (json_int_t)(a ? a->attempt : 0), "last_attempt_at", json_of_time(a ? a->ms : 0),
        "destination", a ? destination_json(a->destination) : json_null(), "response_status",
        number_or_null(a ? a->status : 0), "response_ms",
        a ? json_integer(a->duration_ms) : json_null(), "error_code",
        json_of_text(a ? a->code : SPAN("")), "error_message",
        json_of_text(a ? a->message : SPAN("")), "created_at", json_of_time(created->ms),
        "ended_at", json_of_time(is_final ? delivery_last(d)->ms : 0), "next_attempt_at",
        json_of_time(delivery_next_ms(d)));
}

static json_t *v1_attempt(const struct record_entry *a)
{
    return json_pack("{s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "attempt", (json_int_t)a->attempt,
                     "at", json_of_time(a->ms), "destination", destination_json(a->destination),
                     "response_status", number_or_null(a->status), "response_ms",
                     (json_int_t)a->duration_ms, "error_code", json_of_text(a->code),
                     "error_message", json_of_text(a->message), "response_body",
                     json_of_text(a->response));
}

json_t *delivery_v1_attempts(const struct delivery_record *d)
{
    json_t *all = json_array();

    for (size_t i = 0; all && i < d->n; i++)
        if (d->entries[i].kind == RECORD_ATTEMPT)
            (void)json_array_append_new(all, v1_attempt(&d->entries[i]));
    return all;
}

json_t *delivery_v1_whole(const struct delivery_record *d, const char *url)
{
    json_t *json = delivery_v1_json(d, url);

    if (json)
        (void)json_object_set_new(json, "attempt_list", delivery_v1_attempts(d));
    return json;
}
