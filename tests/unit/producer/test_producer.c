/* SPDX-License-Identifier: Apache-2.0 */
/* libgrapnel against a redis-server of its own, which is stopped, killed and starved of memory. */
#include "common/base/base.h"
#include "common/base/clock.h"
#include "grapnel.h"
#include "tests/support/temp_redis.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

enum { TIMEOUT_MS = 300 };

static struct temp_redis redis;
static struct grapnel *g;

static int up(void **state)
{
    (void)state;
    temp_redis_start(&redis);
    return 0;
}

static int down(void **state)
{
    (void)state;
    temp_redis_stop(&redis);
    return 0;
}

static struct grapnel_event event_of(const char *tenant)
{
    return (struct grapnel_event){
        .tenant = tenant, .type = "USER_CREATED", .data = "{\"n\": 1.50}", .data_len = 11};
}

static enum grapnel_result connect_to(const char *url, uint32_t timeout_ms)
{
    const struct grapnel_options options = {.timeout_ms = timeout_ms};

    return grapnel_connect(&g, url, &options);
}

/* An empty Redis with an installation of four partitions, and @g connected to it. */
static int prepared(void **state)
{
    (void)state;
    if (!redis.pid)
        temp_redis_restart(&redis);
    (void)temp_redis_cli(&redis, "CONFIG SET maxmemory 0");
    assert_string_equal(temp_redis_cli(&redis, "FLUSHALL"), "OK");
    (void)temp_redis_cli(&redis, "HSET grapnel:meta format 1 partitions 4");
    assert_int_equal(connect_to(redis.url, TIMEOUT_MS), GRAPNEL_OK);
    return 0;
}

static int closed(void **state)
{
    (void)state;
    (void)grapnel_close(g);
    g = NULL;
    return 0;
}

static redisReply *ask(const char *command, const char *key)
{
    redisContext *c = redisConnect("127.0.0.1", redis.port);
    redisReply *reply;

    assert_true(c && !c->err);
    reply = redisCommand(c, command, key);
    assert_non_null(reply);
    redisFree(c);
    return reply;
}

static long long length_of(const char *key)
{
    redisReply *reply = ask("XLEN %s", key);
    long long n = reply->integer;

    assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
    freeReplyObject(reply);
    return n;
}

static long long total(void)
{
    return length_of("grapnel:{0}:events") + length_of("grapnel:{1}:events") +
           length_of("grapnel:{2}:events") + length_of("grapnel:{3}:events");
}

static void assert_words(const redisReply *fields, const char *const *words, size_t n)
{
    assert_int_equal(fields->elements, n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(fields->element[i]->str, words[i]);
}

/* --- what is sent ----------------------------------------------------------------------------- */

static void publishes_what_the_contract_says(void **state)
{
    struct grapnel_event e = event_of("123"); /* partition 2 of 4 */
    struct grapnel_receipt receipt;
    static const char *const words[] = {"tenant",       "123",  "type",
                                        "USER_CREATED", "data", "{\"n\": 1.50}"};
    redisReply *entries;
    char id[80];
    char *dash;

    (void)state;
    assert_int_equal(grapnel_publish(g, &e, &receipt), GRAPNEL_OK);
    entries = ask("XRANGE %s - +", "grapnel:{2}:events");
    assert_int_equal(entries->elements, 1);
    assert_words(entries->element[0]->element[1], words, ARRAY_LEN(words));
    (void)snprintf(id, sizeof(id), "evt_2_%s", entries->element[0]->element[0]->str);
    dash = strchr(id, '-');
    assert_non_null(dash);
    *dash = '_';
    assert_string_equal(receipt.event_id, id);
    assert_int_equal(receipt.is_duplicate, 0);
    freeReplyObject(entries);
}

static void publishes_every_field(void **state)
{
    struct grapnel_event e = event_of("123");
    struct grapnel_receipt receipt;
    static const char *const words[] = {"tenant", "123",           "type",  "USER_CREATED",
                                        "data",   "{\"n\": 1.50}", "id",    "order-9",
                                        "time",   "1737556200000", "trace", "req 7"};
    redisReply *entries;

    (void)state;
    e.id = "order-9";
    e.occurred_ms = 1737556200000;
    e.trace_id = "req 7";
    assert_int_equal(grapnel_publish(g, &e, &receipt), GRAPNEL_OK);
    assert_string_equal(receipt.event_id, "order-9");
    entries = ask("XRANGE %s - +", "grapnel:{2}:events");
    assert_words(entries->element[0]->element[1], words, ARRAY_LEN(words));
    freeReplyObject(entries);
}

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static void publishes_the_trace_context(void **state)
{
    struct grapnel_event e = event_of("123");
    char parent[] = PARENT, tracestate[] = "a=1,b=2";
    static const char *const words[] = {
        "tenant",        "123",         "type", "USER_CREATED", "data",
        "{\"n\": 1.50}", "traceparent", PARENT, "tracestate",   "a=1,b=2"};
    redisReply *entries;

    (void)state;
    e.traceparent = parent;
    e.tracestate = tracestate;
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_OK);
    assert_int_equal(grapnel_enqueue(g, &e, NULL), GRAPNEL_OK);
    memset(parent, 'x', sizeof(parent) - 1); /* it was copied */
    memset(tracestate, 'x', sizeof(tracestate) - 1);
    assert_int_equal(grapnel_flush(g), GRAPNEL_OK);
    entries = ask("XRANGE %s - +", "grapnel:{2}:events");
    assert_int_equal(entries->elements, 2);
    for (unsigned i = 0; i < 2; i++)
        assert_words(entries->element[i]->element[1], words, ARRAY_LEN(words));
    freeReplyObject(entries);
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_REFUSED);
    assert_non_null(strstr(grapnel_error(g), "traceparent: expected"));
    e.traceparent = NULL;
    e.tracestate = "a=1";
    assert_int_equal(grapnel_enqueue(g, &e, NULL), GRAPNEL_REFUSED);
    assert_non_null(strstr(grapnel_error(g), "tracestate: means nothing without traceparent"));
}

