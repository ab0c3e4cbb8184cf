/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/pack.h"
#include "common/model/endpoint.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ID "ep_0123abcd-0123-4002-8def-0123456789ab"
#define OTHER_ID "ep_ffffabcd-0123-4002-8def-0123456789ab"

#define NOW_MS INT64_C(1737556200000)
#define DAY_MS INT64_C(86400000)

static struct master_key key;

static struct endpoint *make(const char *dialect, const char *events)
{
    struct endpoint *e = NULL;
    struct diag diag = {""};

    assert_non_null(dialect_find(span_of(dialect)));
    assert_int_equal(endpoint_new(&e, SPAN(ID), dialect_find(span_of(dialect))), 0);
    assert_int_equal(endpoint_replace_text(&e->tenant, SPAN("acme")), 0);
    assert_int_equal(endpoint_replace_text(&e->url, SPAN("https://example.com/hooks")), 0);
    assert_int_equal(endpoint_set_events(e, span_of(events), &diag), 0);
    return e;
}

static const struct secret_change change = {.now_ms = NOW_MS, .overlap_ms = DAY_MS};

static int add_secret(struct endpoint *e, const char *secret, char *ret_made, struct diag *diag)
{
    return endpoint_add_secret(e, &key, secret, &change, ret_made, diag);
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
    assert_int_equal(endpoint_replace_text(&in->ca, SPAN("a CA")), 0);
    assert_int_equal(endpoint_replace_text(&in->client_cert, SPAN("a certificate")), 0);
    in->client_key = (struct sealed){strdup("\1sealed"), 7};
    assert_int_equal(policy_set(&in->policy, POLICY_retries, "0", NULL), 0);
    assert_int_equal(policy_set(&in->policy, POLICY_timeout, "10s", NULL), 0);
    assert_int_equal(policy_set(&in->policy, POLICY_headers, "{\"X-A\":\"b\"}", NULL), 0);
    assert_int_equal(add_secret(in, NULL, made, NULL), 0);
    assert_int_equal(add_secret(in, NULL, made, NULL), 0);
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
    assert_int_equal(out->secrets.n, 2);
    for (unsigned i = 0; i < 2; i++) {
        const struct endpoint_secret *a = &in->secrets.all[i], *b_ = &out->secrets.all[i];

        assert_int_equal(a->sealed.len, b_->sealed.len);
        assert_memory_equal(a->sealed.data, b_->sealed.data, a->sealed.len);
        assert_string_equal(a->id, b_->id);
        assert_true(a->created_ms == b_->created_ms && a->until_ms == b_->until_ms);
    }
    assert_true(out->secrets.all[0].until_ms == 0 &&
                out->secrets.all[1].until_ms == NOW_MS + DAY_MS);
    assert_string_equal(out->ca, "a CA");
    assert_string_equal(out->client_cert, "a certificate");
    assert_int_equal(out->client_key.len, 7);
    assert_memory_equal(out->client_key.data, "\1sealed", 7);
    assert_true(out->created_ms == 1737556200000);
    assert_int_equal(out->slots, 8);
    assert_int_equal(out->policy.row.schedule.retries, 0);
    assert_true(out->policy.row.timeout_ms == 10000);
    assert_string_equal(out->policy.lines.data, "X-A: b");
    assert_null(out->policy.texts[POLICY_schedule]);
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
    assert_int_equal(add_secret(e, NULL, made, NULL), 0);
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
    struct endpoint *e = make("simple", "A,b.*");
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
static int parse_with(const char *dialect, int64_t slots, const char *part, const char *text,
                      unsigned events, unsigned secrets)
{
    struct buf b;
    int r;

    buf_init(&b, 65536);
    pack_map(&b, 11);
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
    pack_text(&b, "filter");
    pack_text(&b, "");
    pack_text(&b, "tls");
    pack_array(&b, 3);
    for (unsigned i = 0; i < 3; i++)
        pack_text(&b, "");
    pack_text(&b, "policy");
    pack_map(&b, 1);
    pack_text(&b, part);
    pack_text(&b, text);
    pack_text(&b, "events");
    pack_array(&b, events);
    for (unsigned i = 0; i < events; i++)
        pack_text(&b, "A");
    pack_text(&b, "secrets");
    pack_array(&b, secrets);
    for (unsigned i = 0; i < secrets; i++) {
        pack_array(&b, 6);
        pack_text(&b, "sealed");
        pack_text(&b, "sec_abcdefg");
        pack_text(&b, "");
        for (unsigned k = 0; k < 3; k++)
            pack_i64(&b, 0);
    }
    r = parse(buf_span(&b));
    buf_fini(&b);
    return r;
}

static void bounds(void **state)
{
    (void)state;
    assert_int_equal(parse_with("simple", 0, "retries", "0", 0, 0), 0);
    assert_int_equal(
        parse_with("simple", 10000, "timeout", "120s", ENDPOINT_EVENTS_MAX, ENDPOINT_SECRETS_MAX),
        0);
    assert_int_equal(parse_with("unheard", 0, "retries", "0", 1, 1), -EBADMSG);
    assert_int_equal(parse_with("simple", -1, "retries", "0", 1, 1), -EBADMSG);
    assert_int_equal(parse_with("simple", INT64_MAX, "retries", "0", 1, 1), -EBADMSG);
    assert_int_equal(parse_with("simple", 0, "unheard", "0", 1, 1), -EBADMSG);
    assert_int_equal(parse_with("simple", 0, "retries", "101", 1, 1), -EBADMSG);
    assert_int_equal(parse_with("simple", 0, "retries", "0", ENDPOINT_EVENTS_MAX + 1, 1), -EBADMSG);
    assert_int_equal(parse_with("simple", 0, "retries", "0", 1, ENDPOINT_SECRETS_MAX + 1),
                     -EBADMSG);
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
        struct endpoint *e = make("simple", cases[i].events);

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
        struct endpoint *e = make("simple", "*");

        diag.text[0] = '\0';
        assert_int_equal(endpoint_set_events(e, span_of(bad[i].events), &diag), -EINVAL);
        assert_non_null(strstr(diag.text, "events"));
        assert_non_null(strstr(diag.text, bad[i].named));
        (void)endpoint_free(e);
    }
}

