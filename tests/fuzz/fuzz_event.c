/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_event.c: fields of an event, each behind a byte that names it, each ended by a NUL byte. What keeps the wire
 * contract makes an envelope in every dialect: one JSON value, with the data in it as it came, and headers without
 * anything that could end them. */
#include "common/json/json_scan.h"
#include "common/model/event_check.h"
#include "common/model/format/dialect.h"
#include "common/model/trace_context.h"
#include "tests/fuzz/fuzz.h"

enum { DATA_MAX = 1 << 16, BODY_MAX = 1 << 20 };

static void read_fields(struct event_fields *e, const char *data, size_t size)
{
    struct span *fields[] = {&e->tenant, &e->type,        &e->data,       &e->id,       &e->time,
                             &e->trace,  &e->traceparent, &e->tracestate, &e->endpoint, &e->key};

    while (size > 1) {
        size_t len = strnlen(data + 1, size - 1);

        *fields[(uint8_t)data[0] % ARRAY_LEN(fields)] = (struct span){data + 1, len};
        data += len + 1;
        size -= len + 1;
        if (size) { /* the NUL */
            data++;
            size--;
        }
    }
}

static void check_header(const struct dialect *d, const struct dialect_header *h,
                         const struct envelope_input *in)
{
    struct buf text;

    buf_init(&text, BODY_MAX);
    dialect_header_name(&text, d, h->name);
    dialect_header_value(&text, h, in, 1700000000);
    MUST(!buf_result(&text));
    for (size_t i = 0; i < text.len; i++)
        MUST(text.data[i] >= ' ' && text.data[i] <= '~');
    buf_fini(&text);
}

static void check_dialect(const struct dialect *d, const struct event_fields *e)
{
    struct envelope_input in = {.delivery_id = SPAN("whd_x"),
                                .event_id = e->id.data ? e->id : SPAN("evt_x"),
                                .event_type = e->type,
                                .event_ms = EVENT_TIME_MAX,
                                .trace_id = e->trace.data ? e->trace : SPAN(""),
                                .data = e->data,
                                .tenant_id = e->tenant,
                                .tenant_name = e->type,
                                .tenant_domain = SPAN("example.org"),
                                .source_service = SPAN("grapnel"),
                                .source_environment = SPAN("test"),
                                .attempt = 1,
                                .attempts_max = 3};
    struct buf body;

    buf_init(&body, BODY_MAX);
    MUST(!dialect_envelope(&body, d, &in) && !json_check(buf_span(&body), NULL));
    buf_fini(&body);
    for (unsigned i = 0; i < d->n_headers; i++)
        check_header(d, &d->headers[i], &in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event_fields e = {0};
    struct diag diag = {""};
    const struct dialect *d;

    read_fields(&e, (const char *)data, size);
    (void)trace_context_check(e.traceparent, e.tracestate, NULL);
    if (event_check(&e, DATA_MAX, &diag)) {
        MUST(*diag.text && strlen(diag.text) <= 150);
        return 0;
    }
    MUST(!json_check(e.data, NULL));
    for (size_t i = 0; (d = dialect_at(i)); i++)
        check_dialect(d, &e);
    return 0;
}
