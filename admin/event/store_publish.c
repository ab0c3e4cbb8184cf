/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/event/store_publish.h"
#include "common/redis/durability.h"

struct grapnel_options publish_options(const struct settings *set)
{
    return (struct grapnel_options){
        .timeout_ms = (uint32_t)set->redis_timeout,
        .key_prefix = set->key_prefix,
        .event_bytes_max = (uint32_t)set->event_bytes_max,
        .idempotency_ms = (uint64_t)set->idempotency,
        .durability = set->durability,
        .tls_ca_file = set->redis_ca_file,
        .tls_cert_file = set->redis_cert_file,
        .tls_key_file = set->redis_key_file,
    };
}

int publish_options_check(const struct settings *set, struct diag *diag)
{
    struct durability ignored;

    return durability_parse(&ignored, set->durability, diag);
}

static enum grapnel_result fail_all(struct store *s, enum grapnel_result r,
                                    struct grapnel_receipt *receipts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        receipts[i] = (struct grapnel_receipt){.result = r};
        (void)snprintf(receipts[i].error, sizeof(receipts[i].error), "%.150s", s->words.text);
    }
    return r;
}

/* A connection that could not be made is tried again by the next call: nothing is kept of it. */
static enum grapnel_result open_publisher(struct store *s)
{
    const struct grapnel_options o = publish_options(s->settings);
    enum grapnel_result r;

    if (s->publisher)
        return GRAPNEL_OK;
    r = grapnel_connect(&s->publisher, s->settings->redis_url, &o);
    if (!r)
        return GRAPNEL_OK;
    (void)diag_set(&s->words, "%s", s->publisher ? grapnel_error(s->publisher) : "out of memory");
    (void)grapnel_close(TAKE(s->publisher));
    return r;
}

enum grapnel_result store_publish(struct store *s, const struct grapnel_event *events, size_t n,
                                  struct grapnel_receipt *receipts)
{
    enum grapnel_result r = open_publisher(s);

    if (r)
        return fail_all(s, r, receipts, n);
    r = grapnel_publish_batch(s->publisher, events, n, receipts);
    if (r)
        (void)diag_set(&s->words, "%s", grapnel_error(s->publisher));
    return r;
}
