/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/text.h"
#include "common/crypto/sign.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* RFC 8032, section 7.1, tests 1 to 3 and SHA(abc). */
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
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
     "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"},
};

static const struct sign_scheme of_body = {.text = SIGN_TEXT_BODY, .form = SIGN_FORM_V1A_BASE64};

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
        uint8_t message[64];
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
    static const struct sign_scheme all = {.text = SIGN_TEXT_ID_TIMESTAMP_BODY,
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
static bool is_hmac_length(size_t len)
{
    return len >= 24 && len <= 64;
}

static bool is_public_length(size_t len)
{
    return len == 32;
}

static void lists_may_be_mixed(void **state)
{
    static const char *const garbage[] = {
        "",     " ",        "v1a,",          "v1a,AAAA",      "v1a", "v1,",
        "v2,x", "v1a,****", "v1a,AAAA AAAA", "   v1a,= v1,=", ",",   "v1a,v1a,v1a,",
    };
    struct sign_scheme list = {.text = SIGN_TEXT_BODY, .form = SIGN_FORM_V1_BASE64};
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

/* Each byte more or less, and each changed bit, is another signature. */
static void notices_every_change(void **state)
{
    struct sign_key *key;
    struct buf text, value;

    (void)state;
    buf_init(&text, 256);
    buf_init(&value, 256);
    key = key_of(text_of(&text, "whpk_", vectors[0].public, NULL));
    (void)text_of(&value, "v1a,", vectors[0].signature, NULL);
    for (size_t i = 0; i < value.len; i++) {
        struct span cut = {value.data, i};

        assert_int_equal(sign_verify(&of_body, key, cut, SPAN(""), 0, SPAN("")), SIGN_MISMATCH);
        value.data[i] ^= 1;
        assert_int_equal(sign_verify(&of_body, key, buf_span(&value), SPAN(""), 0, SPAN("")),
                         SIGN_MISMATCH);
        value.data[i] ^= 1;
    }
    buf_add_char(&value, 'A');
    assert_int_equal(sign_verify(&of_body, key, buf_span(&value), SPAN(""), 0, SPAN("")),
                     SIGN_MISMATCH);
    value.data[--value.len] = '\0';
    assert_int_equal(sign_verify(&of_body, key, buf_span(&value), SPAN(""), 0, SPAN("")), 0);
    buf_fini(&text);
    buf_fini(&value);
    sign_key_free(key);
}

/* Any number of bytes behind each prefix. */
static void keys_have_their_lengths(void **state)
{
    static const struct {
        const char *prefix;
        bool (*is_right)(size_t len);
    } kinds[] = {{"whsec_", is_hmac_length}, {"whpk_", is_public_length}};
    uint8_t bytes[100];
    struct sign_key *key;
    struct buf text;

    (void)state;
    memset(bytes, 7, sizeof(bytes));
    buf_init(&text, 256);
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (size_t len = 0; len <= sizeof(bytes); len++) {
            buf_clear(&text);
            buf_add_text(&text, kinds[k].prefix);
            buf_add_base64(&text, bytes, len);
            key = NULL;
            assert_int_equal(sign_key_new(&key, buf_span(&text), SIGN_FORM_V1_BASE64, NULL),
                             kinds[k].is_right(len) ? 0 : -EINVAL);
            assert_int_equal(key != NULL, kinds[k].is_right(len));
            sign_key_free(key);
        }
    }
    for (size_t len = 0; len <= 40; len++) { /* 64 would need its public half to fit */
        buf_clear(&text);
        buf_add_text(&text, "whsk_");
        buf_add_base64(&text, bytes, len);
        key = NULL;
        assert_int_equal(sign_key_new(&key, buf_span(&text), SIGN_FORM_V1A_BASE64, NULL),
                         len == 32 ? 0 : -EINVAL);
        sign_key_free(key);
    }
    buf_fini(&text);
}

/* In the other forms a text is its bytes, whatever it looks like. */
static void literal_forms_take_any_text(void **state)
{
    static const char *const texts[] = {"x", "whsk_AAAA", "whpk_", "whsec_****", "clé"};
    struct sign_key *key;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        assert_int_equal(sign_key_new(&key, span_of(texts[i]), SIGN_FORM_HEX, NULL), 0);
        assert_true(key->mac && !key->ed25519);
        sign_key_free(key);
    }
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
        {"whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "is not base64"},  /* no padding */
        {"whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2B=", "is not base64"}, /* bits left over */
        {"whsk_nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=", "is not base64"},
        {"whsk_ nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=", "is not base64"},
        {"WHSK_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=", "expected whsk_ or whpk_"},
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
        cmocka_unit_test(agrees_with_the_rfc),
        cmocka_unit_test(id_and_timestamp_are_signed),
        cmocka_unit_test(lists_may_be_mixed),
        cmocka_unit_test(refuses_with_words),
        cmocka_unit_test(notices_every_change),
        cmocka_unit_test(keys_have_their_lengths),
        cmocka_unit_test(literal_forms_take_any_text),
        cmocka_unit_test(makes_secrets_of_each_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