/* The longest command there is. */
static void publishes_everything_at_once(void **state)
{
    struct grapnel_event e = event_of("123");
    static const char *const words[] = {
        "tenant",      "123",     "type",       "USER_CREATED",  "data",     "{\"n\": 1.50}",
        "id",          "order-9", "time",       "1737556200000", "trace",    "req 7",
        "traceparent", PARENT,    "tracestate", "a=1",           "endpoint", "ep_1"};
    redisReply *entries;

    (void)state;
    e.id = "order-9";
    e.occurred_ms = 1737556200000;
    e.trace_id = "req 7";
    e.traceparent = PARENT;
    e.tracestate = "a=1";
    e.endpoint = "ep_1";
    assert_int_equal(grapnel_enqueue(g, &e, NULL), GRAPNEL_OK);
    e.idempotency_key = "order-991";
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_OK);
    assert_int_equal(grapnel_flush(g), GRAPNEL_OK);
    entries = ask("XRANGE %s - +", "grapnel:{2}:events");
    assert_int_equal(entries->elements, 2);
    for (unsigned i = 0; i < 2; i++)
        assert_words(entries->element[i]->element[1], words, ARRAY_LEN(words));
    freeReplyObject(entries);
    e.endpoint = "ep 1";
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_REFUSED);
    assert_non_null(strstr(grapnel_error(g), "endpoint: byte 0x20 at position 3"));
}

static void refuses_before_sending(void **state)
{
    struct grapnel_event e = event_of("no spaces");
    struct grapnel_receipt receipt;

    (void)state;
    assert_int_equal(grapnel_publish(g, &e, &receipt), GRAPNEL_REFUSED);
    assert_int_equal(receipt.result, GRAPNEL_REFUSED);
    assert_non_null(strstr(receipt.error, "tenant: byte 0x20 at position 3"));
    assert_string_equal(grapnel_error(g), receipt.error);
    e = event_of("123");
    e.data = "{";
    e.data_len = 1;
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_REFUSED);
    assert_non_null(strstr(grapnel_error(g), "data: not JSON"));
    e = event_of(NULL);
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_REFUSED);
    e = event_of("123");
    e.occurred_ms = -1;
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_REFUSED);
    assert_int_equal(total(), 0);
}

