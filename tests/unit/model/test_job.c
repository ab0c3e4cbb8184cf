/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/pack.h"
#include "common/model/job.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct job sample = {
    .id = SPAN("whd_0123abcd-0123-4002-8def-0123456789ab"),
    .tenant = SPAN("acme"),
    .endpoint = SPAN("ep_0123abcd-0123-4002-8def-0123456789ab"),
    .event = SPAN("1737556200000-3"),
    .attempt = 5,
    .base = 3,
};

static void pack_parts(struct buf *b, unsigned n, int64_t attempt, int64_t base)
{
    buf_clear(b);
    pack_array(b, n);
    for (unsigned i = 0; i + 2 < n; i++)
        pack_text(b, "x");
    pack_i64(b, attempt);
    pack_i64(b, base);
}

static void round_trip(void **state)
{
    struct job j;
    struct buf b;

    (void)state;
    buf_init(&b, 1024);
    job_pack(&b, &sample);
    assert_int_equal(job_parse(&j, buf_span(&b)), 0);
    assert_true(span_equal(j.id, sample.id));
    assert_true(span_equal(j.tenant, sample.tenant));
    assert_true(span_equal(j.endpoint, sample.endpoint));
    assert_true(span_equal(j.event, sample.event));
    assert_int_equal(j.attempt, 5);
    assert_int_equal(j.base, 3);
    buf_fini(&b);
}

/* The scripts read the first six by position, retry.lua writes them. */
static void has_the_form_that_scripts_know(void **state)
{
    static const char expected[] = "\x96\xa1i\xa1t\xa1\x65\xa1v\x02\x01";
    const struct job small = {SPAN("i"), SPAN("t"), SPAN("e"), SPAN("v"), 2, 1};
    struct buf b;

    (void)state;
    buf_init(&b, 1024);
    job_pack(&b, &small);
    assert_int_equal(b.len, sizeof(expected) - 1);
    assert_memory_equal(b.data, expected, sizeof(expected) - 1);
    buf_fini(&b);
}

static void refuses_every_cut(void **state)
{
    struct job j = {.attempt = 77};
    struct buf b;

    (void)state;
    buf_init(&b, 1024);
    job_pack(&b, &sample);
    for (size_t len = 0; len < b.len; len++)
        assert_int_equal(job_parse(&j, (struct span){b.data, len}), -EBADMSG);
    assert_int_equal(j.attempt, 77);
    buf_fini(&b);
}

/* Whatever is in a byte: read within the bounds (the sanitizers watch), and told apart. */
static void survives_wrong_bytes(void **state)
{
    static const char wrong[] = {0, 0x7f, '\x80', '\x90', '\xa0', '\xc0', '\xc1', '\xd9', '\xff'};
    struct job j;
    struct buf b;
    int r;

    (void)state;
    buf_init(&b, 1024);
    job_pack(&b, &sample);
    for (size_t i = 0; i < b.len; i++) {
        for (size_t k = 0; k < sizeof(wrong); k++) {
            char kept = b.data[i];

            b.data[i] = wrong[k];
            r = job_parse(&j, buf_span(&b));
            assert_true(r == 0 || r == -EBADMSG);
            if (r == 0)
                assert_true(j.attempt >= 1 && j.base < j.attempt);
            b.data[i] = kept;
        }
    }
    buf_fini(&b);
}

static void judges_numbers_and_count(void **state)
{
    static const struct {
        unsigned n;
        int64_t attempt, base;
        int result;
    } cases[] = {
        {6, 1, 0, 0},         {6, 1000000, 999999, 0},   {6, 0, 0, -EBADMSG},
        {6, -1, 0, -EBADMSG}, {6, 1000001, 0, -EBADMSG}, {6, 2, 2, -EBADMSG},
        {6, 2, -1, -EBADMSG}, {5, 1, 0, -EBADMSG},
    };
    struct job j;
    struct buf b;

    (void)state;
    buf_init(&b, 1024);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        pack_parts(&b, cases[i].n, cases[i].attempt, cases[i].base);
        assert_int_equal(job_parse(&j, buf_span(&b)), cases[i].result);
    }
    buf_clear(&b);
    pack_text(&b, "no array");
    assert_int_equal(job_parse(&j, buf_span(&b)), -EBADMSG);
    buf_fini(&b);
}

static void takes_no_tenant_that_cannot_be(void **state)
{
    char name[66];
    struct job j, long_tenant = sample;
    struct buf b;

    (void)state;
    memset(name, 't', sizeof(name));
    buf_init(&b, 1024);
    for (size_t len = 64; len <= 65; len++) {
        long_tenant.tenant = (struct span){name, len};
        buf_clear(&b);
        job_pack(&b, &long_tenant);
        assert_int_equal(job_parse(&j, buf_span(&b)), len == 64 ? 0 : -EBADMSG);
    }
    buf_fini(&b);
}

static void outcome_round_trip(void **state)
{
    struct outcome o;
    struct buf b;

    (void)state;
    buf_init(&b, 1024);
    for (int code = OUTCOME_TIMEOUT; code <= OUTCOME_UNKNOWN_ERROR; code++) {
        for (int next = NEXT_DONE; next <= NEXT_DISABLE; next++) {
            struct outcome in = {(enum outcome_code)code, (enum outcome_next)next, 503, 120000};

            buf_clear(&b);
            job_outcome_pack(&b, &in);
            assert_int_equal(job_outcome_parse(&o, buf_span(&b)), 0);
            assert_int_equal(o.code, code);
            assert_int_equal(o.next, next);
            assert_int_equal(o.status, 503);
            assert_int_equal(o.retry_after_ms, 120000);
        }
    }
    for (size_t len = 0; len < b.len; len++)
        assert_int_equal(job_outcome_parse(&o, (struct span){b.data, len}), -EBADMSG);
    buf_fini(&b);
}

static void outcome_refusals(void **state)
{
    static const struct {
        const char *code;
        int64_t next, status, retry_after_ms;
    } bad[] = {
        {"NO_SUCH_CODE", 1, 500, 0}, {"TIMEOUT", -1, 500, 0}, {"TIMEOUT", 4, 500, 0},
        {"TIMEOUT", 1, -1, 0},       {"TIMEOUT", 1, 1000, 0}, {"TIMEOUT", 1, 500, -1},
    };
    struct outcome o = {.status = 7};
    struct buf b;

    (void)state;
    buf_init(&b, 1024);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        buf_clear(&b);
        pack_array(&b, 4);
        pack_text(&b, bad[i].code);
        pack_i64(&b, bad[i].next);
        pack_i64(&b, bad[i].status);
        pack_i64(&b, bad[i].retry_after_ms);
        assert_int_equal(job_outcome_parse(&o, buf_span(&b)), -EBADMSG);
    }
    assert_int_equal(o.status, 7);
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(has_the_form_that_scripts_know),
        cmocka_unit_test(refuses_every_cut),
        cmocka_unit_test(survives_wrong_bytes),
        cmocka_unit_test(judges_numbers_and_count),
        cmocka_unit_test(takes_no_tenant_that_cannot_be),
        cmocka_unit_test(outcome_round_trip),
        cmocka_unit_test(outcome_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
