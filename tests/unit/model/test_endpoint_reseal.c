/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/endpoint_reseal.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ID "ep_00000000-0000-4000-8000-000000000000"
#define OLD "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define NEW "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="

static struct master_key key_of(const char *text, unsigned seals)
{
    struct master_key k = {.is_set = false};

    assert_int_equal(master_key_load(&k, text, "", NULL), 0);
    k.seals = seals;
    return k;
}

static struct sealed seal(const struct master_key *k, struct span plain)
{
    struct buf sealed;
    struct sealed ret;

    buf_init(&sealed, SECRET_PLAIN_MAX + SECRET_OVERHEAD);
    assert_int_equal(secret_seal(&sealed, k, SPAN(ID), plain), 0);
    ret.len = sealed.len;
    ret.data = buf_take(&sealed);
    return ret;
}

/* One secret under the old key, one under the new, and a client key of 8 KiB under the old. */
static struct endpoint *make(void)
{
    static char pem[8 << 10];
    struct master_key old = key_of(OLD, 0), new = key_of(NEW, 0);
    struct endpoint *e = NULL;

    memset(pem, 'k', sizeof(pem));
    assert_int_equal(endpoint_new(&e, SPAN(ID), dialect_find(SPAN("standard"))), 0);
    e->secrets.n = 2;
    e->secrets.all[0].sealed = seal(&new, SPAN("the newer"));
    e->secrets.all[1].sealed = seal(&old, SPAN("the older"));
    e->client_key = seal(&old, (struct span){pem, sizeof(pem)});
    return e;
}

static void check(struct endpoint *e, const struct master_key *k)
{
    static const size_t lens[] = {9, 9, 8 << 10};
    struct sealed *s;
    struct buf plain;
    unsigned i;

    buf_init(&plain, SECRET_PLAIN_MAX);
    for (i = 0; (s = endpoint_sealed(e, i)); i++) {
        buf_clear(&plain);
        assert_true(secret_is_current(k, (struct span){s->data, s->len}));
        assert_int_equal(secret_open(&plain, k, SPAN(ID), (struct span){s->data, s->len}), 0);
        assert_int_equal(plain.len, lens[i]);
        assert_int_equal(plain.data[4], "nok"[i]);
    }
    assert_int_equal(i, 3);
    buf_fini(&plain);
}

static void all_comes_under_the_key_that_seals(void **state)
{
    struct master_key both = key_of(OLD "," NEW, 1), new = key_of(NEW, 0);
    struct endpoint *e = make();
    bool is_changed = false;

    (void)state;
    assert_int_equal(endpoint_reseal(e, &both, &is_changed, NULL), 0);
    assert_true(is_changed);
    check(e, &new);
    assert_int_equal(endpoint_reseal(e, &both, &is_changed, NULL), 0);
    assert_false(is_changed);
    endpoint_free(e);
}

static void a_key_that_is_missing_is_named(void **state)
{
    struct master_key new = key_of(NEW, 0);
    struct endpoint *e = make();
    bool is_changed = false;
    struct diag why = {""};

    (void)state;
    assert_int_equal(endpoint_reseal(e, &new, &is_changed, &why), -EKEYREJECTED);
    assert_non_null(strstr(why.text, "630dcd29"));
    assert_false(is_changed);
    endpoint_free(e);
}

static void what_is_damaged_stays(void **state)
{
    struct master_key both = key_of(OLD "," NEW, 1);
    struct endpoint *e = make();
    bool is_changed = false;
    struct diag why = {""};

    (void)state;
    e->client_key.data[100] ^= 1;
    assert_int_equal(endpoint_reseal(e, &both, &is_changed, &why), -EBADMSG);
    assert_non_null(strstr(why.text, "damaged"));
    endpoint_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_comes_under_the_key_that_seals),
        cmocka_unit_test(a_key_that_is_missing_is_named),
        cmocka_unit_test(what_is_damaged_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
