/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/rng.h"
#include "common/crypto/secret.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Bytes 0 to 31. */
static const char key_text[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
static const char other_text[] = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

static struct master_key key_of(const char *text)
{
    struct master_key k = {.is_set = false};
    struct diag diag = {""};

    if (master_key_load(&k, text, "", &diag))
        fail_msg("%s", diag.text);
    return k;
}

static void check_round_trip(struct span context, struct span plain)
{
    struct master_key k = key_of(key_text);
    struct buf sealed, opened;

    buf_init(&sealed, SECRET_PLAIN_MAX + SECRET_OVERHEAD);
    buf_init(&opened, SECRET_PLAIN_MAX);
    assert_int_equal(secret_seal(&sealed, &k, context, plain), 0);
    assert_int_equal(sealed.len, plain.len + SECRET_OVERHEAD);
    assert_int_equal(secret_open(&opened, &k, context, buf_span(&sealed)), 0);
    assert_true(span_equal(buf_span(&opened), plain));
    if (plain.len > 4)
        assert_null(memmem(sealed.data, sealed.len, plain.data, plain.len));
    buf_wipe(&opened);
    buf_wipe(&sealed);
}

static void opens_what_it_sealed(void **state)
{
    static char text[SECRET_PLAIN_MAX];

    (void)state;
    memset(text, 's', sizeof(text));
    check_round_trip(SPAN("ep_1"), SPAN("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    check_round_trip(SPAN(""), SPAN("x"));
    check_round_trip(SPAN("ep_1"), SPAN(""));
    check_round_trip(SPAN("ep_1"), SPAN("\0\xff binary"));
    check_round_trip(SPAN("ep_1"), (struct span){text, sizeof(text)});
}

static void fixed_nonce(void *data, size_t len)
{
    uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(0xa0 + i);
}

/* Made with the AESGCM of Python's cryptography: the form must never change by accident. */
static void keeps_the_form(void **state)
{
    static const char expected[] = "01630dcd29a0a1a2a3a4a5a6a7a8a9aaab"
                                   "91700f48269476da111160afd43f8d188d9a2a9d8e3f1b9f8f34";
    struct master_key k = key_of(key_text);
    struct buf sealed, hex;

    (void)state;
    buf_init(&sealed, 1024);
    buf_init(&hex, 1024);
    rng_replace(fixed_nonce);
    assert_int_equal(secret_seal(&sealed, &k, SPAN("ep_1"), SPAN("whsec_test")), 0);
    rng_replace(NULL);
    buf_add_hex(&hex, sealed.data, sealed.len);
    assert_string_equal(hex.data, expected);
    buf_fini(&hex);
    buf_wipe(&sealed);
}

static void seals_differently_each_time(void **state)
{
    struct master_key k = key_of(key_text);
    struct buf one, two;

    (void)state;
    buf_init(&one, 1024);
    buf_init(&two, 1024);
    assert_int_equal(secret_seal(&one, &k, SPAN("ep_1"), SPAN("secret")), 0);
    assert_int_equal(secret_seal(&two, &k, SPAN("ep_1"), SPAN("secret")), 0);
    assert_memory_not_equal(one.data + 5, two.data + 5, one.len - 5);
    buf_wipe(&one);
    buf_wipe(&two);
}

/* Every single bit, every shorter and one longer form, another context, another key. */
static void notices_every_change(void **state)
{
    struct master_key k = key_of(key_text), other = key_of(other_text);
    struct buf sealed, opened;

    (void)state;
    buf_init(&sealed, 1024);
    buf_init(&opened, 1024);
    assert_int_equal(secret_seal(&sealed, &k, SPAN("ep_1"), SPAN("secret")), 0);
    for (size_t bit = 0; bit < sealed.len * 8; bit++) {
        bool is_key_id = bit / 8 >= 1 && bit / 8 < 5;

        sealed.data[bit / 8] ^= (char)(1 << bit % 8);
        assert_int_equal(secret_open(&opened, &k, SPAN("ep_1"), buf_span(&sealed)),
                         is_key_id ? -EKEYREJECTED : -EBADMSG);
        sealed.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    for (size_t len = 0; len < sealed.len; len++)
        assert_int_equal(secret_open(&opened, &k, SPAN("ep_1"), (struct span){sealed.data, len}),
                         -EBADMSG);
    assert_int_equal(secret_open(&opened, &k, SPAN("ep_2"), buf_span(&sealed)), -EBADMSG);
    assert_int_equal(secret_open(&opened, &k, SPAN(""), buf_span(&sealed)), -EBADMSG);
    assert_int_equal(secret_open(&opened, &other, SPAN("ep_1"), buf_span(&sealed)), -EKEYREJECTED);
    memcpy(other.all[0].id, k.all[0].id, sizeof(k.all[0].id)); /* the same first bytes by chance */
    assert_int_equal(secret_open(&opened, &other, SPAN("ep_1"), buf_span(&sealed)), -EBADMSG);
    assert_int_equal(opened.len, 0); /* nothing was given out */
    buf_add_char(&sealed, 'x');
    assert_int_equal(secret_open(&opened, &k, SPAN("ep_1"), buf_span(&sealed)), -EBADMSG);
    buf_wipe(&sealed);
    buf_wipe(&opened);
}

/* While the key is being changed: all open, the chosen one seals. */
static void one_seals_all_open(void **state)
{
    struct master_key old = key_of(key_text), new = key_of(other_text);
    struct master_key both = key_of("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,"
                                    "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=");
    char id[KEY_ID_SIZE];
    struct buf sealed, opened;

    (void)state;
    buf_init(&sealed, 1024);
    buf_init(&opened, 1024);
    assert_int_equal(secret_seal(&sealed, &both, SPAN("ep_1"), SPAN("secret")), 0);
    assert_int_equal(secret_open(&opened, &old, SPAN("ep_1"), buf_span(&sealed)), 0);
    assert_true(secret_is_current(&both, buf_span(&sealed)));
    secret_key_id(id, buf_span(&sealed));
    assert_string_equal(id, "630dcd29");

    cipher_key_id(id, new.all[0].id);
    assert_int_equal(master_key_choose(&both, id), 0);
    assert_false(secret_is_current(&both, buf_span(&sealed)));
    assert_int_equal(secret_open(&opened, &both, SPAN("ep_1"), buf_span(&sealed)), 0);
    buf_clear(&sealed);
    assert_int_equal(secret_seal(&sealed, &both, SPAN("ep_1"), SPAN("secret")), 0);
    assert_true(secret_is_current(&new, buf_span(&sealed)));
    assert_int_equal(secret_open(&opened, &old, SPAN("ep_1"), buf_span(&sealed)), -EKEYREJECTED);
    assert_int_equal(secret_open(&opened, &new, SPAN("ep_1"), buf_span(&sealed)), 0);
    assert_string_equal(opened.data, "secretsecretsecret");
    buf_wipe(&sealed);
    buf_wipe(&opened);
}

static void faults_name_the_key_that_is_missing(void **state)
{
    struct master_key k = key_of(key_text), other = key_of(other_text);
    struct diag why = {""};
    struct buf sealed;
    char expected[200], id[KEY_ID_SIZE];

    (void)state;
    buf_init(&sealed, 1024);
    assert_int_equal(secret_seal(&sealed, &k, SPAN("ep_1"), SPAN("secret")), 0);
    cipher_key_id(id, other.all[0].id);
    (void)snprintf(expected, sizeof(expected),
                   "encrypted with master key 630dcd29, which is not configured here (%s is)", id);
    secret_fault(&why, &other, buf_span(&sealed), -EKEYREJECTED);
    assert_string_equal(why.text, expected);
    secret_fault(&why, &other, buf_span(&sealed), -EBADMSG);
    assert_non_null(strstr(why.text, "damaged"));
    secret_key_id(id, SPAN("no sealed form"));
    assert_string_equal(id, "");
    buf_wipe(&sealed);
}

static void bounds_and_missing_keys(void **state)
{
    struct master_key k = key_of(key_text), none = {.is_set = false};
    static char text[SECRET_PLAIN_MAX + SECRET_OVERHEAD + 1] = {1};
    struct buf b;

    (void)state;
    memcpy(text + 1, k.all[0].id, sizeof(k.all[0].id));
    buf_init(&b, 40);
    assert_int_equal(secret_seal(&b, &k, SPAN("ep_1"), (struct span){text, SECRET_PLAIN_MAX + 1}),
                     -EMSGSIZE);
    assert_int_equal(secret_open(&b, &k, SPAN("ep_1"), (struct span){text, sizeof(text)}),
                     -EBADMSG);
    assert_int_equal(secret_seal(&b, &none, SPAN("ep_1"), SPAN("x")), -ENOKEY);
    assert_int_equal(secret_open(&b, &none, SPAN("ep_1"), (struct span){text, 50}), -ENOKEY);
    assert_int_equal(b.len, 0);
    assert_int_equal(secret_seal(&b, &k, SPAN("ep_1"), SPAN("eight by")), -ENOBUFS);
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_what_it_sealed),
        cmocka_unit_test(keeps_the_form),
        cmocka_unit_test(seals_differently_each_time),
        cmocka_unit_test(notices_every_change),
        cmocka_unit_test(one_seals_all_open),
        cmocka_unit_test(faults_name_the_key_that_is_missing),
        cmocka_unit_test(bounds_and_missing_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
