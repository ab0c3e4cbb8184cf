/* SPDX-License-Identifier: Apache-2.0 */
/* test_delivery.c: a delivery with a destination that is a row and a file (tests/support/null_destination/), and with what
 * it is lent in our hands: the cache of tenants, the settler, the tally, the clock. */
#include "common/base/clock.h"
#include "common/base/pack.h"
#include "common/model/record.h"
#include "tests/support/null_destination/null_destination.h"
#include "worker/delivery.h"
#include "worker/destination.h"
#include "worker/target.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ENDPOINT "ep_0123abcd-0123-4002-8def-0123456789ab"
#define REDIS_MS INT64_C(1737556200000)

static struct {
    struct loop loop;
    struct settings settings;
    struct egress_policy egress;
    struct master_key key;
    struct destinations destinations;
    struct delivery_setup setup;
    struct redis_clock clock;
    struct settler settler;
    struct tally tally;
    struct tenant *tenant; /* NULL: not in the cache */
    struct buf job;
    redisReply *entry;
    int64_t mono_us;
    bool is_running, is_closed;
    /* what came of it */
    unsigned n_settled, n_gone, n_tallied, n_tallied_failed;
    struct settlement *settlement;
    struct record_entry records[4];
    unsigned n_records;
} t;

/* ---- what a delivery is lent ---- */

struct tenant *config_cache_find(const struct config_cache *d, struct span tenant)
{
    (void)d;
    return t.tenant && span_equal(tenant, span_of(t.tenant->id)) ? t.tenant : NULL;
}

void tally_add(struct tally *tally, unsigned partition, struct span tenant, bool has_failed,
               int64_t answer_ms)
{
    (void)tenant, (void)answer_ms;
    assert_ptr_equal(tally, &t.tally);
    assert_int_equal(partition, 0);
    t.n_tallied++;
    t.n_tallied_failed += has_failed;
}

/* Keeps it until the test has looked. */
void settler_add(struct settler *s, struct settlement *settlement)
{
    struct record_reader *reader;

    assert_ptr_equal(s, &t.settler);
    assert_null(t.settlement);
    t.settlement = settlement;
    t.n_settled++;
    assert_int_equal(record_open(&reader, settlement->move.record), 0);
    t.n_records = 0;
    while (t.n_records < ARRAY_LEN(t.records) && record_next(reader, &t.records[t.n_records]) == 0)
        t.n_records++;
    record_close(reader);
    if (t.is_running)
        loop_stop(&t.loop);
}

static void on_gone(void *arg)
{
    assert_ptr_equal(arg, &t);
    t.n_gone++;
}

static int64_t mono_us(void)
{
    return t.mono_us;
}

static int64_t wall_ms(void)
{
    return REDIS_MS;
}

/* ---- an endpoint, an event, a job ---- */

static void endpoint_is(const char *url)
{
    struct endpoint *e = NULL;

    assert_int_equal(endpoint_new(&e, SPAN(ENDPOINT), dialect_find(SPAN("standard"))), 0);
    assert_int_equal(endpoint_replace_text(&e->tenant, SPAN("acme")), 0);
    assert_int_equal(endpoint_replace_text(&e->url, span_of(url)), 0);
    assert_int_equal(tenant_add_endpoint(t.tenant, e), 0);
    e->attached = target_new(&t.destinations, &t.key, &t.egress, e, t.tenant);
    assert_non_null(e->attached);
}

static void detach(struct endpoint *e)
{
    e->attached = target_free(e->attached);
}

static redisReply *text_reply(const char *data, size_t len)
{
    redisReply *r = calloc(1, sizeof(*r));

    assert_non_null(r);
    r->type = REDIS_REPLY_STRING;
    r->str = malloc(len + 1);
    assert_non_null(r->str);
    memcpy(r->str, data, len);
    r->str[len] = '\0';
    r->len = len;
    return r;
}

static redisReply *array_reply(size_t n)
{
    redisReply *r = calloc(1, sizeof(*r));

    assert_non_null(r);
    r->type = REDIS_REPLY_ARRAY;
    r->elements = n;
    r->element = calloc(n, sizeof(*r->element));
    assert_non_null(r->element);
    return r;
}

/* As it is claimed, its permit good for a second. */
static struct delivery *claim(void)
{
    const struct job job = {.id = SPAN("whd_1"),
                            .tenant = SPAN("acme"),
                            .endpoint = SPAN(ENDPOINT),
                            .event = SPAN("1737556199000-0"),
                            .attempt = 1};
    struct delivery *d = NULL;
    char until[32];
    redisReply *fields = array_reply(4);

    job_pack(&t.job, &job);
    (void)snprintf(until, sizeof(until), "%lld", (long long)REDIS_MS + 1000);
    t.entry = array_reply(2);
    t.entry->element[0] = text_reply("1-1", 3);
    t.entry->element[1] = fields;
    fields->element[0] = text_reply("job", 3);
    fields->element[1] = text_reply(t.job.data, t.job.len);
    fields->element[2] = text_reply("until", 5);
    fields->element[3] = text_reply(until, strlen(until));
    assert_int_equal(delivery_new(&d, &t.setup, 0, t.entry), 0);
    return d;
}

