/* SPDX-License-Identifier: Apache-2.0 */
/* http_request.c: see http_request.h. */
#include "worker/http/http_request.h"
#include "common/model/endpoint.h"
#include "common/model/trace_context.h"
#include "worker/target.h"

enum { BODY_BYTES_MAX = 64 << 20, HEADER_BYTES_MAX = 16 << 10 };

/* Lines are ended by NUL while they are written, as the buf may move; see http_request_split(). */
static void http_request_end_line(struct buf *b)
{
    buf_add_char(b, '\0');
}

static int http_request_sign(struct http_request *q, const struct attempt *a,
                             const struct attempt_input *in)
{
    const struct target *t = a->target;
    const struct dialect *row = &a->endpoint->policy.row;
    unsigned most = sign_form_is_list(row->signature.form) ? t->n_keys : 1, n = 0;
    int r = 0;

    dialect_header_name(&q->headers, row, row->signature.header);
    buf_add_text(&q->headers, ": ");
    for (unsigned i = 0; i < t->n_keys && n < most && !r; i++) {
        if (!target_key_signs(&t->keys[i], in->now_ms))
            continue;
        if (n++)
            buf_add_char(&q->headers, ' ');
        r = sign_append(&q->headers, &row->signature, t->keys[i].key, in->envelope.delivery_id,
                        in->now_wall_ms / 1000, buf_span(&q->body));
    }
    http_request_end_line(&q->headers);
    return r;
}

static void http_request_split(struct http_request *q)
{
    struct span rest = buf_span(&q->headers);
    unsigned n = 0;

    while (rest.len && n < HTTP_REQUEST_HEADERS_MAX) {
        size_t len = strnlen(rest.data, rest.len);

        q->lines[n++] = (struct span){rest.data, len};
        rest = (struct span){rest.data + len + 1, rest.len - len - 1};
    }
    q->n_lines = n;
}

/* Each attempt is a span of the event's trace. What is wrong in it is left out, as the scheduler let it pass. */
static void http_request_add_trace(struct buf *b, const struct event_fields *f)
{
    char traceparent[TRACEPARENT_LEN + 1];

    if (!f->traceparent.data || traceparent_check(f->traceparent, NULL))
        return;
    traceparent_next(traceparent, f->traceparent);
    buf_add_text(b, "traceparent: ");
    buf_add_text(b, traceparent);
    http_request_end_line(b);
    if (!f->tracestate.data || tracestate_check(f->tracestate, NULL))
        return;
    buf_add_text(b, "tracestate: ");
    buf_add_span(b, f->tracestate);
    http_request_end_line(b);
}

static int http_request_add_headers(struct http_request *q, const struct attempt *a,
                                    const struct attempt_input *in)
{
    const struct dialect *row = &a->endpoint->policy.row;
    struct buf *b = &q->headers;
    int r = 0;

    buf_add_text(b, "Content-Type: application/json");
    http_request_end_line(b);
    buf_add_text(b, "User-Agent: ");
    buf_add_text(b, row->user_agent);
    http_request_end_line(b);
    for (unsigned i = 0; i < row->n_headers; i++) {
        dialect_header_name(b, row, row->headers[i].name);
        buf_add_text(b, ": ");
        dialect_header_value(b, &row->headers[i], &in->envelope, in->now_wall_ms / 1000);
        http_request_end_line(b);
    }
    buf_add_span(b, buf_span(&a->endpoint->policy.lines)); /* each ended as ours are */
    http_request_add_trace(b, &in->event->fields);
    if (endpoint_signs(a->endpoint, in->envelope.event_type))
        r = http_request_sign(q, a, in);
    return r ? r : buf_result(b);
}

int http_request_build(struct http_request *q, const struct attempt *a,
                       const struct attempt_input *in)
{
    int r = dialect_envelope(&q->body, &a->endpoint->policy.row, &in->envelope);

    r = r ? r : http_request_add_headers(q, a, in);
    if (!r)
        http_request_split(q);
    return r;
}

void http_request_init(struct http_request *q)
{
    buf_init(&q->body, BODY_BYTES_MAX);
    buf_init(&q->headers, HEADER_BYTES_MAX);
    q->n_lines = 0;
}

void http_request_fini(struct http_request *q)
{
    buf_fini(&q->body);
    buf_fini(&q->headers);
}
