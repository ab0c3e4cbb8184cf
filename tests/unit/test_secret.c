#include "common/rng.h"
#include "common/secret.h"
#include "common/text.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

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

static void loads_the_key(void **state)
{
    struct master_key k = key_of(key_text);

    (void)state;
    assert_true(k.is_set);
    for (size_t i = 0; i < sizeof(k.bytes); i++)
        assert_int_equal(k.bytes[i], i);
    /* the first bytes of SHA-256 of 00 01 … 1f */
    assert_memory_equal(k.id, "\x63\x0d\xcd\x29", 4);
    master_key_wipe(&k);
    assert_false(k.is_set);
    for (size_t i = 0; i < sizeof(k.bytes); i++)
        assert_int_equal(k.bytes[i], 0);
}

static void refuses_broken_keys(void **state)
{
    static const char *const texts[] = {
        "AAEC",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ==",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "not base64 at all, is it?!",
        " ",
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
         "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    };
    struct diag diag;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct master_key k = {.is_set = false};

        assert_int_equal(master_key_load(&k, texts[i], "", &diag), -EINVAL);
        assert_string_equal(diag.text,
                            "master_key: expected 32 bytes in base64 (openssl rand -base64 32)");
        assert_false(k.is_set);
    }
}

static void wants_exactly_one_source(void **state)
{
    struct master_key k = {.is_set = false};
    struct diag diag;

    (void)state;
    assert_int_equal(master_key_load(&k, "", "", &diag), -ENOENT);
    assert_non_null(strstr(diag.text, "master_key: not set; expected 32 bytes in base64"));
    assert_int_equal(master_key_load(&k, key_text, "/some/file", &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "both set; expected one"));
    assert_false(k.is_set);
}

static int load_from_file(struct master_key *k, const char *content, struct diag *diag)
{
    char path[] = "/tmp/grapnel-test-XXXXXX";
    int fd = mkstemp(path), r;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    (void)close(fd);
    r = master_key_load(k, "", path, diag);
    (void)unlink(path);
    return r;
}

static void reads_the_key_from_a_file(void **state)
{
    struct master_key k = {.is_set = false}, same = key_of(key_text);
    struct diag diag = {""};
    char text[512];

    (void)state;
    (void)snprintf(text, sizeof(text), " %s\r\n\n", key_text);
    assert_int_equal(load_from_file(&k, text, &diag), 0);
    assert_memory_equal(k.bytes, same.bytes, sizeof(k.bytes));

    (void)snprintf(text, sizeof(text), "%s%400s", key_text, "x");
    assert_int_equal(load_from_file(&k, text, &diag), -EINVAL);
    assert_string_equal(diag.text,
                        "master_key_file: expected 32 bytes in base64 (openssl rand -base64 32)");
    assert_int_equal(load_from_file(&k, "", &diag), -EINVAL);

    assert_int_equal(master_key_load(&k, "", "/nonexistent/key", &diag), -EINVAL);
    assert_string_equal(diag.text,
                        "master_key_file: cannot read /nonexistent/key: No such file or directory");
    assert_int_equal(master_key_load(&k, "", "/tmp", &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "Is a directory"));
}

static void check_round_trip(struct span context, struct span plain)
{
    struct master_key k = key_of(key_text);
    struct buf sealed, opened;

    buf_init(&sealed, 1024);
    buf_init(&opened, 1024);
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
    char text[SECRET_TEXT_MAX];

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
    memcpy(other.id, k.id, sizeof(k.id)); /* the same first bytes by chance */
    assert_int_equal(secret_open(&opened, &other, SPAN("ep_1"), buf_span(&sealed)), -EBADMSG);
    assert_int_equal(opened.len, 0); /* nothing was given out */
    buf_add_char(&sealed, 'x');
    assert_int_equal(secret_open(&opened, &k, SPAN("ep_1"), buf_span(&sealed)), -EBADMSG);
    buf_wipe(&sealed);
    buf_wipe(&opened);
}

static void bounds_and_missing_keys(void **state)
{
    struct master_key k = key_of(key_text), none = {.is_set = false};
    char text[SECRET_TEXT_MAX + SECRET_OVERHEAD + 1] = {1};
    struct buf b;

    (void)state;
    memcpy(text + 1, k.id, sizeof(k.id));
    buf_init(&b, 40);
    assert_int_equal(secret_seal(&b, &k, SPAN("ep_1"), (struct span){text, SECRET_TEXT_MAX + 1}),
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
        cmocka_unit_test(loads_the_key),
        cmocka_unit_test(refuses_broken_keys),
        cmocka_unit_test(wants_exactly_one_source),
        cmocka_unit_test(reads_the_key_from_a_file),
        cmocka_unit_test(opens_what_it_sealed),
        cmocka_unit_test(keeps_the_form),
        cmocka_unit_test(seals_differently_each_time),
        cmocka_unit_test(notices_every_change),
        cmocka_unit_test(bounds_and_missing_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
