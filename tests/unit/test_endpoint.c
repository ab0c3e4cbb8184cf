#include "common/endpoint.h"
#include "common/pack.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ID "ep_0123abcd-0123-4002-8def-0123456789ab"
#define OTHER_ID "ep_ffffabcd-0123-4002-8def-0123456789ab"

static struct master_key key;

static struct endpoint *make(const char *dialect, const char *events)
{
    struct endpoint *e = calloc(1, sizeof(*e));
    struct diag diag = {""};

    assert_non_null(e);
    memcpy(e->id, ID, sizeof(ID));
    e->tenant = strdup("acme");
    e->url = strdup("https://example.com/hooks");
    e->description = strdup("");
    e->dialect = dialect_find(span_of(dialect));
    assert_non_null(e->dialect);
    e->retries = -1;
    assert_int_equal(endpoint_set_events(e, span_of(events), &diag), 0);
    return e;
}

/* --- the record ------------------------------------------------------------------------------- */

static void round_trip(void **state)
{
    struct endpoint *in = make("standard", "USER_CREATED,order.*"), *out = NULL;
    char made[64] = "";
    struct buf b;

    (void)state;
    in->created_ms = 1737556200000;
    in->slots = 8;
    in->retries = 0;
    in->timeout_ms = 10000;
    assert_int_equal(endpoint_add_secret(in, &key, NULL, made, NULL), 0);
    assert_int_equal(endpoint_add_secret(in, &key, NULL, made, NULL), 0);
    buf_init(&b, 65536);
    endpoint_pack(&b, in);
    assert_int_equal(endpoint_parse(&out, SPAN(ID), buf_span(&b)), 0);
    assert_string_equal(out->id, ID);
    assert_string_equal(out->tenant, "acme");
    assert_string_equal(out->url, "https://example.com/hooks");
    assert_string_equal(out->description, "");
    assert_ptr_equal(out->dialect, in->dialect);
    assert_int_equal(out->n_events, 2);
    assert_string_equal(out->events[0], "USER_CREATED");
    assert_string_equal(out->events[1], "order.*");
    assert_int_equal(out->n_secrets, 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(out->secrets[i].len, in->secrets[i].len);
        assert_memory_equal(out->secrets[i].data, in->secrets[i].data, in->secrets[i].len);
    }
    assert_true(out->created_ms == 1737556200000);
    assert_int_equal(out->slots, 8);
    assert_int_equal(out->retries, 0);
    assert_int_equal(out->timeout_ms, 10000);
    assert_null(out->disabled_reason);
    assert_null(endpoint_free(out));
    assert_null(endpoint_free(in));
    assert_null(endpoint_free(NULL));
    buf_fini(&b);
}

static int parse(struct span record)
{
    struct endpoint *e = NULL;
    int r = endpoint_parse(&e, SPAN(ID), record);

    assert_int_equal(e != NULL, r == 0);
    (void)endpoint_free(e);
    return r;
}

static void refuses_every_cut(void **state)
{
    struct endpoint *e = make("royalti", "*");
    char made[64];
    struct buf b;

    (void)state;
    assert_int_equal(endpoint_add_secret(e, &key, NULL, made, NULL), 0);
    buf_init(&b, 65536);
    endpoint_pack(&b, e);
    assert_int_equal(parse(buf_span(&b)), 0);
    for (size_t len = 0; len < b.len; len++)
        assert_int_equal(parse((struct span){b.data, len}), -EBADMSG);
    (void)endpoint_free(e);
    buf_fini(&b);
}

static void survives_wrong_bytes(void **state)
{
    static const char wrong[] = {0, 0x7f, '\x80', '\x90', '\xa0', '\xc0', '\xc1', '\xd9', '\xff'};
    struct endpoint *e = make("royalti", "A,b.*");
    struct buf b;
    int r;

    (void)state;
    buf_init(&b, 65536);
    endpoint_pack(&b, e);
    for (size_t i = 0; i < b.len; i++) {
        for (size_t k = 0; k < sizeof(wrong); k++) {
            char kept = b.data[i];

            b.data[i] = wrong[k];
            r = parse(buf_span(&b));
            assert_true(r == 0 || r == -EBADMSG);
            b.data[i] = kept;
        }
    }
    (void)endpoint_free(e);
    buf_fini(&b);
}

