#include "common/sign.h"
#include "common/text.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* RFC 8032, section 7.1, tests 1 to 3. */
static const struct {
    const char *seed, *public, *message, *signature;
} vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "46bd2"
     "5bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d8c38"
     "7b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6594a"
     "7c15e9716ed28dc027beceea1ec40a"},
};

static const struct dialect_signature of_body = {.text = SIGN_TEXT_BODY,
                                                 .form = SIGN_FORM_V1A_BASE64};

/* "whsk_" and base64 of what the hex digits say. */
static const char *text_of(struct buf *b, const char *prefix, const char *hex, const char *more)
{
    uint8_t bytes[64];
    size_t len = 0, more_len = 0;

    assert_int_equal(parse_hex(span_of(hex), bytes, &len), 0);
    if (more)
        assert_int_equal(parse_hex(span_of(more), bytes + len, &more_len), 0);
    buf_clear(b);
    buf_add_text(b, prefix);
    buf_add_base64(b, bytes, len + more_len);
    return b->data;
}

static struct sign_key *key_of(const char *secret)
{
    struct sign_key *key = NULL;
    struct diag diag = {""};

    if (sign_key_new(&key, span_of(secret), SIGN_FORM_V1A_BASE64, &diag))
        fail_msg("%s", diag.text);
    return key;
}

static void agrees_with_the_rfc(void **state)
{
    struct buf text, expected, made;

    (void)state;
    buf_init(&text, 256);
    buf_init(&expected, 256);
    buf_init(&made, 256);
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        struct sign_key *key = key_of(text_of(&text, "whsk_", vectors[i].seed, NULL));
        struct sign_key *whole =
            key_of(text_of(&text, "whsk_", vectors[i].seed, vectors[i].public));
        struct sign_key *public = key_of(text_of(&text, "whpk_", vectors[i].public, NULL));
        char public_text[SIGN_SECRET_SIZE];
        uint8_t message[4];
        size_t len = 0;
        struct span body;

        sign_key_public_text(key, public_text);
        assert_string_equal(public_text, text.data);
        assert_int_equal(parse_hex(span_of(vectors[i].message), message, &len), 0);
        body = (struct span){(const char *)message, len};
        (void)text_of(&expected, "v1a,", vectors[i].signature, NULL);
        buf_clear(&made);
        assert_int_equal(sign_append(&made, &of_body, key, SPAN(""), 0, body), 0);
        assert_string_equal(made.data, expected.data);
        buf_clear(&made);
        assert_int_equal(sign_append(&made, &of_body, whole, SPAN(""), 0, body), 0);
        assert_string_equal(made.data, expected.data);
        assert_int_equal(sign_append(&made, &of_body, public, SPAN(""), 0, body), -EKEYREJECTED);
        assert_int_equal(sign_verify(&of_body, public, buf_span(&expected), SPAN(""), 0, body), 0);
        assert_int_equal(sign_verify(&of_body, public, buf_span(&expected), SPAN(""), 0, SPAN("x")),
                         SIGN_MISMATCH);
        sign_key_free(key);
        sign_key_free(whole);
        sign_key_free(public);
    }
    buf_fini(&text);
    buf_fini(&expected);
    buf_fini(&made);
}

static void id_and_timestamp_are_signed(void **state)
{
    static const struct dialect_signature all = {.text = SIGN_TEXT_ID_TIMESTAMP_BODY,
                                                 .form = SIGN_FORM_V1A_BASE64};
    char secret[SIGN_SECRET_SIZE];
    struct sign_key *key;
    struct buf value, same;

    (void)state;
    sign_secret_make(secret, SIGN_FORM_V1A_BASE64);
    key = key_of(secret);
    buf_init(&value, 256);
    buf_init(&same, 256);
    assert_int_equal(sign_append(&value, &all, key, SPAN("msg_1"), 1700000000, SPAN("{}")), 0);
    assert_int_equal(sign_append(&same, &of_body, key, SPAN(""), 0, SPAN("msg_1.1700000000.{}")),
                     0);
    assert_string_equal(value.data, same.data);
    assert_int_equal(
        sign_verify(&all, key, buf_span(&value), SPAN("msg_1"), 1700000000, SPAN("{}")), 0);
    assert_int_equal(
        sign_verify(&all, key, buf_span(&value), SPAN("msg_2"), 1700000000, SPAN("{}")), 1);
    assert_int_equal(
        sign_verify(&all, key, buf_span(&value), SPAN("msg_1"), 1700000001, SPAN("{}")), 1);
    buf_fini(&value);
    buf_fini(&same);
    sign_key_free(key);
}

