/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/pack.h"
#include "common/model/tenant.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct tenant *make(const char *id)
{
    struct tenant *t = NULL;

    assert_int_equal(tenant_new(&t, span_of(id)), 0);
    return t;
}

static void starts_unknown(void **state)
{
    struct tenant *t = make("acme");

    (void)state;
    assert_string_equal(t->id, "acme");
    assert_false(t->exists);
    assert_int_equal(t->limit, -1);
    assert_false(t->may_be_plain);
    assert_null(tenant_unref(t));
    assert_null(tenant_unref(NULL));
}

static void long_id_is_refused(void **state)
{
    char id[80];
    struct tenant *t = NULL;

    (void)state;
    memset(id, 'a', sizeof(id));
    assert_int_equal(tenant_new(&t, (struct span){id, 72}), -EBADMSG);
    assert_null(t);
    assert_int_equal(tenant_new(&t, (struct span){id, 71}), 0);
    assert_int_equal(strlen(t->id), 71);
    (void)tenant_unref(t);
}

static void round_trip(void **state)
{
    static const int64_t limits[] = {-1, 0, 1, 100, TENANT_LIMIT_MAX};
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        struct tenant *in = make("acme"), *out = make("acme");

        in->name = strdup("Acme é");
        in->domain = strdup("");
        in->limit = limits[i];
        in->may_be_plain = i % 2;
        in->created_ms = 1737556200000;
        buf_clear(&b);
        tenant_pack(&b, in);
        assert_int_equal(tenant_parse(out, buf_span(&b)), 0);
        assert_true(out->exists);
        assert_string_equal(out->name, "Acme é");
        assert_string_equal(out->domain, "");
        assert_int_equal(out->limit, limits[i]);
        assert_int_equal(out->may_be_plain, i % 2);
        assert_true(out->created_ms == 1737556200000);
        (void)tenant_unref(in);
        (void)tenant_unref(out);
    }
    buf_fini(&b);
}

/* The first version's, but for one member that is left out or another value. */
static void pack_record(struct buf *b, const char *left_out, int64_t limit)
{
    static const char *const texts[] = {"name", "domain", "webhook"};
    static const char *const numbers[] = {"plain", "created"};

    buf_clear(b);
    pack_map(b, left_out ? 5 : 6);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (left_out && strcmp(texts[i], left_out) == 0)
            continue;
        pack_text(b, texts[i]);
        pack_text(b, "x");
    }
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        if (left_out && strcmp(numbers[i], left_out) == 0)
            continue;
        pack_text(b, numbers[i]);
        pack_i64(b, 1);
    }
    if (left_out && strcmp("limit", left_out) == 0)
        return;
    pack_text(b, "limit");
    pack_i64(b, limit);
}

static int parse(struct span record)
{
    struct tenant *t = make("acme");
    int r = tenant_parse(t, record);

    assert_int_equal(t->exists, r == 0);
    (void)tenant_unref(t);
    return r;
}

static void refuses_other_records(void **state)
{
    static const char *const members[] = {"name", "domain", "webhook", "plain", "created", "limit"};
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    pack_record(&b, NULL, 5);
    assert_int_equal(parse(buf_span(&b)), 0);
    for (size_t len = 0; len < b.len; len++)
        assert_int_equal(parse((struct span){b.data, len}), -EBADMSG);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        pack_record(&b, members[i], 5);
        assert_int_equal(parse(buf_span(&b)), -EBADMSG);
    }
    pack_record(&b, NULL, -2);
    assert_int_equal(parse(buf_span(&b)), -EBADMSG);
    pack_record(&b, NULL, TENANT_LIMIT_MAX + 1);
    assert_int_equal(parse(buf_span(&b)), -EBADMSG);
    assert_int_equal(parse(SPAN("no msgpack")), -EBADMSG);
    buf_fini(&b);
}

static unsigned detached;

static void on_detach(struct endpoint *e)
{
    (void)e;
    detached++;
}

static void owns_its_endpoints(void **state)
{
    struct tenant *t = make("acme");
    struct endpoint *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));
    static int something;

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    memcpy(a->id, "ep_a", 5);
    memcpy(b->id, "ep_b", 5);
    b->attached = &something;
    t->detach = on_detach;
    assert_int_equal(tenant_add_endpoint(t, a), 0);
    assert_int_equal(tenant_add_endpoint(t, b), 0);
    assert_ptr_equal(tenant_endpoint(t, SPAN("ep_a")), a);
    assert_ptr_equal(tenant_endpoint(t, SPAN("ep_b")), b);
    assert_null(tenant_endpoint(t, SPAN("ep_")));
    assert_null(tenant_endpoint(t, SPAN("ep_bc")));

    assert_ptr_equal(tenant_ref(t), t);
    assert_null(tenant_unref(t));
    assert_int_equal(detached, 0); /* somebody still holds it */
    assert_ptr_equal(tenant_endpoint(t, SPAN("ep_a")), a);
    assert_null(tenant_unref(t));
    assert_int_equal(detached, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_unknown),     cmocka_unit_test(long_id_is_refused),
        cmocka_unit_test(round_trip),         cmocka_unit_test(refuses_other_records),
        cmocka_unit_test(owns_its_endpoints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