/* A record whose numbers or dialect are not those of this version. */
static int parse_with(const char *dialect, int64_t slots, int64_t retries, int64_t timeout_ms,
                      unsigned events, unsigned secrets)
{
    struct buf b;
    int r;

    buf_init(&b, 65536);
    pack_map(&b, 10);
    pack_text(&b, "tenant");
    pack_text(&b, "acme");
    pack_text(&b, "url");
    pack_text(&b, "https://example.com");
    pack_text(&b, "description");
    pack_text(&b, "");
    pack_text(&b, "dialect");
    pack_text(&b, dialect);
    pack_text(&b, "created");
    pack_i64(&b, 1);
    pack_text(&b, "slots");
    pack_i64(&b, slots);
    pack_text(&b, "retries");
    pack_i64(&b, retries);
    pack_text(&b, "timeout");
    pack_i64(&b, timeout_ms);
    pack_text(&b, "events");
    pack_array(&b, events);
    for (unsigned i = 0; i < events; i++)
        pack_text(&b, "A");
    pack_text(&b, "secrets");
    pack_array(&b, secrets);
    for (unsigned i = 0; i < secrets; i++)
        pack_text(&b, "sealed");
    r = parse(buf_span(&b));
    buf_fini(&b);
    return r;
}

static void bounds(void **state)
{
    (void)state;
    assert_int_equal(parse_with("simple", 0, -1, 0, 0, 0), 0);
    assert_int_equal(
        parse_with("simple", 10000, 100, 120000, ENDPOINT_EVENTS_MAX, ENDPOINT_SECRETS_MAX), 0);
    assert_int_equal(parse_with("unheard", 0, -1, 0, 1, 1), -EBADMSG);
    assert_int_equal(parse_with("simple", -1, -1, 0, 1, 1), -EBADMSG);
    assert_int_equal(parse_with("simple", INT64_MAX, -1, 0, 1, 1), -EBADMSG);
    assert_int_equal(parse_with("simple", 0, -2, 0, 1, 1), -EBADMSG);
    assert_int_equal(parse_with("simple", 0, 101, 0, 1, 1), -EBADMSG);
    assert_int_equal(parse_with("simple", 0, -1, -1, 1, 1), -EBADMSG);
    assert_int_equal(parse_with("simple", 0, -1, 0, ENDPOINT_EVENTS_MAX + 1, 1), -EBADMSG);
    assert_int_equal(parse_with("simple", 0, -1, 0, 1, ENDPOINT_SECRETS_MAX + 1), -EBADMSG);
}

static void long_id_is_refused(void **state)
{
    char id[ID_SIZE];
    struct endpoint *e = NULL;

    (void)state;
    memset(id, 'a', sizeof(id));
    assert_int_equal(endpoint_parse(&e, (struct span){id, sizeof(id)}, SPAN("\x80")), -EBADMSG);
    assert_null(e);
}

/* --- events ----------------------------------------------------------------------------------- */

static void patterns(void **state)
{
    static const struct {
        const char *events, *type;
        bool is_wanted;
    } cases[] = {
        {"*", "USER_CREATED", true},
        {"all", "USER_CREATED", true},
        {"USER_CREATED", "USER_CREATED", true},
        {"USER_CREATED", "USER_CREATED2", false},
        {"USER_CREATED", "USER_CREATE", false},
        {"USER_CREATED", "user_created", false},
        {"A,B , C", "B", true},
        {"A,B , C", "C", true},
        {"A,B , C", "D", false},
        {"user.*", "user.created", true},
        {"user.*", "user.address.changed", true},
        {"user.*", "user.", false},
        {"user.*", "user", false},
        {"user.*", "users.created", false},
        {"user.*", "superuser.created", false},
        {"A,*", "anything", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct endpoint *e = make("royalti", cases[i].events);

        assert_int_equal(endpoint_wants(e, span_of(cases[i].type)), cases[i].is_wanted);
        (void)endpoint_free(e);
    }
}

static void bad_patterns_are_named(void **state)
{
    static const struct {
        const char *events, *named;
    } bad[] = {
        {"", "\"\""},         {"A,,B", "\"\""},           {"A,", "\"\""},   {"user*", "\"user*\""},
        {"*.user", "*.user"}, {"a b", "\"a b\""},         {".*", "\".*\""}, {"A,b.*.c", "b.*.c"},
        {"a/b", "a/b"},       {"A,\xc3\xa9", "\xc3\xa9"}, {"**", "\"**\""},
    };
    struct diag diag;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct endpoint *e = make("royalti", "*");

        diag.text[0] = '\0';
        assert_int_equal(endpoint_set_events(e, span_of(bad[i].events), &diag), -EINVAL);
        assert_non_null(strstr(diag.text, "events"));
        assert_non_null(strstr(diag.text, bad[i].named));
        (void)endpoint_free(e);
    }
}

