/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/delivery/endpoint_test.h"
#include "admin/delivery/store_delivery.h"
#include "admin/event/store_event.h"
#include "admin/event/store_publish.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include <errno.h>
#include <time.h>

enum { PAUSE_FIRST_MS = 5, PAUSE_MAX_MS = 200, RECORD_BYTES_MAX = 1 << 20, SCAN_MAX = 2000 };

static const char data[] = "{\"test\":true}";

/* ---- the event ---- */

static bool endpoint_test_is_name(const char *pattern)
{
    return !strchr(pattern, '*') && strcmp(pattern, "all") != 0 && strcmp(pattern, "default") != 0;
}

const char *endpoint_test_type(const struct endpoint *e)
{
    for (unsigned i = 0; i < e->n_events; i++)
        if (endpoint_test_is_name(e->events[i]))
            return e->events[i];
    return "webhook.test";
}

static int endpoint_test_result_of(enum grapnel_result r)
{
    switch (r) {
    case GRAPNEL_OK:
        return 0;
    case GRAPNEL_REFUSED:
        return -EINVAL;
    case GRAPNEL_TIMEOUT:
        return -ETIMEDOUT;
    case GRAPNEL_NOMEM:
        return -ENOMEM;
    case GRAPNEL_REDIS:
    case GRAPNEL_UNSAFE:
        return -EAGAIN;
    case GRAPNEL_UNREACHABLE:
    case GRAPNEL_UNPREPARED:
        break;
    }
    return -ENOTCONN;
}

static int endpoint_test_publish(struct store *s, const struct endpoint *e, struct endpoint_test *t)
{
    const struct grapnel_event event = {.tenant = e->tenant,
                                        .type = t->type,
                                        .data = data,
                                        .data_len = sizeof(data) - 1,
                                        .endpoint = e->id};
    struct grapnel_receipt receipt;
    int r = endpoint_test_result_of(store_publish(s, &event, 1, &receipt));

    return r ? r : id_event_parse(span_of(receipt.event_id), &t->record.partition, t->event);
}

/* As long as there is no delivery: what will be in its record's first entry. */
static int begin_record(struct endpoint_test *t, const struct endpoint *e)
{
    t->record.entries = calloc(1, sizeof(*t->record.entries));
    if (!t->record.entries)
        return -ENOMEM;
    t->record.n = 1;
    t->record.entries[0] = (struct record_entry){.kind = RECORD_CREATED,
                                                 .tenant = span_of(e->tenant),
                                                 .endpoint = span_of(e->id),
                                                 .event = span_of(t->event),
                                                 .type = span_of(t->type)};
    return 0;
}

/* ---- its delivery ---- */

struct search {
    struct span event;
    char id[ID_SIZE];
    unsigned scanned;
};

static int endpoint_test_each(void *arg, const struct listed_delivery *d)
{
    struct search *search = arg;

    if (span_equal(delivery_created(&d->record)->event, search->event)) {
        memcpy(search->id, d->record.id, sizeof(search->id));
        return LIST_ENOUGH;
    }
    return ++search->scanned == SCAN_MAX ? LIST_ENOUGH : 0;
}

/* Once it is known that the event was fanned out: it is among the newest. */
static int endpoint_test_find(struct store *s, const struct endpoint *e,
                              const struct endpoint_test *t, char ret_id[ID_SIZE])
{
    const struct delivery_cursor newest = delivery_cursor_before(0);
    struct search search = {.event = span_of(t->event)};
    struct stored_event event;
    int64_t deliveries;
    int r = store_event_get(s, t->record.partition, search.event, &event);

    if (r)
        return r == STORE_MISSING ? TEST_NOTHING : r;
    deliveries = event.deliveries;
    stored_event_fini(&event);
    if (!deliveries)
        return 0;
    r = store_delivery_records(s, span_of(e->tenant), &newest, endpoint_test_each, &search);
    if (!r)
        memcpy(ret_id, search.id, ID_SIZE);
    return r;
}

static int read_record(struct store *s, struct endpoint_test *t, const char *id)
{
    struct delivery_record record;
    struct buf bytes;
    int r;

    buf_init(&bytes, RECORD_BYTES_MAX);
    r = store_delivery_read(s, span_of(id), 0, &bytes);
    r = r ? r : delivery_record_parse(&record, span_of(id), (struct span){bytes.data, bytes.len});
    if (r) {
        buf_fini(&bytes);
        return r;
    }
    delivery_record_fini(&t->record);
    buf_fini(&t->bytes);
    t->record = record;
    t->bytes = bytes;
    t->has_outcome = delivery_last_attempt(&record) != NULL;
    return 0;
}

/* The scheduler's verdict on a failed attempt follows at once: it is waited for, too. */
static bool is_judged(const struct endpoint_test *t)
{
    return delivery_is_final(&t->record) ||
           (t->has_outcome && delivery_last(&t->record)->kind != RECORD_ATTEMPT);
}

static void pause_for(int64_t ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)nanosleep(&time, NULL);
}

static bool is_stopped(const atomic_bool *stop)
{
    return stop && atomic_load(stop);
}

static int endpoint_test_wait_for(struct store *s, const struct endpoint *e,
                                  struct endpoint_test *t, int64_t until_ms,
                                  const atomic_bool *stop)
{
    int64_t pause_ms = PAUSE_FIRST_MS, left_ms;
    char id[ID_SIZE] = "";
    int r = 0;

    while (!r && !is_judged(t) && !is_stopped(stop) && (left_ms = until_ms - clock_mono_ms()) > 0) {
        pause_for(MIN(pause_ms, left_ms));
        pause_ms = MIN(pause_ms * 2, (int64_t)PAUSE_MAX_MS);
        if (!*id)
            r = endpoint_test_find(s, e, t, id);
        if (!r && *id)
            r = read_record(s, t, id);
    }
    return r;
}

int store_endpoint_test(struct store *s, const struct endpoint *e, const char *type,
                        int64_t wait_ms, const atomic_bool *stop, struct endpoint_test *ret)
{
    int64_t until_ms = clock_mono_ms() + wait_ms;
    int r;

    *ret = (struct endpoint_test){.type = type};
    buf_init(&ret->bytes, RECORD_BYTES_MAX);
    r = endpoint_test_publish(s, e, ret);
    r = r ? r : begin_record(ret, e);
    if (r)
        return r;
    return endpoint_test_wait_for(s, e, ret, until_ms, stop) == TEST_NOTHING ? TEST_NOTHING : 0;
}

void endpoint_test_fini(struct endpoint_test *t)
{
    delivery_record_fini(&t->record);
    buf_fini(&t->bytes);
}