/* While keys change from HMAC to ed25519 both stand in one list; each verifier finds its own. */
static void lists_may_be_mixed(void **state)
{
    static const char *const garbage[] = {
        "",     " ",        "v1a,",          "v1a,AAAA",      "v1a", "v1,",
        "v2,x", "v1a,****", "v1a,AAAA AAAA", "   v1a,= v1,=", ",",   "v1a,v1a,v1a,",
    };
    struct dialect_signature list = {.text = SIGN_TEXT_BODY, .form = SIGN_FORM_V1_BASE64};
    char hmac_secret[SIGN_SECRET_SIZE], ed_secret[SIGN_SECRET_SIZE];
    struct sign_key *hmac, *ed;
    struct buf value;

    (void)state;
    sign_secret_make(hmac_secret, SIGN_FORM_V1_BASE64);
    sign_secret_make(ed_secret, SIGN_FORM_V1A_BASE64);
    hmac = key_of(hmac_secret);
    ed = key_of(ed_secret);
    buf_init(&value, 1024);
    buf_add_text(&value, "v1a,AAAA v1,AAAA  ");
    assert_int_equal(sign_append(&value, &list, ed, SPAN(""), 0, SPAN("body")), 0);
    buf_add_char(&value, ' ');
    assert_int_equal(sign_append(&value, &list, hmac, SPAN(""), 0, SPAN("body")), 0);
    assert_int_equal(sign_verify(&list, hmac, buf_span(&value), SPAN(""), 0, SPAN("body")), 0);
    assert_int_equal(sign_verify(&list, ed, buf_span(&value), SPAN(""), 0, SPAN("body")), 0);
    for (size_t i = 0; i < ARRAY_LEN(garbage); i++) {
        assert_int_equal(sign_verify(&list, ed, span_of(garbage[i]), SPAN(""), 0, SPAN("body")), 1);
        assert_int_equal(sign_verify(&list, hmac, span_of(garbage[i]), SPAN(""), 0, SPAN("body")),
                         1);
    }
    buf_clear(&value);
    buf_add_text(&value, "v1a,");
    for (int i = 0; i < 400; i++)
        buf_add_char(&value, 'A'); /* longer than any signature */
    assert_int_equal(sign_verify(&list, ed, buf_span(&value), SPAN(""), 0, SPAN("body")), 1);
    buf_fini(&value);
    sign_key_free(hmac);
    sign_key_free(ed);
}

static void refuses_with_words(void **state)
{
    struct sign_key *key = NULL;
    struct diag diag;
    struct buf text;
    static const struct {
        const char *secret, *words;
    } refused[] = {
        {"whsk_", "has 0 bytes; expected 32 or 64"},
        {"whsk_AAAA", "has 3 bytes; expected 32 or 64"},
        {"whsk_****", "what follows whsk_ is not base64"},
        {"whpk_AAAA", "the key behind whpk_ has 3 bytes"},
        {"a-literal-secret", "expected whsk_ or whpk_ and the key in base64"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        diag.text[0] = '\0';
        assert_int_equal(
            sign_key_new(&key, span_of(refused[i].secret), SIGN_FORM_V1A_BASE64, &diag), -EINVAL);
        if (!strstr(diag.text, refused[i].words))
            fail_msg("%s: '%s'", refused[i].secret, diag.text);
        assert_null(key);
    }
    buf_init(&text, 256);
    (void)text_of(&text, "whsk_", vectors[0].seed, vectors[1].public);
    assert_int_equal(sign_key_new(&key, buf_span(&text), SIGN_FORM_V1A_BASE64, &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "the public half"));
    assert_null(strstr(diag.text, text.data + 5));
    buf_fini(&text);
}

static void makes_secrets_of_each_form(void **state)
{
    static const struct {
        enum sign_form form;
        const char *prefix;
    } forms[] = {{SIGN_FORM_HEX, "whsec_"},
                 {SIGN_FORM_SHA256_HEX, "whsec_"},
                 {SIGN_FORM_V1_BASE64, "whsec_"},
                 {SIGN_FORM_V1A_BASE64, "whsk_"}};
    char one[SIGN_SECRET_SIZE], two[SIGN_SECRET_SIZE], public_text[SIGN_SECRET_SIZE];
    struct sign_key *key;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        sign_secret_make(one, forms[i].form);
        sign_secret_make(two, forms[i].form);
        assert_string_not_equal(one, two);
        assert_int_equal(strncmp(one, forms[i].prefix, strlen(forms[i].prefix)), 0);
        assert_int_equal(sign_key_new(&key, span_of(one), forms[i].form, NULL), 0);
        assert_int_equal(key->ed25519 != NULL, forms[i].form == SIGN_FORM_V1A_BASE64);
        sign_key_public_text(key, public_text);
        assert_int_equal(*public_text != '\0', forms[i].form == SIGN_FORM_V1A_BASE64);
        assert_null(sign_key_free(key));
    }
    assert_null(sign_key_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_rfc),        cmocka_unit_test(id_and_timestamp_are_signed),
        cmocka_unit_test(lists_may_be_mixed),         cmocka_unit_test(refuses_with_words),
        cmocka_unit_test(makes_secrets_of_each_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