static void patterns_are_bounded(void **state)
{
    struct endpoint *e = make("royalti", "*");
    struct diag diag = {""};
    struct buf list;
    char name[200];

    (void)state;
    buf_init(&list, 4096);
    for (unsigned i = 0; i < ENDPOINT_EVENTS_MAX; i++)
        buf_add_text(&list, i ? ",A" : "A");
    assert_int_equal(endpoint_set_events(e, buf_span(&list), &diag), 0);
    assert_int_equal(e->n_events, ENDPOINT_EVENTS_MAX);
    buf_add_text(&list, ",A");
    assert_int_equal(endpoint_set_events(e, buf_span(&list), &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "100"));
    memset(name, 'a', sizeof(name));
    assert_int_equal(endpoint_set_events(e, (struct span){name, 128}, &diag), 0);
    assert_int_equal(endpoint_set_events(e, (struct span){name, 129}, &diag), -EINVAL);
    (void)endpoint_free(e);
    buf_fini(&list);
}

/* --- secrets ---------------------------------------------------------------------------------- */

static struct span sealed(const struct endpoint *e, unsigned i)
{
    return (struct span){e->secrets[i].data, e->secrets[i].len};
}

static void opens_as(const struct endpoint *e, unsigned i, const char *expected)
{
    struct buf plain;

    buf_init(&plain, 1024);
    assert_int_equal(secret_open(&plain, &key, span_of(e->id), sealed(e, i)), 0);
    assert_true(span_equal(buf_span(&plain), span_of(expected)));
    buf_wipe(&plain);
}

static void made_secret_is_sealed_for_this_endpoint(void **state)
{
    struct endpoint *e = make("standard", "*");
    struct master_key other = {.bytes = {1}, .id = {9}, .is_set = true};
    char made[64] = "", again[64] = "";
    struct buf plain;

    (void)state;
    assert_int_equal(endpoint_add_secret(e, &key, NULL, made, NULL), 0);
    assert_int_equal(strncmp(made, "whsec_", 6), 0);
    assert_int_equal(endpoint_add_secret(e, &key, NULL, again, NULL), 0);
    assert_string_not_equal(made, again);
    opens_as(e, 0, again);
    opens_as(e, 1, made);

    /* Nothing of it can be read from the record, nor with another endpoint's id or another key. */
    assert_null(memmem(e->secrets[1].data, e->secrets[1].len, made + 6, 8));
    buf_init(&plain, 1024);
    assert_int_equal(secret_open(&plain, &key, SPAN(OTHER_ID), sealed(e, 0)), -EBADMSG);
    assert_int_equal(secret_open(&plain, &other, SPAN(ID), sealed(e, 0)), -EKEYREJECTED);
    assert_int_equal(plain.len, 0);
    buf_fini(&plain);
    (void)endpoint_free(e);
}

static void newest_is_first_and_oldest_goes(void **state)
{
    struct endpoint *e = make("royalti", "*");
    char secret[32];

    (void)state;
    for (unsigned i = 0; i < ENDPOINT_SECRETS_MAX + 2; i++) {
        (void)snprintf(secret, sizeof(secret), "secret-number-%04u", i);
        assert_int_equal(endpoint_add_secret(e, &key, secret, NULL, NULL), 0);
    }
    assert_int_equal(e->n_secrets, ENDPOINT_SECRETS_MAX);
    for (unsigned i = 0; i < ENDPOINT_SECRETS_MAX; i++) {
        (void)snprintf(secret, sizeof(secret), "secret-number-%04u", ENDPOINT_SECRETS_MAX + 1 - i);
        opens_as(e, i, secret);
    }
    (void)endpoint_free(e);
}