static const struct event event = {
    .stream_id = {"1737556199000-0", 15},
    .fields = {.type = {"ORDER_PAID", 10}, .data = {"{}", 2}},
    .id = "evt_1",
};

static void run_until_settled(void)
{
    t.is_running = true;
    loop_run(&t.loop);
    t.is_running = false;
}

/* It is settled, once, as @kind; and then gone. */
static void settled_as(enum settle_kind kind)
{
    assert_int_equal(t.n_settled, 1);
    assert_non_null(t.settlement);
    assert_int_equal(t.settlement->move.kind, kind);
    assert_int_equal(t.n_gone, 0);
    t.settlement->done(t.settlement);
    assert_int_equal(t.n_gone, 1);
}

static void attempt_is(int status, const char *code, struct span destination)
{
    assert_true(t.n_records >= 1);
    assert_int_equal(t.records[0].kind, RECORD_ATTEMPT);
    assert_int_equal(t.records[0].status, status);
    assert_true(span_equal(t.records[0].code, span_of(code)));
    assert_true(span_equal(t.records[0].destination, destination));
}

static struct outcome outcome_told(void)
{
    struct outcome o = {0};

    assert_int_equal(job_outcome_parse(&o, t.settlement->move.outcome), 0);
    return o;
}

/* ---- tests ---- */

static void test_taken(void **state)
{
    struct delivery *d;

    (void)state;
    endpoint_is("null:taken");
    d = claim();
    delivery_send(d, &event);
    assert_int_equal(d->state, DELIVERY_SENDING);
    assert_int_equal(t.n_settled, 0); /* never from inside the start */
    run_until_settled();
    assert_int_equal(null_seen.n_sent, 1);
    assert_int_equal(null_seen.attempt, 1);
    attempt_is(1, "", SPAN("null"));
    assert_int_equal(t.n_records, 2);
    assert_int_equal(t.records[1].kind, RECORD_FINAL);
    assert_true(span_equal(t.records[1].final, SPAN("success")));
    assert_int_equal(t.n_tallied_failed, 0);
    settled_as(SETTLE_DONE);
}

static void test_answers_mean_what_the_row_says(void **state)
{
    (void)state;
    endpoint_is("null:busy");
    delivery_send(claim(), &event);
    run_until_settled();
    attempt_is(2, "SERVER_ERROR", SPAN("null"));
    assert_int_equal(outcome_told().next, NEXT_RETRY);
    assert_int_equal(outcome_told().status, 2);
    assert_int_equal(t.n_tallied_failed, 1);
    settled_as(SETTLE_FAILED);
}

static void test_never(void **state)
{
    (void)state;
    endpoint_is("null:never");
    delivery_send(claim(), &event);
    run_until_settled();
    attempt_is(3, "CLIENT_ERROR", SPAN("null"));
    assert_int_equal(outcome_told().next, NEXT_FINAL);
    settled_as(SETTLE_FAILED);
}

static void test_what_cannot_be_sent_there_is_final(void **state)
{
    (void)state;
    endpoint_is("null:unfit");
    delivery_send(claim(), &event);
    assert_int_equal(null_seen.n_started, 1);
    attempt_is(0, "INVALID_URL", SPAN("null"));
    assert_true(span_equal(t.records[0].message, SPAN("null:unfit takes nothing")));
    assert_int_equal(outcome_told().next, NEXT_FINAL);
    settled_as(SETTLE_FAILED);
}

static void test_a_url_that_fails_its_check_is_not_tried(void **state)
{
    (void)state;
    endpoint_is("null:nonsense");
    delivery_send(claim(), &event);
    assert_int_equal(null_seen.n_started, 0);
    attempt_is(0, "INVALID_URL", SPAN("null"));
    settled_as(SETTLE_FAILED);
}

static void test_what_is_signed_needs_a_secret(void **state)
{
    (void)state;
    endpoint_is("https://example.com/");
    delivery_send(claim(), &event);
    attempt_is(0, "UNKNOWN_ERROR", SPAN(""));
    assert_true(span_equal(t.records[0].message, SPAN("the endpoint has no secret")));
    settled_as(SETTLE_FAILED);
}

static void test_an_event_that_is_gone(void **state)
{
    (void)state;
    endpoint_is("null:taken");
    delivery_send(claim(), NULL);
    assert_int_equal(t.records[0].kind, RECORD_FINAL);
    assert_true(span_equal(t.records[0].final, SPAN("failed")));
    settled_as(SETTLE_CANCEL);
    assert_int_equal(null_seen.n_started, 0);
}

static void test_an_endpoint_that_was_removed(void **state)
{
    (void)state;
    delivery_send(claim(), &event);
    assert_true(span_equal(t.records[0].reason, SPAN("the endpoint was removed")));
    settled_as(SETTLE_CANCEL);
}

