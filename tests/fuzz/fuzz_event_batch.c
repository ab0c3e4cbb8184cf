/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_event_batch.c: a body with events; its first byte says how it is read. Every event of it is there once, good or
 * refused; what was taken out of it lies in it or in the defaults, and data is JSON as it came. */
#include "admin/event/event_batch.h"
#include "common/json/json_scan.h"
#include "tests/fuzz/fuzz.h"

enum { EVENTS_MAX = 50 };

static void check_event(const struct event_batch *b, const struct grapnel_event *e,
                        struct span body)
{
    struct span data = {e->data, e->data_len};

    MUST(!data.data ||
         (json_check(data, NULL) == 0 && memmem(body.data, body.len, data.data, data.len)));
    MUST(!e->type || (e->type >= b->text && e->type + strlen(e->type) < b->text + body.len));
    MUST(e->tenant && e->idempotency_key);
}

static void check(const struct event_batch *b, struct span body)
{
    size_t last = 0;

    MUST(b->n >= 1 && b->n <= EVENTS_MAX && b->n == b->n_events + b->n_refused);
    MUST(!b->is_one || b->n == 1);
    for (size_t i = 0; i < b->n_events; i++)
        check_event(b, &b->events[i], body);
    for (size_t i = 0; i < b->n_refused; i++) {
        MUST(b->refused[i].index < b->n && (i == 0 || b->refused[i].index > last));
        MUST(*b->refused[i].why.text);
        last = b->refused[i].index;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event_batch_options o = {.defaults = {.tenant = "acme", .key = "key"},
                                    .events_max = EVENTS_MAX};
    struct span body = {(const char *)data + 1, size - 1};
    struct diag diag = {""};
    struct event_batch b;

    if (!size)
        return 0;
    o.is_lines = data[0] & 1;
    o.defaults.is_bound = data[0] & 2;
    if (event_batch_parse(&b, body, &o, &diag))
        MUST(*diag.text);
    else
        check(&b, body);
    event_batch_fini(&b);
    return 0;
}