static void data_may_be_as_large_as_allowed(void **state)
{
    static char data[262144 + 1];
    struct grapnel_event e = event_of("123");
    redisReply *entries;

    (void)state;
    memset(data, 'x', sizeof(data));
    data[0] = data[262143] = '"';
    e.data = data;
    e.data_len = 262144;
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_OK);
    entries = ask("XRANGE %s - +", "grapnel:{2}:events");
    assert_int_equal(entries->element[0]->element[1]->element[5]->len, 262144);
    assert_memory_equal(entries->element[0]->element[1]->element[5]->str, data, 262144);
    freeReplyObject(entries);
    e.data_len++;
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_REFUSED);
}

/* --- batches ---------------------------------------------------------------------------------- */

enum { MANY = 1000 };

static struct grapnel_event events[MANY];
static struct grapnel_receipt receipts[MANY];
static char keys[MANY][16], data[MANY][16];

static void make_many(const char *tenant, bool has_keys)
{
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "key-%d", i);
        (void)snprintf(data[i], sizeof(data[i]), "%d", i);
        events[i] = event_of(tenant);
        events[i].data = data[i];
        events[i].data_len = strlen(data[i]);
        events[i].idempotency_key = has_keys ? keys[i] : NULL;
    }
    memset(receipts, 0xff, sizeof(receipts));
}

static size_t count_of(enum grapnel_result result)
{
    size_t n = 0;

    for (size_t i = 0; i < MANY; i++)
        n += receipts[i].result == result;
    return n;
}

/* The stream holds events 0 to MANY - 1, each once, in order. */
static void assert_all_in_order(const char *key)
{
    redisReply *entries = ask("XRANGE %s - +", key);

    assert_int_equal(entries->elements, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_string_equal(entries->element[i]->element[1]->element[5]->str, data[i]);
    freeReplyObject(entries);
}

static void batch_keeps_its_order(void **state)
{
    (void)state;
    make_many("123", false);
    assert_int_equal(grapnel_publish_batch(g, events, MANY, receipts), GRAPNEL_OK);
    assert_int_equal(count_of(GRAPNEL_OK), MANY);
    assert_all_in_order("grapnel:{2}:events");
    assert_int_equal(grapnel_publish_batch(g, events, MANY, NULL), GRAPNEL_OK);
    assert_int_equal(total(), 2 * MANY);
    assert_int_equal(grapnel_publish_batch(g, events, 0, NULL), GRAPNEL_OK);
}

static void batch_takes_what_is_right(void **state)
{
    (void)state;
    make_many("123", false);
    for (size_t i = 7; i < MANY; i += 10)
        events[i].type = i % 20 == 7 ? "" : NULL;
    assert_int_equal(grapnel_publish_batch(g, events, MANY, receipts), GRAPNEL_REFUSED);
    assert_string_equal(grapnel_error(g), receipts[7].error);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(receipts[i].result, i % 10 == 7 ? GRAPNEL_REFUSED : GRAPNEL_OK);
    assert_int_equal(total(), MANY - MANY / 10);
}

/* --- idempotency ------------------------------------------------------------------------------ */

static void key_counts_once(void **state)
{
    struct grapnel_event e = event_of("123");
    struct grapnel_receipt first, second;

    (void)state;
    e.idempotency_key = "order-991";
    assert_int_equal(grapnel_publish(g, &e, &first), GRAPNEL_OK);
    assert_int_equal(first.is_duplicate, 0);
    e.id = "mine";
    assert_int_equal(grapnel_publish(g, &e, &second), GRAPNEL_OK);
    assert_int_equal(second.is_duplicate, 1);
    assert_string_equal(second.event_id, first.event_id);
    assert_int_equal(total(), 1);
}

static void key_tells_the_first_ones_own_id(void **state)
{
    struct grapnel_event e = event_of("123");
    struct grapnel_receipt receipt;

    (void)state;
    e.idempotency_key = "order-991";
    e.id = "mine";
    assert_int_equal(grapnel_publish(g, &e, &receipt), GRAPNEL_OK);
    assert_string_equal(receipt.event_id, "mine");
    e.id = NULL;
    assert_int_equal(grapnel_publish(g, &e, &receipt), GRAPNEL_OK);
    assert_string_equal(receipt.event_id, "mine");
    assert_int_equal(receipt.is_duplicate, 1);
    assert_int_equal(total(), 1);
}

/* "a" with "b:c" and "a:b" with "c" must not be one. */
static void key_counts_within_its_tenant(void **state)
{
    struct grapnel_event e = event_of("a");
    struct grapnel_receipt receipt;

    (void)state;
    (void)temp_redis_cli(&redis, "HSET grapnel:meta partitions 1");
    (void)grapnel_close(g);
    assert_int_equal(connect_to(redis.url, TIMEOUT_MS), GRAPNEL_OK);
    e.idempotency_key = "b:c";
    assert_int_equal(grapnel_publish(g, &e, &receipt), GRAPNEL_OK);
    e = event_of("a:b");
    e.idempotency_key = "c";
    assert_int_equal(grapnel_publish(g, &e, &receipt), GRAPNEL_OK);
    assert_int_equal(receipt.is_duplicate, 0);
    assert_int_equal(length_of("grapnel:{0}:events"), 2);
}

static void key_is_forgotten_in_time(void **state)
{
    const struct grapnel_options options = {.idempotency_ms = 60000};
    struct grapnel_event e = event_of("123");
    redisReply *reply;

    (void)state;
    (void)grapnel_close(g);
    assert_int_equal(grapnel_connect(&g, redis.url, &options), GRAPNEL_OK);
    e.idempotency_key = "order-991";
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_OK);
    reply = ask("PTTL %s", "grapnel:{2}:idem:123/order-991");
    assert_in_range(reply->integer, 1, 60000);
    freeReplyObject(reply);
}