static void patterns_are_bounded(void **state)
{
    struct endpoint *e = make("simple", "*");
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
    return (struct span){e->secrets.all[i].sealed.data, e->secrets.all[i].sealed.len};
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
    struct master_key other = {.all[0] = {.bytes = {1}, .id = {9}}, .n = 1, .is_set = true};
    char made[64] = "", again[64] = "";
    struct buf plain;

    (void)state;
    assert_int_equal(add_secret(e, NULL, made, NULL), 0);
    assert_int_equal(strncmp(made, "whsec_", 6), 0);
    assert_int_equal(add_secret(e, NULL, again, NULL), 0);
    assert_string_not_equal(made, again);
    opens_as(e, 0, again);
    opens_as(e, 1, made);

    /* Nothing of it can be read from the record, nor with another endpoint's id or another key. */
    assert_null(memmem(e->secrets.all[1].sealed.data, e->secrets.all[1].sealed.len, made + 6, 8));
    buf_init(&plain, 1024);
    assert_int_equal(secret_open(&plain, &key, SPAN(OTHER_ID), sealed(e, 0)), -EBADMSG);
    assert_int_equal(secret_open(&plain, &other, SPAN(ID), sealed(e, 0)), -EKEYREJECTED);
    assert_int_equal(plain.len, 0);
    buf_fini(&plain);
    (void)endpoint_free(e);
}

static void newest_is_first_and_none_in_use_is_dropped(void **state)
{
    struct endpoint *e = make("royalti", "*");
    struct secret_change later = {.now_ms = NOW_MS + DAY_MS, .overlap_ms = DAY_MS};
    struct diag diag = {""};
    char secret[32];

    (void)state;
    for (unsigned i = 0; i < ENDPOINT_SECRETS_MAX; i++) {
        (void)snprintf(secret, sizeof(secret), "secret-number-%04u", i);
        assert_int_equal(add_secret(e, secret, NULL, NULL), 0);
    }
    assert_int_equal(e->secrets.n, ENDPOINT_SECRETS_MAX);
    for (unsigned i = 0; i < ENDPOINT_SECRETS_MAX; i++) {
        (void)snprintf(secret, sizeof(secret), "secret-number-%04u", ENDPOINT_SECRETS_MAX - 1 - i);
        opens_as(e, i, secret);
    }
    assert_int_equal(add_secret(e, "secret-number-0004", NULL, &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "revoked"));
    assert_int_equal(e->secrets.n, ENDPOINT_SECRETS_MAX);

    /* A day later the older ones have run out, and make room. */
    assert_int_equal(endpoint_add_secret(e, &key, "secret-number-0005", &later, NULL, &diag), 0);
    assert_int_equal(e->secrets.n, 2);
    opens_as(e, 0, "secret-number-0005");
    opens_as(e, 1, "secret-number-0003");
    assert_true(endpoint_secret_is_live(&e->secrets.all[1], NOW_MS + 2 * DAY_MS - 1));
    assert_false(endpoint_secret_is_live(&e->secrets.all[1], NOW_MS + 2 * DAY_MS));
    (void)endpoint_free(e);
}