static void test_an_endpoint_that_is_off(void **state)
{
    (void)state;
    endpoint_is("null:taken");
    t.tenant->endpoints[0]->disabled_reason = strdup("so many failures");
    delivery_send(claim(), &event);
    assert_true(span_equal(t.records[0].reason, SPAN("so many failures")));
    settled_as(SETTLE_CANCEL);
    assert_int_equal(null_seen.n_started, 0);
}

static void test_a_tenant_that_left_the_cache(void **state)
{
    struct tenant *held = t.tenant;

    (void)state;
    t.tenant = NULL;
    delivery_send(claim(), &event);
    assert_int_equal(t.settlement->move.number, REDIS_MS + 1000);
    settled_as(SETTLE_BACK);
    t.tenant = held;
}

static void test_a_permit_that_ran_out_before(void **state)
{
    struct delivery *d;

    (void)state;
    endpoint_is("null:taken");
    d = claim();
    t.mono_us += 1001 * 1000;
    delivery_send(d, &event);
    settled_as(SETTLE_BACK);
    assert_int_equal(null_seen.n_started, 0);
}

static void test_a_permit_that_ran_out_on_the_way(void **state)
{
    (void)state;
    endpoint_is("null:taken");
    delivery_send(claim(), &event);
    t.mono_us += 1001 * 1000;
    run_until_settled();
    assert_int_equal(null_seen.n_sent, 0);
    assert_int_equal(t.n_records, 0);
    assert_int_equal(t.n_tallied, 0);
    settled_as(SETTLE_BACK);
}

static void test_given_up(void **state)
{
    struct delivery *d;

    (void)state;
    endpoint_is("null:mute");
    d = claim();
    delivery_give_up(d); /* nothing is under way */
    assert_int_equal(null_seen.n_cancelled, 0);
    delivery_send(d, &event);
    delivery_give_up(d);
    delivery_give_up(d);
    assert_int_equal(null_seen.n_cancelled, 1);
    assert_int_equal(t.n_settled, 0);
    run_until_settled();
    assert_int_equal(t.records[0].kind, RECORD_LOST);
    assert_true(span_equal(t.records[0].worker, SPAN("w1")));
    settled_as(SETTLE_LOST);
}

static void test_an_entry_that_cannot_be_read(void **state)
{
    struct delivery *d = NULL;

    (void)state;
    t.entry = array_reply(2);
    t.entry->element[0] = text_reply("1-1", 3);
    t.entry->element[1] = array_reply(0);
    assert_int_equal(delivery_new(&d, &t.setup, 0, t.entry), -EBADMSG);
    delivery_refuse(d);
    assert_int_equal(t.settlement->move.job.len, 0);
    settled_as(SETTLE_REFUSE);
}

/* ---- before and after ---- */

static int set_up(void **state)
{
    const struct destination_setup setup = {
        .loop = &t.loop, .settings = &t.settings, .egress = &t.egress, .master_key = &t.key};
    struct diag diag = {""};

    (void)state;
    memset(&t, 0, sizeof(t));
    memset(&null_seen, 0, sizeof(null_seen));
    t.mono_us = 1000000;
    clock_replace(mono_us, wall_ms);
    redis_clock_note(&t.clock, t.mono_us, t.mono_us, REDIS_MS * 1000);
    buf_init(&t.job, 1024);
    assert_int_equal(loop_init(&t.loop), 0);
    assert_int_equal(settings_init(&t.settings), 0);
    if (destinations_open(&t.destinations, &setup, &diag))
        fail_msg("destinations_open: %s", diag.text);
    assert_int_equal(tenant_new(&t.tenant, SPAN("acme")), 0);
    t.tenant->detach = detach;
    t.setup = (struct delivery_setup){.settlers = &t.settler,
                                      .tally = &t.tally,
                                      .clock = &t.clock,
                                      .worker = "w1",
                                      .source_service = "",
                                      .source_environment = "",
                                      .permit_ms = 1000,
                                      .gone = on_gone,
                                      .arg = &t};
    return 0;
}

static void on_closed(void *arg)
{
    *(bool *)arg = true;
}

static int tear_down(void **state)
{
    (void)state;
    if (t.entry)
        freeReplyObject(t.entry);
    tenant_unref(t.tenant);
    assert_int_equal(null_seen.n_prepared, 0);
    destinations_close(&t.destinations, &t.loop, on_closed, &t.is_closed);
    loop_run(&t.loop);
    assert_true(t.is_closed);
    loop_fini(&t.loop);
    settings_fini(&t.settings);
    buf_fini(&t.job);
    clock_replace(NULL, NULL);
    return 0;
}

#define IT(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IT(taken),
        IT(answers_mean_what_the_row_says),
        IT(never),
        IT(what_cannot_be_sent_there_is_final),
        IT(a_url_that_fails_its_check_is_not_tried),
        IT(what_is_signed_needs_a_secret),
        IT(an_event_that_is_gone),
        IT(an_endpoint_that_was_removed),
        IT(an_endpoint_that_is_off),
        IT(a_tenant_that_left_the_cache),
        IT(a_permit_that_ran_out_before),
        IT(a_permit_that_ran_out_on_the_way),
        IT(given_up),
        IT(an_entry_that_cannot_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
