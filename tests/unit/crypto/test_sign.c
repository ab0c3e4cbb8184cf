/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/rng.h"
#include "common/base/text.h"
#include "common/crypto/sign.h"
#include "common/model/format/dialect.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/vectors.h"

static struct sign_key *key_of(struct span secret, enum sign_form form)
{
    struct sign_key *key = NULL;
    struct diag diag = {""};

    if (sign_key_new(&key, secret, form, &diag))
        fail_msg("'%.*s': %s", (int)secret.len, secret.data, diag.text);
    return key;
}

static void check_vector(const json_t *v)
{
    const struct dialect *d = dialect_find(vector_text(v, "dialect"));
    struct span id = vector_text(v, "id"), body = vector_text(v, "body"),
                header = vector_text(v, "header");
    int64_t at = vector_number(v, "timestamp");
    struct sign_key *key;
    struct buf b;

    assert_non_null(d);
    key = key_of(vector_text(v, "secret"), d->signature.form);
    buf_init(&b, 256);
    for (int again = 0; again < 3; again++) { /* the context starts anew each time */
        buf_clear(&b);
        assert_int_equal(sign_append(&b, &d->signature, key, id, at, body), 0);
        if (!span_equal(buf_span(&b), header))
            fail_msg("%s: %s, expected %s", d->name, b.data, header.data);
    }
    assert_int_equal(sign_verify(&d->signature, key, header, id, at, body), 0);
    buf_fini(&b);
    sign_key_free(key);
}

/* What a receiver does who has the public key only. */
static void check_public(const json_t *v)
{
    const struct dialect *d = dialect_find(vector_text(v, "dialect"));
    struct span id = vector_text(v, "id"), body = vector_text(v, "body"),
                header = vector_text(v, "header");
    int64_t at = vector_number(v, "timestamp");
    struct sign_key *key = key_of(vector_text(v, "public"), SIGN_FORM_V1A_BASE64);

    assert_int_equal(sign_verify(&d->signature, key, header, id, at, body), 0);
    assert_int_equal(sign_verify(&d->signature, key, header, id, at + 1, body), SIGN_MISMATCH);
    sign_key_free(key);
}

static void agrees_with_the_vectors(void **state)
{
    json_t *file = vectors_load("signatures.json"), *v;
    size_t i, n_public = 0;

    (void)state;
    json_array_foreach(json_object_get(file, "cases"), i, v)
    {
        check_vector(v);
        if (json_object_get(v, "public")) {
            check_public(v);
            n_public++;
        }
    }
    assert_true(i >= 100 && n_public >= 15);
    json_decref(file);
}