/* Redis forgets scripts when it restarts or is told to; a batch in the middle must not notice. */
static void script_may_be_lost(void **state)
{
    struct grapnel_event e = event_of("123");

    (void)state;
    e.idempotency_key = "first";
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_OK);
    assert_string_equal(temp_redis_cli(&redis, "SCRIPT FLUSH"), "OK");
    make_many("123", true);
    assert_int_equal(grapnel_publish_batch(g, events, MANY, receipts), GRAPNEL_OK);
    assert_int_equal(total(), MANY + 1);
    assert_int_equal(grapnel_publish_batch(g, events, MANY, receipts), GRAPNEL_OK);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(receipts[i].is_duplicate, 1);
    assert_int_equal(total(), MANY + 1);
}

/* --- the queue -------------------------------------------------------------------------------- */

struct told {
    size_t n;
    bool is_right;
};

static void on_flushed(void *arg, void *tag, const struct grapnel_receipt *receipt)
{
    struct told *told = arg;

    told->is_right =
        told->is_right && *(int *)tag == (int)told->n && !receipt->result && *receipt->event_id;
    told->n++;
}

static void queue_is_told_in_order(void **state)
{
    static int tags[MANY];
    struct told told = {.is_right = true};
    char text[16];

    (void)state;
    make_many("123", false);
    grapnel_on_flushed(g, on_flushed, &told);
    for (int i = 0; i < MANY; i++) {
        struct grapnel_event e = event_of("123");

        tags[i] = i;
        (void)snprintf(text, sizeof(text), "%d", i); /* gone after the call: it must be copied */
        e.data = text;
        e.data_len = strlen(text);
        assert_int_equal(grapnel_enqueue(g, &e, &tags[i]), GRAPNEL_OK);
        memset(text, 'z', sizeof(text));
    }
    assert_int_equal(told.n, 3 * 256); /* it flushed by itself when 256 waited */
    assert_int_equal(grapnel_flush(g), GRAPNEL_OK);
    assert_int_equal(told.n, MANY);
    assert_true(told.is_right);
    assert_all_in_order("grapnel:{2}:events");
    assert_int_equal(grapnel_flush(g), GRAPNEL_OK);
    assert_int_equal(total(), MANY);
}

static void queue_flushes_by_size(void **state)
{
    static char big[200 * 1024];
    struct grapnel_event e = event_of("123");

    (void)state;
    memset(big, '1', sizeof(big));
    e.data = big;
    e.data_len = sizeof(big);
    for (int i = 0; i < 6; i++)
        assert_int_equal(grapnel_enqueue(g, &e, NULL), GRAPNEL_OK);
    assert_int_equal(total(), 5); /* the sixth would have made it more than 1 MiB */
}

static void queue_refuses_at_once(void **state)
{
    struct grapnel_event e = event_of("");

    (void)state;
    assert_int_equal(grapnel_enqueue(g, &e, NULL), GRAPNEL_REFUSED);
    assert_int_equal(grapnel_flush(g), GRAPNEL_OK);
    assert_int_equal(total(), 0);
}

