/* SPDX-License-Identifier: Apache-2.0 */
/* h_in.c: calls of inbound sources (common/model/inbound/source.h).
 *
 *   the source ─► genuine? ─► type, key and data ─► published ─► 202, or 200 when it was there already
 *
 * Before it is known to be genuine, nothing of the body is looked at but its hash. 2xx is answered only when Redis has
 * the event: whoever gets anything else sends it again, and the idempotency key makes one event of it. */
#include "admin/event/store_publish.h"
#include "admin/inbound/store_source.h"
#include "api/call.h"
#include "api/handlers.h"
#include "common/base/clock.h"
#include "common/model/inbound/source_event.h"
#include <errno.h>

static const char *header(void *arg, const char *name)
{
    return call_header(arg, name);
}

static struct source_call call_of(struct call *c)
{
    struct span body = call_body(c);

    if (!body.data)
        body = SPAN("");
    return (struct source_call){
        .header = header, .arg = c, .body = body, .now_ms = clock_wall_ms()};
}

/* ---- genuine? ---- */

/* Which part of it was wrong is told to those who may read the source. */
static void h_in_refuse(struct call *c, struct store *s, const struct source *source,
                        const char *why)
{
    (void)store_source_refused(s, source,
                               why); /* a call that cannot be counted is refused even so */
    call_problem(c, 401, NULL, "this call cannot be verified");
}

/* It may be right, but we cannot tell: it is to be sent again. */
static void tell_unjudged(struct call *c)
{
    call_problem(c, 503, NULL, "this call cannot be verified now");
    call_field(c, "Retry-After", "60");
}

static bool h_in_admit(struct call *c, struct store *s, const struct source *source)
{
    const struct source_call call = call_of(c);
    const char *why = "";
    int64_t now_ms = 0;
    int r = 0;

    if (source->secrets.n > 1) /* else it is the one in use, at any time */
        r = store_now_ms(s, &now_ms);
    if (r) {
        call_store_failed(c, s, r);
        return false;
    }
    r = source_judge(source, &s->key, &call, now_ms, &why);
    if (r == SOURCE_REFUSED)
        h_in_refuse(c, s, source, why);
    else if (r)
        tell_unjudged(c);
    return r == 0;
}

/* ---- published ---- */

static void tell_published(struct call *c, const struct grapnel_receipt *receipt)
{
    bool is_known = receipt->is_duplicate;

    call_json(c, is_known ? 200 : 202,
              json_pack("{s:s, s:b}", "id", receipt->event_id, "duplicate", is_known));
}

static void h_in_publish(struct call *c, struct store *s, const struct source *source,
                         const struct source_event *e)
{
    const struct grapnel_event event = {.tenant = source->tenant,
                                        .type = e->type,
                                        .data = e->data.data,
                                        .data_len = e->data.len,
                                        .idempotency_key = e->key};
    struct grapnel_receipt receipt;

    switch (store_publish(s, &event, 1, &receipt)) {
    case GRAPNEL_OK:
        tell_published(c, &receipt);
        return;
    case GRAPNEL_REFUSED:
        call_problem(c, 400, NULL, "%s", receipt.error);
        return;
    default:
        call_problem(c, 503, NULL, "%s", receipt.error);
        call_field(c, "Retry-After", "1");
    }
}

static void h_in_take(struct call *c, struct store *s, const struct source *source)
{
    const struct source_call call = call_of(c);
    struct source_event e;
    struct diag diag = {""};
    int r = source_event_init(&e, source, &call, (size_t)s->settings->event_bytes_max, &diag);

    if (r == -EINVAL)
        call_refuse(c, &diag);
    else if (r)
        tell_unjudged(c);
    else
        h_in_publish(c, s, source, &e);
    source_event_fini(&e);
}

void h_in(struct call *c, struct store *s)
{
    struct source *source = NULL;
    int r = store_source_get(s, span_of(call_param(c, 0)), &source, NULL);

    if (r == STORE_MISSING)
        call_missing(c, "source");
    else if (r == -EINVAL)
        tell_unjudged(c); /* a record of a newer version */
    else if (r)
        call_store_failed(c, s, r);
    else if (h_in_admit(c, s, source))
        h_in_take(c, s, source);
    (void)source_free(source);
}