static void without_overlap_the_new_one_is_alone(void **state)
{
    struct endpoint *e = make("standard", "*");
    struct secret_change at_once = {.now_ms = NOW_MS + 5, .overlap_ms = 0};
    char made[SIGN_SECRET_SIZE];

    (void)state;
    for (unsigned i = 0; i < ENDPOINT_SECRETS_MAX; i++)
        assert_int_equal(add_secret(e, NULL, made, NULL), 0);
    assert_int_equal(endpoint_add_secret(e, &key, NULL, &at_once, made, NULL), 0);
    assert_int_equal(e->secrets.n, 1);
    opens_as(e, 0, made);
    (void)endpoint_free(e);
}

static void revokes(void **state)
{
    struct endpoint *e = make("standard", "*");
    char made[SIGN_SECRET_SIZE], id[SECRET_ID_SIZE];

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(add_secret(e, NULL, made, NULL), 0);
    memcpy(id, e->secrets.all[1].id, sizeof(id));
    assert_int_equal(endpoint_secrets_revoke(&e->secrets, "sec_0000000"), -ENOENT);
    assert_int_equal(endpoint_secrets_revoke(&e->secrets, e->secrets.all[0].id), -EBUSY);
    assert_int_equal(endpoint_secrets_revoke(&e->secrets, id), 0);
    assert_int_equal(endpoint_secrets_revoke(&e->secrets, id), -ENOENT);
    assert_int_equal(e->secrets.n, 2);
    opens_as(e, 0, made);
    assert_int_equal(endpoint_secrets_revoke_old(&e->secrets), 1);
    assert_int_equal(endpoint_secrets_revoke_old(&e->secrets), 0);
    opens_as(e, 0, made);
    (void)endpoint_free(e);
}

static void ed25519_secrets_tell_their_public_key(void **state)
{
    struct endpoint *e = make("standard", "*");
    char made[SIGN_SECRET_SIZE] = "";
    struct diag diag = {""};

    (void)state;
    assert_int_equal(add_secret(e, NULL, made, NULL), 0);
    assert_int_equal(policy_set(&e->policy, POLICY_signature, "v1a", NULL), 0);
    assert_true(endpoint_secret_suits(&e->secrets.all[0], e->policy.row.signature.form));
    assert_int_equal(add_secret(e, made, NULL, &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "expected whsk_"));
    assert_int_equal(add_secret(e, NULL, made, NULL), 0);
    assert_int_equal(strncmp(made, "whsk_", 5), 0);
    assert_int_equal(strncmp(e->secrets.all[0].public_text, "whpk_", 5), 0);
    assert_string_equal(e->secrets.all[1].public_text, "");
    assert_int_equal(add_secret(e, e->secrets.all[0].public_text, NULL, &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "cannot sign"));
    assert_int_equal(policy_set(&e->policy, POLICY_signature, "hex", NULL), 0);
    assert_false(endpoint_secret_suits(&e->secrets.all[0], e->policy.row.signature.form));
    (void)endpoint_free(e);
}