/* RFC 4231, cases 1, 2 and 6 (a key longer than a block). */
static void agrees_with_the_rfc(void **state)
{
    static const struct sign_scheme hex = {.text = SIGN_TEXT_BODY, .form = SIGN_FORM_HEX};
    static const struct {
        struct span key, body;
        const char *hex;
    } cases[] = {
        {SPAN("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"),
         SPAN("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {SPAN("Jefe"), SPAN("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {{NULL, 131},
         SPAN("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    char long_key[131];

    (void)state;
    memset(long_key, 0xaa, sizeof(long_key));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct span secret = {cases[i].key.data ? cases[i].key.data : long_key, cases[i].key.len};
        struct sign_key *key = key_of(secret, SIGN_FORM_HEX);
        struct buf b;

        buf_init(&b, 64);
        assert_int_equal(sign_append(&b, &hex, key, SPAN("id"), 1, cases[i].body), 0);
        assert_string_equal(b.data, cases[i].hex);
        buf_fini(&b);
        sign_key_free(key);
    }
}

/* One key may be used by turns for several messages, and by keys made before and after it. */
static void keeps_keys_apart(void **state)
{
    const struct sign_scheme *s = &dialect_find(SPAN("royalti"))->signature;
    struct sign_key *one = key_of(SPAN("one"), SIGN_FORM_HEX),
                    *two = key_of(SPAN("two"), SIGN_FORM_HEX);
    struct buf a, b, c;

    (void)state;
    buf_init(&a, 128);
    buf_init(&b, 128);
    buf_init(&c, 128);
    assert_int_equal(sign_append(&a, s, one, SPAN(""), 0, SPAN("x")), 0);
    assert_int_equal(sign_append(&b, s, two, SPAN(""), 0, SPAN("x")), 0);
    assert_int_equal(sign_append(&c, s, one, SPAN(""), 0, SPAN("x")), 0);
    assert_string_equal(a.data, c.data);
    assert_string_not_equal(a.data, b.data);
    assert_int_equal(sign_verify(s, two, buf_span(&a), SPAN(""), 0, SPAN("x")), SIGN_MISMATCH);
    buf_fini(&a);
    buf_fini(&b);
    buf_fini(&c);
    sign_key_free(one);
    sign_key_free(two);
}

static const struct {
    struct span secret;
    enum sign_form form;
    const char *words;
} refused[] = {
    {SPAN(""), SIGN_FORM_HEX, "secret: empty; expected 1 to 512 bytes"},
    {SPAN(""), SIGN_FORM_V1_BASE64, "secret: empty; expected 1 to 512 bytes"},
    {SPAN("whsec_"), SIGN_FORM_V1_BASE64, "has 0 bytes; expected 24 to 64"},
    {SPAN("whsec"), SIGN_FORM_V1_BASE64, "secret: expected whsec_ and the key in base64"},
    {SPAN("plain-secret"), SIGN_FORM_V1_BASE64, "secret: expected whsec_ and the key in base64"},
    {SPAN("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), SIGN_FORM_V1_BASE64, "expected whsec_"},
    {SPAN("WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), SIGN_FORM_V1_BASE64, "expected whsec_"},
    {SPAN("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS"), SIGN_FORM_V1_BASE64, "is not base64"},
    {SPAN("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa w"), SIGN_FORM_V1_BASE64, "is not base64"},
    {SPAN("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS="), SIGN_FORM_V1_BASE64, "is not base64"},
    {SPAN("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_"), SIGN_FORM_V1_BASE64, "is not base64"},
    {SPAN("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLQ=="), SIGN_FORM_V1_BASE64,
     "has 22 bytes; expected 24 to 64"},
};

static void refuses_secrets_with_words(void **state)
{
    struct sign_key *key = NULL;
    struct diag diag;
    char text[520];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        assert_int_equal(sign_key_new(&key, refused[i].secret, refused[i].form, &diag), -EINVAL);
        if (!strstr(diag.text, refused[i].words))
            fail_msg("%s: '%s'", refused[i].secret.data, diag.text);
        if (refused[i].secret.len > 6) /* the words do not tell the secret */
            assert_null(strstr(diag.text, refused[i].secret.data));
    }
    memset(text, 'A', sizeof(text));
    assert_int_equal(sign_key_new(&key, (struct span){text, 513}, SIGN_FORM_HEX, &diag), -EINVAL);
    assert_string_equal(diag.text, "secret: 513 bytes; expected at most 512");
    memcpy(text, "whsec_", 6);
    assert_int_equal(sign_key_new(&key, (struct span){text, 6 + 88}, SIGN_FORM_V1_BASE64, &diag),
                     -EINVAL);
    assert_string_equal(diag.text, "secret: the key behind whsec_ has 66 bytes; expected 24 to 64");
    assert_null(key);
    assert_null(sign_key_free(NULL));
}

static void verifies_lists_where_the_dialect_has_them(void **state)
{
    const struct sign_scheme *list = &dialect_find(SPAN("standard"))->signature;
    const struct sign_scheme *single = &dialect_find(SPAN("simple"))->signature;
    struct sign_key *key =
        key_of(SPAN("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), SIGN_FORM_V1_BASE64);
    static const struct {
        const char *before, *behind;
        int in_list, alone;
    } cases[] = {
        {"", "", 0, 0},
        {"v1,AAAA ", "", 0, SIGN_MISMATCH},
        {"", " v1a,xyz", 0, SIGN_MISMATCH},
        {"v1a,xyz v1,AAAA ", " v1,BBBB", 0, SIGN_MISMATCH},
        {" ", " ", 0, SIGN_MISMATCH},
        {"x", "", SIGN_MISMATCH, SIGN_MISMATCH},
        {"", "x", SIGN_MISMATCH, SIGN_MISMATCH},
        {"v1,AAAA,", "", SIGN_MISMATCH, SIGN_MISMATCH},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (int is_list = 0; is_list < 2; is_list++) {
            const struct sign_scheme *s = is_list ? list : single;
            struct buf b;

            buf_init(&b, 512);
            buf_add_text(&b, cases[i].before);
            assert_int_equal(sign_append(&b, s, key, SPAN("msg_1"), 7, SPAN("{}")), 0);
            buf_add_text(&b, cases[i].behind);
            assert_int_equal(sign_verify(s, key, buf_span(&b), SPAN("msg_1"), 7, SPAN("{}")),
                             is_list ? cases[i].in_list : cases[i].alone);
            buf_fini(&b);
        }
    }
    sign_key_free(key);
}

static void notices_every_change(void **state)
{
    const struct sign_scheme *s = &dialect_find(SPAN("standard"))->signature;
    struct sign_key *key =
        key_of(SPAN("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), SIGN_FORM_V1_BASE64);
    struct buf b;

    (void)state;
    buf_init(&b, 128);
    assert_int_equal(sign_append(&b, s, key, SPAN("msg_1"), 7, SPAN("{}")), 0);
    assert_int_equal(sign_verify(s, key, buf_span(&b), SPAN("msg_2"), 7, SPAN("{}")),
                     SIGN_MISMATCH);
    assert_int_equal(sign_verify(s, key, buf_span(&b), SPAN("msg_1"), 8, SPAN("{}")),
                     SIGN_MISMATCH);
    assert_int_equal(sign_verify(s, key, buf_span(&b), SPAN("msg_1"), 7, SPAN("{} ")),
                     SIGN_MISMATCH);
    assert_int_equal(sign_verify(s, key, SPAN(""), SPAN("msg_1"), 7, SPAN("{}")), SIGN_MISMATCH);
    for (size_t i = 0; i < b.len; i++) {
        b.data[i] ^= 1;
        assert_int_equal(sign_verify(s, key, buf_span(&b), SPAN("msg_1"), 7, SPAN("{}")),
                         SIGN_MISMATCH);
        assert_int_equal(
            sign_verify(s, key, (struct span){b.data, i}, SPAN("msg_1"), 7, SPAN("{}")),
            SIGN_MISMATCH);
        b.data[i] ^= 1;
    }
    assert_int_equal(sign_verify(s, key, buf_span(&b), SPAN("msg_1"), 7, SPAN("{}")), 0);
    buf_fini(&b);
    sign_key_free(key);
}

static void says_when_the_buffer_is_full(void **state)
{
    const struct sign_scheme *s = &dialect_find(SPAN("royalti"))->signature;
    struct sign_key *key = key_of(SPAN("secret"), SIGN_FORM_HEX);
    struct buf b;

    (void)state;
    buf_init(&b, 70);
    assert_int_equal(sign_append(&b, s, key, SPAN(""), 0, SPAN("x")), -ENOBUFS);
    buf_fini(&b);
    buf_init(&b, 71);
    assert_int_equal(sign_append(&b, s, key, SPAN(""), 0, SPAN("x")), 0);
    buf_fini(&b);
    sign_key_free(key);
}

static void zero_bytes(void *data, size_t len)
{
    memset(data, 0, len);
}

static void makes_secrets(void **state)
{
    char one[64], two[64];

    (void)state;
    sign_secret_make(one, SIGN_FORM_V1_BASE64);
    sign_secret_make(two, SIGN_FORM_HEX);
    assert_int_equal(strlen(one), 6 + 44);
    assert_string_not_equal(one, two);
    sign_key_free(key_of(span_of(one), SIGN_FORM_V1_BASE64));

    rng_replace(zero_bytes);
    sign_secret_make(one, SIGN_FORM_V1_BASE64);
    rng_replace(NULL);
    assert_string_equal(one, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_vectors),
        cmocka_unit_test(agrees_with_the_rfc),
        cmocka_unit_test(keeps_keys_apart),
        cmocka_unit_test(refuses_secrets_with_words),
        cmocka_unit_test(verifies_lists_where_the_dialect_has_them),
        cmocka_unit_test(notices_every_change),
        cmocka_unit_test(says_when_the_buffer_is_full),
        cmocka_unit_test(makes_secrets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
