/* SPDX-License-Identifier: Apache-2.0 */
/* The wire contract, from its vectors: what they accept must pass, what they refuse must be refused
 * for the reason that they tell. The entries go the way that the scheduler's do. */
#include "common/model/event.h"
#include "common/model/event_check.h"
#include "common/model/partition.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#ifndef VECTORS
#error "VECTORS must name wire.json"
#endif

static json_t *vectors;

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    assert_non_null(text);
    return text;
}

static unsigned number_of(const json_t *object, const char *name)
{
    const json_t *number = json_object_get(object, name);

    assert_true(json_is_integer(number));
    return (unsigned)json_integer_value(number);
}

static redisReply *reply_text(const json_t *text)
{
    redisReply *reply = calloc(1, sizeof(*reply));

    assert_non_null(reply);
    assert_true(json_is_string(text));
    reply->type = REDIS_REPLY_STRING;
    reply->len = json_string_length(text);
    reply->str = malloc(reply->len + 1);
    assert_non_null(reply->str);
    memcpy(reply->str, json_string_value(text), reply->len + 1);
    return reply;
}

static redisReply *reply_array(size_t n)
{
    redisReply *reply = calloc(1, sizeof(*reply));

    assert_non_null(reply);
    reply->type = REDIS_REPLY_ARRAY;
    reply->elements = n;
    reply->element = calloc(n + 1, sizeof(*reply->element));
    assert_non_null(reply->element);
    return reply;
}

/* What XRANGE would answer for one entry. @words: names and values in turn, from @from on. */
static redisReply *entry_of(const json_t *words, size_t from)
{
    redisReply *entry = reply_array(2), *fields = reply_array(json_array_size(words) - from);
    json_t *id = json_string("1737556200000-0");

    for (size_t i = 0; i < fields->elements; i++)
        fields->element[i] = reply_text(json_array_get(words, from + i));
    entry->element[0] = reply_text(id);
    entry->element[1] = fields;
    json_decref(id);
    return entry;
}

/* As fields of the refused vectors: pairs. */
static json_t *flat(const json_t *pairs)
{
    json_t *words = json_array(), *pair;
    size_t i;

    json_array_foreach(pairs, i, pair)
    {
        json_array_append(words, json_array_get(pair, 0));
        json_array_append(words, json_array_get(pair, 1));
    }
    return words;
}

static int judge(const redisReply *entry, const json_t *vector, size_t data_max, struct diag *diag)
{
    struct event e;
    unsigned partition = number_of(vector, "partition");
    int r = event_parse(&e, entry, partition, diag);

    return r ? r : event_judge(&e, partition, number_of(vector, "partitions"), data_max, diag);
}

static void accepted_events_pass(void **state)
{
    const json_t *list = json_object_get(vectors, "accepted"), *vector;
    size_t i;

    (void)state;
    assert_true(json_array_size(list) >= 10);
    json_array_foreach(list, i, vector)
    {
        redisReply *entry = entry_of(json_object_get(vector, "command"), 3);
        struct diag diag = {""};

        if (judge(entry, vector, 262144, &diag))
            fail_msg("%s: refused: %s", text_of(vector, "name"), diag.text);
        freeReplyObject(entry);
    }
}

static void refused_events_are_refused_with_their_reason(void **state)
{
    const json_t *list = json_object_get(vectors, "refused"), *vector;
    size_t i;

    (void)state;
    assert_true(json_array_size(list) >= 30);
    json_array_foreach(list, i, vector)
    {
        json_t *words = flat(json_object_get(vector, "fields"));
        redisReply *entry = entry_of(words, 0);
        const char *reason = text_of(vector, "reason_begins");
        struct diag diag = {""};

        assert_int_equal(judge(entry, vector, number_of(vector, "event_bytes_max"), &diag),
                         -EINVAL);
        if (strncmp(diag.text, reason, strlen(reason)) != 0)
            fail_msg("%s: refused with: %s", text_of(vector, "name"), diag.text);
        assert_true(strlen(diag.text) <= 150); /* as event_check.h promises */
        freeReplyObject(entry);
        json_decref(words);
    }
}

static void partitions_are_those_of_the_vectors(void **state)
{
    const json_t *list = json_object_get(vectors, "partitions"), *vector;
    size_t i;

    (void)state;
    assert_true(json_array_size(list) >= 10);
    json_array_foreach(list, i, vector)
    {
        struct span tenant = span_of(text_of(vector, "tenant"));
        json_t *of = json_object_get(vector, "of"), *partition;
        const char *count;

        assert_int_equal(crc32_add(0, tenant), number_of(vector, "crc32"));
        json_object_foreach(of, count, partition)
        {
            unsigned n = (unsigned)strtoul(count, NULL, 10);

            assert_int_equal(partition_of(tenant, n), json_integer_value(partition));
        }
    }
}

static struct event_fields least(void)
{
    return (struct event_fields){
        .tenant = SPAN("acme"), .type = SPAN("USER_CREATED"), .data = SPAN("{}")};
}

/* The key is not in the stream entry, so no vector has it. */
static void idempotency_key_is_checked(void **state)
{
    struct event_fields e = least();
    struct diag diag;
    char longest[130];

    (void)state;
    memset(longest, '~', sizeof(longest));
    e.key = (struct span){longest, 128};
    assert_int_equal(event_check(&e, 100, &diag), 0);
    e.key.len = 129;
    assert_int_equal(event_check(&e, 100, &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "idempotency key: 129 bytes"));
    e.key = SPAN("a b");
    assert_int_equal(event_check(&e, 100, &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "idempotency key: byte 0x20 at position 2"));
    e.key = SPAN("");
    assert_int_equal(event_check(&e, 100, &diag), -EINVAL);
}

/* Bytes that no JSON text of the vectors can hold. */
static void any_byte_is_judged(void **state)
{
    struct event_fields e = least();
    char name[1];

    (void)state;
    e.tenant = (struct span){name, 1};
    for (int c = 0; c < 256; c++) {
        bool is_fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '_' || c == '-' || c == '.' || c == ':';

        name[0] = (char)c;
        assert_int_equal(event_check(&e, 100, NULL), is_fine ? 0 : -EINVAL);
    }
    e = least();
    e.data = SPAN("\"\xff\"");
    assert_int_equal(event_check(&e, 100, NULL), -EINVAL);
}

static void size_is_judged_at_the_byte(void **state)
{
    struct event_fields e = least();

    (void)state;
    e.data = SPAN("[1,2,3]");
    assert_int_equal(event_check(&e, 7, NULL), 0);
    assert_int_equal(event_check(&e, 6, NULL), -EINVAL);
}

static int load(void **state)
{
    json_error_t error;

    (void)state;
    vectors = json_load_file(VECTORS, JSON_ALLOW_NUL, &error);
    return vectors ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    json_decref(vectors);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted_events_pass),
        cmocka_unit_test(refused_events_are_refused_with_their_reason),
        cmocka_unit_test(partitions_are_those_of_the_vectors),
        cmocka_unit_test(idempotency_key_is_checked),
        cmocka_unit_test(any_byte_is_judged),
        cmocka_unit_test(size_is_judged_at_the_byte),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