static void bad_secrets_are_not_repeated_in_words(void **state)
{
    static const struct {
        const char *dialect, *secret;
    } bad[] = {
        {"royalti", ""},
        {"royalti", "14-characters."},
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
        assert_int_equal(add_secret(e, bad[i].secret, NULL, &diag), -EINVAL);
        assert_non_null(strstr(diag.text, "secret"));
        if (*bad[i].secret)
            assert_null(strstr(diag.text, bad[i].secret));
        assert_int_equal(e->secrets.n, 0);
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
    assert_int_equal(add_secret(e, text, NULL, &diag), -EINVAL);
    text[SECRET_TEXT_MAX] = '\0';
    assert_int_equal(add_secret(e, text, NULL, &diag), 0);
    text[16] = '\0';
    assert_int_equal(add_secret(e, text, NULL, &diag), 0);
    opens_as(e, 0, text);
    (void)endpoint_free(e);
}

static void no_secret_without_master_key(void **state)
{
    struct endpoint *e = make("royalti", "*");
    struct master_key none = {0};
    char made[64];

    (void)state;
    assert_int_equal(endpoint_add_secret(e, &none, NULL, &change, made, NULL), -ENOKEY);
    assert_int_equal(e->secrets.n, 0);
    (void)endpoint_free(e);
}

/* --- what is in force --------------------------------------------------------------------------- */

static void defaults_are_the_dialect_s(void **state)
{
    struct endpoint *e = make("verification", "*");

    (void)state;
    assert_int_equal(e->policy.row.timeout_ms, 10000);
    assert_int_equal(e->policy.row.schedule.retries, 3);
    (void)endpoint_free(e);
}

/* The rules of the guide's catalogue. */
static void catalogue_says_who_gets_what(void **state)
{
    static const struct {
        const char *events, *type;
        bool is_wanted;
    } cases[] = {
        {"default", "ASSET_CREATED", true},
        {"default", "USER_INVITATION_SENT", true},
        {"default", "PAYMENT_COMPLETED", false},
        {"default", "USER_ADDED_TO_SPLIT", false},
        {"default", "ROYALTY_FILE_UPLOADED", false},
        {"default", "order.created", false},
        {"all", "ASSET_CREATED", true},
        {"all", "PAYMENT_COMPLETED", true},
        {"all", "USER_ADDED_TO_SPLIT", true},
        {"all", "ROYALTY_FILE_UPLOADED", false},
        {"all", "order.created", true},
        {"all,ROYALTY_FILE_UPLOADED", "ROYALTY_FILE_UPLOADED", true},
        {"all,ROYALTY_FILE_UPLOADED", "ROYALTY_FILE_PROCESSED", false},
        {"PAYMENT_COMPLETED", "PAYMENT_COMPLETED", true},
        {"PAYMENT_COMPLETED", "ASSET_CREATED", false},
        {"default,PAYMENT_COMPLETED", "ASSET_CREATED", true},
    };
    struct endpoint *e;
    struct diag diag;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        e = make("royalti", cases[i].events);
        if (endpoint_wants(e, span_of(cases[i].type)) != cases[i].is_wanted)
            fail_msg("%s, %s", cases[i].events, cases[i].type);
        (void)endpoint_free(e);
    }
    e = make("royalti", "all");
    assert_int_equal(endpoint_set_events(e, SPAN("user.*"), &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "\"user.*\" is not in the catalogue"));
    assert_int_equal(endpoint_set_events(e, SPAN("order.created"), &diag), -EINVAL);
    assert_int_equal(endpoint_set_dialect(e, dialect_find(SPAN("simple")), &diag), 0);
    assert_int_equal(endpoint_set_events(e, SPAN("user.*"), &diag), 0);
    assert_int_equal(endpoint_set_dialect(e, dialect_find(SPAN("royalti")), &diag), -EINVAL);
    assert_string_equal(e->dialect->name, "simple");
    (void)endpoint_free(e);
}

static void money_is_always_signed(void **state)
{
    struct endpoint *e = make("royalti", "all");

    (void)state;
    assert_true(endpoint_signs(e, SPAN("ASSET_CREATED")));
    assert_int_equal(policy_set(&e->policy, POLICY_signing, "required", NULL), 0);
    assert_false(endpoint_signs(e, SPAN("ASSET_CREATED")));
    assert_false(endpoint_signs(e, SPAN("ROYALTY_FILE_UPLOADED")));
    assert_true(endpoint_signs(e, SPAN("PAYMENT_COMPLETED")));
    assert_true(endpoint_signs(e, SPAN("USER_REMOVED_FROM_SPLIT")));
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
        cmocka_unit_test(newest_is_first_and_none_in_use_is_dropped),
        cmocka_unit_test(without_overlap_the_new_one_is_alone),
        cmocka_unit_test(revokes),
        cmocka_unit_test(ed25519_secrets_tell_their_public_key),
        cmocka_unit_test(bad_secrets_are_not_repeated_in_words),
        cmocka_unit_test(secret_bounds),
        cmocka_unit_test(no_secret_without_master_key),
        cmocka_unit_test(defaults_are_the_dialect_s),
        cmocka_unit_test(catalogue_says_who_gets_what),
        cmocka_unit_test(money_is_always_signed),
    };

    return cmocka_run_group_tests(tests, load_key, NULL);
}
