/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/inbound/source.h"
#include "common/model/inbound/source_event.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ID "src_00000000-0000-4000-8000-000000000000"
#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

enum { DATA_MAX = 1024 };

static struct master_key key;

static struct source *make(const char *kind)
{
    struct source *s = NULL;

    assert_int_equal(source_new(&s, SPAN(ID), source_kind_find(span_of(kind))), 0);
    (void)snprintf(s->tenant, sizeof(s->tenant), "acme");
    return s;
}

static void add_secret(struct source *s, const char *secret, int64_t now_ms, int64_t overlap_ms)
{
    const struct secret_change change = {now_ms, overlap_ms};
    char made[SIGN_SECRET_SIZE];
    struct diag diag = {""};

    assert_int_equal(source_add_secret(s, &key, span_of(secret), &change, made, &diag), 0);
}

/* ---- the record ---- */

static void comes_out_as_it_went_in(void **state)
{
    struct source *s = make("hmac-base64"), *again = NULL;
    struct buf one, two;

    (void)state;
    (void)snprintf(s->name, sizeof(s->name), "a name \xe2\x98\x83");
    (void)snprintf(s->header, sizeof(s->header), "x-sig");
    s->algorithm = SOURCE_SHA512;
    s->type = (struct source_pick){SOURCE_FROM_PATH, "a.b"};
    (void)snprintf(s->type_prefix, sizeof(s->type_prefix), "p.");
    s->n_kept = 2;
    (void)snprintf(s->kept[0], sizeof(s->kept[0]), "x-one");
    s->created_ms = 5;
    add_secret(s, "a secret of ours", 1, 0);
    buf_init(&one, SOURCE_RECORD_MAX);
    buf_init(&two, SOURCE_RECORD_MAX);
    source_pack(&one, s);
    assert_int_equal(buf_result(&one), 0);
    assert_int_equal(source_parse(&again, SPAN(ID), buf_span(&one)), 0);
    source_pack(&two, again);
    assert_true(span_equal(buf_span(&one), buf_span(&two)));
    assert_int_equal(again->algorithm, SOURCE_SHA512);
    assert_string_equal(again->type.text, "a.b");
    for (size_t n = 0; n < one.len; n++) /* cut off anywhere */
        assert_int_equal(source_parse(&again, SPAN(ID), (struct span){one.data, n}), -EBADMSG);
    buf_fini(&one);
    buf_fini(&two);
    (void)source_free(s);
    (void)source_free(again);
}

/* ---- secrets ---- */

static const char *authorization;

static const char *find(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "cf-webhook-auth") == 0 ? authorization : NULL;
}

static int judge(const struct source *s, const char *given, int64_t now_ms)
{
    const struct source_call call = {find, NULL, SPAN("{}"), 0};
    const char *why;

    authorization = given;
    return source_judge(s, &key, &call, now_ms, &why);
}

static void older_secrets_count_until_their_end(void **state)
{
    struct source *s = make("cloudflare");

    (void)state;
    assert_int_equal(judge(s, "anything", 0), SOURCE_REFUSED);
    add_secret(s, "the first one", 1000, 0);
    add_secret(s, "the second one", 2000, 500);
    assert_int_equal(judge(s, "the first one", 2499), 0);
    assert_int_equal(judge(s, "the second one", 2499), 0);
    assert_int_equal(judge(s, "the first one", 2500), SOURCE_REFUSED);
    assert_int_equal(judge(s, "the second one", 99999), 0);
    (void)source_free(s);
}

static void a_secret_that_cannot_be_opened_is_no_refusal(void **state)
{
    struct source *s = make("cloudflare");

    (void)state;
    add_secret(s, "the first one", 1000, 0);
    s->secrets.all[0].sealed.data[20] ^= 1;
    assert_int_equal(judge(s, "the first one", 1000), -EBADMSG);
    add_secret(s, "the second one", 1000, 500);
    assert_int_equal(judge(s, "the second one", 1000), 0);
    (void)source_free(s);
}

/* ---- the event ---- */

static void check_event(struct source *s, const char *body, const char *type, const char *data)
{
    const struct source_call call = {find, NULL, span_of(body), 0};
    struct source_event e;
    struct diag diag = {""};

    assert_int_equal(source_event_init(&e, s, &call, DATA_MAX, &diag), type ? 0 : -EINVAL);
    if (type) {
        assert_string_equal(e.type, type);
        assert_true(span_equal(e.data, span_of(data)));
        assert_true(strncmp(e.key, "in:" ID ":", strlen(ID) + 4) == 0);
        assert_true(strlen(e.key) <= EVENT_KEY_MAX);
    }
    source_event_fini(&e);
}

static void is_made_of_the_body(void **state)
{
    struct source *s = make("stripe");

    (void)state;
    check_event(s, "{\"type\":\"a.b\",\"id\":1.50}", "a.b", "{\"type\":\"a.b\",\"id\":1.50}");
    check_event(s, "{\"type\":\"\\u0061\"}", "a", "{\"type\":\"\\u0061\"}");
    check_event(s, "{\"type\":\"grapnel.email\"}", NULL, NULL);
    check_event(s, "{\"type\":{}}", NULL, NULL);
    check_event(s, "no JSON", NULL, NULL);
    s->type = (struct source_pick){SOURCE_FROM_FIXED, "fixed"};
    check_event(s, "no JSON", "fixed", "{\"body\":\"no JSON\"}");
    check_event(s, "\xff", "fixed", "{\"body_base64\":\"/w==\"}");
    (void)snprintf(s->type_prefix, sizeof(s->type_prefix), "grapnel");
    s->type = (struct source_pick){SOURCE_FROM_FIXED, ".email"};
    check_event(s, "{}", NULL, NULL);
    (void)source_free(s);
}

static void has_a_limit(void **state)
{
    char body[DATA_MAX + 2];
    struct source *s = make("stripe");

    (void)state;
    s->type = (struct source_pick){SOURCE_FROM_FIXED, "fixed"};
    memset(body, '1', sizeof(body) - 1);
    body[DATA_MAX + 1] = '\0';
    check_event(s, body, NULL, NULL);
    body[DATA_MAX] = '\0';
    check_event(s, body, "fixed", body);
    memset(body, '\x01', DATA_MAX / 4); /* no JSON; each becomes six bytes */
    check_event(s, body, NULL, NULL);
    (void)source_free(s);
}

static int load_key(void **state)
{
    (void)state;
    return master_key_load(&key, KEY, "", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_out_as_it_went_in),
        cmocka_unit_test(older_secrets_count_until_their_end),
        cmocka_unit_test(a_secret_that_cannot_be_opened_is_no_refusal),
        cmocka_unit_test(is_made_of_the_body),
        cmocka_unit_test(has_a_limit),
    };

    return cmocka_run_group_tests(tests, load_key, NULL);
}