static void close_flushes(void **state)
{
    struct grapnel_event e = event_of("123");

    (void)state;
    assert_int_equal(grapnel_enqueue(g, &e, NULL), GRAPNEL_OK);
    assert_int_equal(grapnel_close(g), GRAPNEL_OK);
    g = NULL;
    assert_int_equal(total(), 1);
}

/* --- trouble ---------------------------------------------------------------------------------- */

static void unprepared_redis_is_told(void **state)
{
    struct grapnel_event e = event_of("123");

    (void)state;
    (void)temp_redis_cli(&redis, "DEL grapnel:meta");
    (void)grapnel_close(g);
    assert_int_equal(connect_to(redis.url, TIMEOUT_MS), GRAPNEL_UNPREPARED);
    assert_non_null(strstr(grapnel_error(g), "no Grapnel installation"));
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_UNPREPARED);
    (void)temp_redis_cli(&redis, "HSET grapnel:meta format 2 partitions 4");
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_UNPREPARED);
    assert_non_null(strstr(grapnel_error(g), "format 2"));
    (void)temp_redis_cli(&redis, "HSET grapnel:meta format 1 partitions 5000");
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_UNPREPARED);
    /* The same handle heals when the installation is there. */
    (void)temp_redis_cli(&redis, "HSET grapnel:meta partitions 4");
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_OK);
    assert_int_equal(total(), 1);
}

static void other_partitions_than_expected_are_told(void **state)
{
    const struct grapnel_options options = {.partitions = 8};

    (void)state;
    (void)grapnel_close(g);
    assert_int_equal(grapnel_connect(&g, redis.url, &options), GRAPNEL_UNPREPARED);
    assert_non_null(strstr(grapnel_error(g), "partitions: the installation has 4, expected 8"));
}

static void wrong_options_are_refused(void **state)
{
    const struct grapnel_options prefix = {.key_prefix = "a{b}"};
    struct grapnel_event e = event_of("123");

    (void)state;
    (void)grapnel_close(g);
    assert_int_equal(grapnel_connect(&g, "http://127.0.0.1", NULL), GRAPNEL_REFUSED);
    assert_true(*grapnel_error(g));
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_REFUSED);
    (void)grapnel_close(g);
    assert_int_equal(grapnel_connect(&g, redis.url, &prefix), GRAPNEL_REFUSED);
    assert_non_null(strstr(grapnel_error(g), "key_prefix"));
    (void)grapnel_close(g);
    assert_int_equal(grapnel_connect(&g, NULL, NULL), GRAPNEL_REFUSED);
}

static void password_is_told_to_be_wrong_but_not_shown(void **state)
{
    char url[96];

    (void)state;
    (void)temp_redis_cli(&redis, "CONFIG SET requirepass correct");
    (void)grapnel_close(g);
    assert_int_equal(connect_to(redis.url, TIMEOUT_MS), GRAPNEL_REDIS);
    assert_non_null(strstr(grapnel_error(g), "NOAUTH"));
    (void)grapnel_close(g);
    (void)snprintf(url, sizeof(url), "redis://:battery@127.0.0.1:%d", redis.port);
    assert_int_equal(connect_to(url, TIMEOUT_MS), GRAPNEL_REDIS);
    assert_non_null(strstr(grapnel_error(g), "WRONGPASS"));
    assert_null(strstr(grapnel_error(g), "battery"));
    (void)grapnel_close(g);
    (void)snprintf(url, sizeof(url), "redis://:correct@127.0.0.1:%d", redis.port);
    assert_int_equal(connect_to(url, TIMEOUT_MS), GRAPNEL_OK);
    (void)temp_redis_cli(&redis, "--no-auth-warning -a correct CONFIG SET requirepass ''");
}

static void refused_connection_is_told(void **state)
{
    struct grapnel_event e = event_of("123");

    (void)state;
    temp_redis_kill(&redis);
    (void)grapnel_close(g);
    assert_int_equal(connect_to(redis.url, TIMEOUT_MS), GRAPNEL_UNREACHABLE);
    assert_non_null(strstr(grapnel_error(g), "refused"));
    temp_redis_restart(&redis);
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_OK);
}

static void restart_is_not_noticed(void **state)
{
    struct grapnel_event e = event_of("123");

    (void)state;
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_OK);
    temp_redis_kill(&redis);
    temp_redis_restart(&redis);
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_OK);
    assert_int_equal(total(), 2);
}

