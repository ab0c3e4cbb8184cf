/* SPDX-License-Identifier: Apache-2.0 */
/* envelope.c: the body of one attempt, and its headers' values. Runs for each attempt: appends
 * only. */
#include "common/json/json_scan.h"
#include "common/model/format/catalogue.h"
#include "common/model/format/dialect.h"

#define ADD(ret, literal) buf_add((ret), (literal), sizeof(literal) - 1)

static const struct span version = {"1.0", 3};

/* JSON as it came; nothing becomes null. */
static void add_json(struct buf *ret, struct span json)
{
    if (json.len)
        buf_add_span(ret, json);
    else
        ADD(ret, "null");
}

static void add_text_or_null(struct buf *ret, struct span text)
{
    if (text.len)
        buf_add_json_string(ret, text);
    else
        ADD(ret, "null");
}

static void add_quoted_time(struct buf *ret, int64_t ms)
{
    buf_add_char(ret, '"');
    buf_add_iso_time(ret, ms);
    buf_add_char(ret, '"');
}

/* The guide's tenant ids are integers, ours any name. Past 15 digits a receiver that reads numbers
 * as doubles would see another tenant, so those stay text. */
static bool is_number(struct span id)
{
    if (id.len == 0 || id.len > 15 || (id.len > 1 && id.data[0] == '0'))
        return false;
    for (size_t i = 0; i < id.len; i++)
        if (id.data[i] < '0' || id.data[i] > '9')
            return false;
    return true;
}

static void envelope_add_tenant(struct buf *ret, const struct envelope_input *in)
{
    ADD(ret, ",\"tenant\":{\"id\":");
    if (is_number(in->tenant_id))
        buf_add_span(ret, in->tenant_id);
    else
        buf_add_json_string(ret, in->tenant_id);
    ADD(ret, ",\"name\":");
    buf_add_json_string(ret, in->tenant_name.len ? in->tenant_name : in->tenant_id);
    ADD(ret, ",\"domain\":");
    add_text_or_null(ret, in->tenant_domain);
    ADD(ret, "},\"source\":{\"service\":");
    buf_add_json_string(ret, in->source_service);
    ADD(ret, ",\"environment\":");
    buf_add_json_string(ret, in->source_environment);
    ADD(ret, ",\"traceId\":");
    add_text_or_null(ret, in->trace_id);
    buf_add_char(ret, '}');
}

enum { PART_EVENT, PART_ACTOR, PART_RESOURCE, PART_ATTRIBUTES, PART_PREVIOUS, N_PARTS };

/* The members of `data` in the guide's order, with what stands before each value. */
static const struct {
    struct span name, before;
} parts[N_PARTS] = {
#define PART(name_) {{name_, sizeof(name_) - 1}, {",\"" name_ "\":", sizeof(",\"" name_ "\":") - 1}}
    PART("event"), PART("actor"), PART("resource"), PART("attributes"), PART("previous"),
#undef PART
};

static unsigned part_of(struct span name)
{
    for (unsigned i = 0; i < N_PARTS; i++)
        if (span_equal(name, parts[i].name))
            return i;
    return N_PARTS;
}

struct split_data {
    struct span values[N_PARTS]; /* empty: missing */
    bool has_others;             /* members that the guide does not have */
};

static void split_data(struct split_data *ret, struct span data)
{
    struct span name, value;
    struct json_walk w;
    bool is_split = false;

    *ret = (struct split_data){.has_others = false};
    for (json_walk_begin(&w, data); json_walk_next(&w, &name, &value);) {
        unsigned part = part_of(name);

        if (part == N_PARTS)
            ret->has_others = true;
        else
            ret->values[part] = value;
        is_split |= part != PART_EVENT && part != N_PARTS;
    }
    if (!is_split) {
        *ret = (struct split_data){.has_others = false};
        ret->values[PART_ATTRIBUTES] = data;
    }
}

/* What the guide has no place for follows behind its members, so that nothing gets lost. */
static void envelope_add_others(struct buf *ret, struct span data)
{
    struct span name, value;
    struct json_walk w;

    for (json_walk_begin(&w, data); json_walk_next(&w, &name, &value);) {
        if (part_of(name) != N_PARTS)
            continue;
        ADD(ret, ",\"");
        buf_add_span(ret, name); /* still escaped as it came */
        ADD(ret, "\":");
        buf_add_span(ret, value);
    }
}

static void add_event(struct buf *ret, const struct envelope_input *in)
{
    const struct catalogue_entry *entry = catalogue_find(in->event_type);

    ADD(ret, "{\"id\":");
    buf_add_json_string(ret, in->event_id);
    ADD(ret, ",\"type\":");
    buf_add_json_string(ret, in->event_type);
    ADD(ret, ",\"category\":\"");
    buf_add_span(ret, entry->category);
    ADD(ret, "\",\"timestamp\":");
    add_quoted_time(ret, in->event_ms);
    ADD(ret, ",\"importance\":\"");
    buf_add_span(ret, entry->importance);
    ADD(ret, "\"}");
}