static void bad_secrets_are_not_repeated_in_words(void **state)
{
    static const struct {
        const char *dialect, *secret;
    } bad[] = {
        {"royalti", ""},
        {"royalti", "15-characters.."},
        {"royalti", "with a space in it"},
        {"royalti", "with-a-\x01-in-it-and-more"},
        {"royalti", "h\xc3\xa9h\xc3\xa9h\xc3\xa9h\xc3\xa9h\xc3\xa9h\xc3\xa9h\xc3\xa9"},
        {"standard", "no-prefix-but-long-enough-to-be-one"},
        {"standard", "whsec_not*base64*not*base64*not*base64"},
        {"standard", "whsec_c2hvcnRzaG9ydHNob3J0"}, /* 18 bytes */
    };
    struct diag diag;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct endpoint *e = make(bad[i].dialect, "*");

        diag.text[0] = '\0';
        assert_int_equal(endpoint_add_secret(e, &key, bad[i].secret, NULL, &diag), -EINVAL);
        assert_non_null(strstr(diag.text, "secret"));
        if (*bad[i].secret)
            assert_null(strstr(diag.text, bad[i].secret));
        assert_int_equal(e->n_secrets, 0);
        (void)endpoint_free(e);
    }
}

static void secret_bounds(void **state)
{
    struct endpoint *e = make("simple", "*");
    struct diag diag;
    char text[SECRET_TEXT_MAX + 2];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[SECRET_TEXT_MAX + 1] = '\0';
    assert_int_equal(endpoint_add_secret(e, &key, text, NULL, &diag), -EINVAL);
    text[SECRET_TEXT_MAX] = '\0';
    assert_int_equal(endpoint_add_secret(e, &key, text, NULL, &diag), 0);
    text[16] = '\0';
    assert_int_equal(endpoint_add_secret(e, &key, text, NULL, &diag), 0);
    opens_as(e, 0, text);
    (void)endpoint_free(e);
}

static void no_secret_without_master_key(void **state)
{
    struct endpoint *e = make("royalti", "*");
    struct master_key none = {0};
    char made[64];

    (void)state;
    assert_int_equal(endpoint_add_secret(e, &none, NULL, made, NULL), -ENOKEY);
    assert_int_equal(e->n_secrets, 0);
    (void)endpoint_free(e);
}

/* --- what is in force --------------------------------------------------------------------------- */

static void defaults_are_the_dialect_s(void **state)
{
    struct endpoint *e = make("verification", "*");

    (void)state;
    assert_int_equal(endpoint_timeout_ms(e), 10000);
    assert_int_equal(endpoint_attempts_max(e), 3);
    e->timeout_ms = 1500;
    e->retries = 0;
    assert_int_equal(endpoint_timeout_ms(e), 1500);
    assert_int_equal(endpoint_attempts_max(e), 0);
    (void)endpoint_free(e);
}

static int load_key(void **state)
{
    (void)state;
    return master_key_load(&key, "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(refuses_every_cut),
        cmocka_unit_test(survives_wrong_bytes),
        cmocka_unit_test(bounds),
        cmocka_unit_test(long_id_is_refused),
        cmocka_unit_test(patterns),
        cmocka_unit_test(bad_patterns_are_named),
        cmocka_unit_test(patterns_are_bounded),
        cmocka_unit_test(made_secret_is_sealed_for_this_endpoint),
        cmocka_unit_test(newest_is_first_and_oldest_goes),
        cmocka_unit_test(bad_secrets_are_not_repeated_in_words),
        cmocka_unit_test(secret_bounds),
        cmocka_unit_test(no_secret_without_master_key),
        cmocka_unit_test(defaults_are_the_dialect_s),
    };

    return cmocka_run_group_tests(tests, load_key, NULL);
}