static void memory_that_ran_out_is_told(void **state)
{
    struct grapnel_event e = event_of("123");
    struct grapnel_receipt receipt;

    (void)state;
    assert_string_equal(temp_redis_cli(&redis, "CONFIG SET maxmemory 1"), "OK");
    assert_int_equal(grapnel_publish(g, &e, &receipt), GRAPNEL_REDIS);
    assert_non_null(strstr(receipt.error, "OOM"));
    e.idempotency_key = "order-991";
    assert_int_equal(grapnel_publish(g, &e, &receipt), GRAPNEL_REDIS);
    assert_non_null(strstr(receipt.error, "OOM"));
    assert_string_equal(temp_redis_cli(&redis, "CONFIG SET maxmemory 0"), "OK");
    assert_int_equal(total(), 0);
    assert_string_equal(temp_redis_cli(&redis, "DBSIZE"), "1"); /* nothing half done: only meta */
    assert_int_equal(grapnel_publish(g, &e, &receipt), GRAPNEL_OK);
    assert_int_equal(receipt.is_duplicate, 0);
}

static void wrong_type_does_nothing(void **state)
{
    struct grapnel_event e = event_of("123");

    (void)state;
    (void)temp_redis_cli(&redis, "SET 'grapnel:{2}:events' x");
    e.idempotency_key = "order-991";
    assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_REDIS);
    assert_non_null(strstr(grapnel_error(g), "WRONGTYPE"));
    assert_string_equal(temp_redis_cli(&redis, "DBSIZE"), "2");
}

/* Redis hangs: one timeout for the whole batch, not one for each of its four round trips. */
static void hanging_redis_times_out_once(void **state)
{
    int64_t began, took;

    (void)state;
    make_many("123", true);
    (void)kill(redis.pid, SIGSTOP);
    began = clock_mono_ms();
    assert_int_equal(grapnel_publish_batch(g, events, MANY, receipts), GRAPNEL_TIMEOUT);
    took = clock_mono_ms() - began;
    (void)kill(redis.pid, SIGCONT);
    assert_in_range(took, TIMEOUT_MS - 20, 3 * TIMEOUT_MS);
    assert_int_equal(count_of(GRAPNEL_TIMEOUT), MANY);
    assert_non_null(strstr(grapnel_error(g), "no answer within 300 ms"));
    /* What Redis did when it woke up is not known here; the keys make it happen once. */
    assert_int_equal(grapnel_publish_batch(g, events, MANY, receipts), GRAPNEL_OK);
    assert_int_equal(total(), MANY);
    assert_int_equal(length_of("grapnel:{2}:events"), MANY);
}

static void hanging_redis_times_out_connecting(void **state)
{
    (void)state;
    (void)grapnel_close(g);
    (void)kill(redis.pid, SIGSTOP);
    assert_int_equal(connect_to(redis.url, TIMEOUT_MS), GRAPNEL_TIMEOUT);
    (void)kill(redis.pid, SIGCONT);
    assert_int_equal(grapnel_publish_batch(g, events, 0, NULL), GRAPNEL_OK);
}

/* Kills Redis as soon as its stream has some events, wherever in a batch that is. */
static void *kill_when_busy(void *arg)
{
    const long long *at = arg;

    while (total() < *at)
        ;
    temp_redis_kill(&redis);
    return NULL;
}

/* Accepted means safe; with keys, everything happens once, however often it is sent. */
static void killed_redis_loses_nothing_and_doubles_nothing(void **state)
{
    static bool was_accepted[MANY];
    long long at = 300;
    pthread_t killer;
    enum grapnel_result r = GRAPNEL_OK;

    (void)state;
    make_many("123", true);
    memset(was_accepted, 0, sizeof(was_accepted));
    assert_int_equal(pthread_create(&killer, NULL, kill_when_busy, &at), 0);
    for (size_t i = 0; i < MANY && !r; i += 10) {
        r = grapnel_publish_batch(g, events + i, 10, receipts + i);
        for (size_t j = i; j < i + 10; j++)
            was_accepted[j] = receipts[j].result == GRAPNEL_OK;
    }
    assert_int_equal(pthread_join(killer, NULL), 0);
    assert_true(r == GRAPNEL_UNREACHABLE || r == GRAPNEL_OK);
    temp_redis_restart(&redis);
    assert_int_equal(grapnel_publish_batch(g, events, MANY, receipts), GRAPNEL_OK);
    for (size_t i = 0; i < MANY; i++)
        if (was_accepted[i])
            assert_int_equal(receipts[i].is_duplicate, 1);
    assert_all_in_order("grapnel:{2}:events");
}

