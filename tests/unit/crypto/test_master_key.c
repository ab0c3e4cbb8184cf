/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/master_key.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

/* Bytes 0 to 31, 1 to 32, and so on. */
#define KEY_0 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_1 "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
#define KEY_2 "AgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICE="
#define KEY_3 "AwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISI="
#define KEY_4 "BAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiM="
static const char key_text[] = KEY_0;

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
    for (size_t i = 0; i < sizeof(k.all[0].bytes); i++)
        assert_int_equal(k.all[0].bytes[i], i);
    /* the first bytes of SHA-256 of 00 01 … 1f */
    assert_memory_equal(k.all[0].id, "\x63\x0d\xcd\x29", 4);
    master_key_wipe(&k);
    assert_false(k.is_set);
    for (size_t i = 0; i < sizeof(k.all[0].bytes); i++)
        assert_int_equal(k.all[0].bytes[i], 0);
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
    assert_memory_equal(k.all[0].bytes, same.all[0].bytes, sizeof(k.all[0].bytes));

    (void)snprintf(text, sizeof(text), "%s%400s", key_text, "x");
    assert_int_equal(load_from_file(&k, text, &diag), -EINVAL);
    assert_string_equal(
        diag.text, "master_key_file: key 2: expected 32 bytes in base64 (openssl rand -base64 32)");
    assert_int_equal(load_from_file(&k, "", &diag), -EINVAL);
    assert_string_equal(diag.text,
                        "master_key_file: expected 32 bytes in base64 (openssl rand -base64 32)");

    assert_int_equal(master_key_load(&k, "", "/nonexistent/key", &diag), -EINVAL);
    assert_string_equal(diag.text,
                        "master_key_file: cannot read /nonexistent/key: No such file or directory");
    assert_int_equal(master_key_load(&k, "", "/tmp", &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "Is a directory"));
}

/* In the order in which they stand; the first seals. */
static void loads_several_keys(void **state)
{
    static const char *const texts[] = {
        KEY_0 "," KEY_1 "," KEY_2 "," KEY_3,
        " " KEY_0 " , " KEY_1 "\t" KEY_2 "\r\n" KEY_3 " ",
        KEY_0 "\n" KEY_1 "\n\n" KEY_2 "\n" KEY_3 "\n",
        "," KEY_0 ",," KEY_1 "," KEY_2 "," KEY_3 ",",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct master_key k = key_of(texts[i]);

        assert_int_equal(k.n, 4);
        assert_int_equal(k.seals, 0);
        for (uint8_t n = 0; n < 4; n++) {
            assert_int_equal(k.all[n].bytes[0], n);
            assert_int_equal(k.all[n].bytes[31], 31 + n);
        }
    }
}

static void refuse(const char *text, const char *words)
{
    struct master_key k = {.is_set = false};
    struct diag diag = {""};

    assert_int_equal(master_key_load(&k, text, "", &diag), -EINVAL);
    assert_string_equal(diag.text, words);
    assert_false(k.is_set);
    assert_int_equal(k.n, 0);
}

static void refuses_what_is_wrong_with_several(void **state)
{
    (void)state;
    refuse(KEY_0 "," KEY_1 "," KEY_2 "," KEY_3 "," KEY_4, "master_key: expected at most 4 keys");
    refuse(KEY_0 "," KEY_1 "," KEY_0, "master_key: key 3 is key 1 again; expected different ones");
    refuse(KEY_0 "," KEY_1 ",AAEC",
           "master_key: key 3: expected 32 bytes in base64 (openssl rand -base64 32)");
    refuse(",", "master_key: expected 32 bytes in base64 (openssl rand -base64 32)");
    refuse("# " KEY_0, "master_key: expected 32 bytes in base64 (openssl rand -base64 32)");
    refuse(KEY_0 " # since May",
           "master_key: key 2: expected 32 bytes in base64 (openssl rand -base64 32)");
}

static void files_may_have_comments(void **state)
{
    struct master_key k = {.is_set = false};
    struct diag diag = {""};
    char long_file[5000];

    (void)state;
    assert_int_equal(load_from_file(&k,
                                    "# since May\n" KEY_1 "\n\n  # " KEY_2 ", until\n#\r\n" KEY_0
                                    "\r\n# the end",
                                    &diag),
                     0);
    assert_int_equal(k.n, 2);
    assert_int_equal(k.all[0].bytes[0], 1);
    assert_int_equal(k.all[1].bytes[0], 0);
    assert_int_equal(load_from_file(&k, "# nothing but words\n", &diag), -EINVAL);
    (void)snprintf(long_file, sizeof(long_file), KEY_0 "\n#%4500s\n", "");
    assert_int_equal(load_from_file(&k, long_file, &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "expected at most 4096 bytes"));
}

static void keys_are_found_by_id(void **state)
{
    struct master_key k = key_of(KEY_0 "," KEY_1);
    char id[KEY_ID_SIZE], ids[KEY_IDS_SIZE], expected[KEY_IDS_SIZE];

    (void)state;
    assert_true(master_key_has(&k, "630dcd29"));
    assert_false(master_key_has(&k, "630dcd2"));
    assert_false(master_key_has(&k, ""));
    cipher_key_id(id, k.all[1].id);
    assert_int_equal(master_key_choose(&k, "00000000"), -ENOKEY);
    assert_int_equal(k.seals, 0);
    assert_int_equal(master_key_choose(&k, id), 0);
    assert_int_equal(k.seals, 1);
    assert_ptr_equal(master_key_find(&k, k.all[1].id), &k.all[1]);
    (void)snprintf(expected, sizeof(expected), "630dcd29, %s", id);
    master_key_ids(ids, &k);
    assert_string_equal(ids, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_the_key),
        cmocka_unit_test(refuses_broken_keys),
        cmocka_unit_test(wants_exactly_one_source),
        cmocka_unit_test(reads_the_key_from_a_file),
        cmocka_unit_test(loads_several_keys),
        cmocka_unit_test(refuses_what_is_wrong_with_several),
        cmocka_unit_test(files_may_have_comments),
        cmocka_unit_test(keys_are_found_by_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