static void add_royalti_data(struct buf *ret, const struct envelope_input *in)
{
    struct split_data data;

    split_data(&data, in->data);
    ADD(ret, ",\"data\":{\"event\":");
    if (data.values[PART_EVENT].len && !span_equal(data.values[PART_EVENT], SPAN("null")))
        buf_add_span(ret, data.values[PART_EVENT]);
    else
        add_event(ret, in);
    for (unsigned i = PART_ACTOR; i < N_PARTS; i++) {
        buf_add_span(ret, parts[i].before);
        add_json(ret, data.values[i]);
    }
    if (data.has_others)
        envelope_add_others(ret, in->data);
    buf_add_char(ret, '}');
}

static void add_royalti(struct buf *ret, const struct envelope_input *in)
{
    ADD(ret, "{\"id\":");
    buf_add_json_string(ret, in->delivery_id);
    ADD(ret, ",\"event\":");
    buf_add_json_string(ret, in->event_type);
    ADD(ret, ",\"timestamp\":");
    add_quoted_time(ret, in->event_ms);
    ADD(ret, ",\"version\":\"");
    buf_add_span(ret, version);
    buf_add_char(ret, '"');
    envelope_add_tenant(ret, in);
    add_royalti_data(ret, in);
    ADD(ret, ",\"delivery\":{\"attempt\":");
    buf_add_u64(ret, in->attempt);
    ADD(ret, ",\"maxAttempts\":");
    buf_add_u64(ret, in->attempts_max);
    ADD(ret, ",\"nextRetryAt\":");
    if (in->next_retry_ms)
        add_quoted_time(ret, in->next_retry_ms);
    else
        ADD(ret, "null");
    ADD(ret, "}}");
}

static void add_simple(struct buf *ret, const struct envelope_input *in)
{
    ADD(ret, "{\"id\":");
    buf_add_json_string(ret, in->event_id);
    ADD(ret, ",\"type\":");
    buf_add_json_string(ret, in->event_type);
    ADD(ret, ",\"created_at\":");
    add_quoted_time(ret, in->event_ms);
    ADD(ret, ",\"data\":");
    add_json(ret, in->data);
    buf_add_char(ret, '}');
}

static void add_verification(struct buf *ret, const struct envelope_input *in)
{
    ADD(ret, "{\"type\":");
    buf_add_json_string(ret, in->event_type);
    ADD(ret, ",\"payload\":");
    add_json(ret, in->data);
    ADD(ret, ",\"metadata\":{\"eventId\":");
    buf_add_json_string(ret, in->event_id);
    ADD(ret, ",\"occurredAt\":");
    add_quoted_time(ret, in->event_ms);
    ADD(ret, ",\"organizationId\":");
    buf_add_json_string(ret, in->tenant_id);
    ADD(ret, "}}");
}

/* template and standard differ in one name only */
static void add_plain(struct buf *ret, const struct envelope_input *in, struct span type_name)
{
    ADD(ret, "{\"");
    buf_add_span(ret, type_name);
    ADD(ret, "\":");
    buf_add_json_string(ret, in->event_type);
    ADD(ret, ",\"timestamp\":");
    add_quoted_time(ret, in->event_ms);
    ADD(ret, ",\"data\":");
    add_json(ret, in->data);
    buf_add_char(ret, '}');
}

int dialect_envelope(struct buf *ret, const struct dialect *d, const struct envelope_input *in)
{
    switch (d->envelope) {
    case ENVELOPE_ROYALTI:
        add_royalti(ret, in);
        break;
    case ENVELOPE_SIMPLE:
        add_simple(ret, in);
        break;
    case ENVELOPE_VERIFICATION:
        add_verification(ret, in);
        break;
    case ENVELOPE_TEMPLATE:
        add_plain(ret, in, SPAN("event"));
        break;
    case ENVELOPE_STANDARD:
        add_plain(ret, in, SPAN("type"));
        break;
    }
    return buf_result(ret);
}

/* Ids and types are names by the time they get here. Should one not be, it must not end the header
 * and begin another. */
static void add_header_text(struct buf *ret, struct span text)
{
    size_t begin = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (c >= 0x20 && c != 0x7f)
            continue;
        buf_add(ret, text.data + begin, i - begin);
        buf_add_char(ret, ' ');
        begin = i + 1;
    }
    buf_add(ret, text.data + begin, text.len - begin);
}

void dialect_header_value(struct buf *ret, const struct dialect_header *h,
                          const struct envelope_input *in, int64_t timestamp_s)
{
    switch (h->value) {
    case VALUE_DELIVERY_ID:
        add_header_text(ret, in->delivery_id);
        break;
    case VALUE_EVENT_TYPE:
        add_header_text(ret, in->event_type);
        break;
    case VALUE_TIMESTAMP_S:
        buf_add_i64(ret, timestamp_s);
        break;
    case VALUE_TENANT_ID:
        add_header_text(ret, in->tenant_id);
        break;
    case VALUE_ATTEMPT:
        buf_add_u64(ret, in->attempt);
        break;
    case VALUE_VERSION:
        buf_add_span(ret, version);
        break;
    }
}