/* All of a batch is on its way and nothing answered when Redis dies. */
static void *kill_when_asked(void *arg)
{
    const atomic_int *thread = arg;
    char path[64], stat[256];
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", atomic_load(thread));
    for (bool is_waiting = false; !is_waiting;) {
        f = fopen(path, "re");
        assert_non_null(f);
        assert_non_null(fgets(stat, sizeof(stat), f));
        (void)fclose(f);
        is_waiting = strstr(stat, ") S ") != NULL;
    }
    temp_redis_kill(&redis);
    return NULL;
}

static void lost_answer_is_unreachable(void **state)
{
    atomic_int self = gettid();
    pthread_t killer;

    (void)state;
    (void)grapnel_close(g);
    assert_int_equal(connect_to(redis.url, 20000), GRAPNEL_OK);
    make_many("123", true);
    (void)kill(redis.pid, SIGSTOP);
    assert_int_equal(pthread_create(&killer, NULL, kill_when_asked, &self), 0);
    assert_int_equal(grapnel_publish_batch(g, events, 200, receipts), GRAPNEL_UNREACHABLE);
    assert_int_equal(pthread_join(killer, NULL), 0);
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(receipts[i].result, GRAPNEL_UNREACHABLE);
    temp_redis_restart(&redis);
    assert_int_equal(grapnel_publish_batch(g, events, 200, receipts), GRAPNEL_OK);
    assert_int_equal(total(), 200);
}

/* The program must not die of SIGPIPE, nor lose its own handling of it. */
static void broken_pipe_does_not_kill(void **state)
{
    struct grapnel_event e = event_of("123");
    sigset_t blocked;

    (void)state;
    (void)signal(SIGPIPE, SIG_DFL);
    temp_redis_kill(&redis);
    for (int i = 0; i < 3; i++)
        assert_int_equal(grapnel_publish(g, &e, NULL), GRAPNEL_UNREACHABLE);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &blocked), 0);
    assert_int_equal(sigismember(&blocked, SIGPIPE), 0);
}

#define WITH_REDIS(test) cmocka_unit_test_setup_teardown(test, prepared, closed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REDIS(publishes_what_the_contract_says),
        WITH_REDIS(publishes_every_field),
        WITH_REDIS(publishes_the_trace_context),
        WITH_REDIS(publishes_everything_at_once),
        WITH_REDIS(refuses_before_sending),
        WITH_REDIS(data_may_be_as_large_as_allowed),
        WITH_REDIS(batch_keeps_its_order),
        WITH_REDIS(batch_takes_what_is_right),
        WITH_REDIS(key_counts_once),
        WITH_REDIS(key_tells_the_first_ones_own_id),
        WITH_REDIS(key_counts_within_its_tenant),
        WITH_REDIS(key_is_forgotten_in_time),
        WITH_REDIS(script_may_be_lost),
        WITH_REDIS(queue_is_told_in_order),
        WITH_REDIS(queue_flushes_by_size),
        WITH_REDIS(queue_refuses_at_once),
        WITH_REDIS(close_flushes),
        WITH_REDIS(unprepared_redis_is_told),
        WITH_REDIS(other_partitions_than_expected_are_told),
        WITH_REDIS(wrong_options_are_refused),
        WITH_REDIS(password_is_told_to_be_wrong_but_not_shown),
        WITH_REDIS(refused_connection_is_told),
        WITH_REDIS(restart_is_not_noticed),
        WITH_REDIS(memory_that_ran_out_is_told),
        WITH_REDIS(wrong_type_does_nothing),
        WITH_REDIS(hanging_redis_times_out_once),
        WITH_REDIS(hanging_redis_times_out_connecting),
        WITH_REDIS(killed_redis_loses_nothing_and_doubles_nothing),
        WITH_REDIS(lost_answer_is_unreachable),
        WITH_REDIS(broken_pipe_does_not_kill),
    };

    return cmocka_run_group_tests(tests, up, down);
}
