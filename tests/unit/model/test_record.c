/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/pack.h"
#include "common/model/record.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct record_entry created = {.kind = RECORD_CREATED,
                                            .ms = 1737556200000,
                                            .tenant = SPAN("acme"),
                                            .endpoint = SPAN("ep_1"),
                                            .event = SPAN("1737556200000-0"),
                                            .type = SPAN("order.paid")};
static const struct record_entry attempt = {.kind = RECORD_ATTEMPT,
                                            .ms = 1737556200010,
                                            .attempt = 1,
                                            .duration_ms = 5234,
                                            .status = 500,
                                            .code = SPAN("SERVER_ERROR"),
                                            .message = SPAN("Internal server error"),
                                            .response = SPAN("\x00\xff any byte")};
static const struct record_entry retry = {
    .kind = RECORD_RETRY, .ms = 1737556205250, .attempt = 2, .due_ms = 1737556207250};
static const struct record_entry lost = {
    .kind = RECORD_LOST, .ms = 1737556209000, .attempt = 2, .worker = SPAN("host-1-ab")};
static const struct record_entry again = {
    .kind = RECORD_AGAIN, .ms = 1737556210000, .attempt = 3, .due_ms = 1737556215000};
static const struct record_entry final = {.kind = RECORD_FINAL,
                                          .ms = 1737556220000,
                                          .final = SPAN("failed"),
                                          .reason = SPAN("attempt 2 was the last")};
static const struct record_entry by_mail = {.kind = RECORD_ATTEMPT,
                                            .ms = 1737556201000,
                                            .attempt = 2,
                                            .status = 550,
                                            .code = SPAN("CLIENT_ERROR"),
                                            .destination = SPAN("mail")};
static const struct record_entry *const all[] = {&created, &attempt, &by_mail, &retry,
                                                 &lost,    &again,   &final};

static void same(const struct record_entry *a, const struct record_entry *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_true(a->ms == b->ms);
    assert_true(span_equal(a->tenant, b->tenant));
    assert_true(span_equal(a->endpoint, b->endpoint));
    assert_true(span_equal(a->event, b->event));
    assert_true(span_equal(a->type, b->type));
    assert_int_equal(a->attempt, b->attempt);
    assert_true(a->duration_ms == b->duration_ms);
    assert_int_equal(a->status, b->status);
    assert_true(span_equal(a->code, b->code));
    assert_true(span_equal(a->message, b->message));
    assert_true(span_equal(a->response, b->response));
    assert_true(span_equal(a->destination, b->destination));
    assert_true(a->due_ms == b->due_ms);
    assert_true(span_equal(a->worker, b->worker));
    assert_true(span_equal(a->final, b->final));
    assert_true(span_equal(a->reason, b->reason));
}

static void pack_all(struct buf *b)
{
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        record_pack(b, all[i]);
}

static void round_trip(void **state)
{
    struct record_reader *reader;
    struct record_entry e;
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    pack_all(&b);
    assert_int_equal(record_open(&reader, buf_span(&b)), 0);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        assert_int_equal(record_next(reader, &e), 0);
        same(&e, all[i]);
    }
    assert_int_equal(record_next(reader, &e), RECORD_END);
    assert_int_equal(record_next(reader, &e), RECORD_END);
    assert_null(record_close(reader));
    assert_null(record_close(NULL));
    buf_fini(&b);
}

/* The texts are lent from the bytes, so entries may be kept while those are. */
static void entries_outlive_the_reader(void **state)
{
    struct record_reader *reader;
    struct record_entry first, second;
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    pack_all(&b);
    assert_int_equal(record_open(&reader, buf_span(&b)), 0);
    assert_int_equal(record_next(reader, &first), 0);
    assert_int_equal(record_next(reader, &second), 0);
    (void)record_close(reader);
    same(&first, &created);
    same(&second, &attempt);
    buf_fini(&b);
}

/* How many entries can be read, and how it ends. */
static int read_all(struct span bytes, size_t *ret_n)
{
    struct record_reader *reader;
    struct record_entry e;
    int r;

    *ret_n = 0;
    assert_int_equal(record_open(&reader, bytes), 0);
    while (!(r = record_next(reader, &e)))
        (*ret_n)++;
    (void)record_close(reader);
    return r;
}

/* A cut is at an entry's end, or it is noticed; what stands before it is read. */
static void notices_every_cut(void **state)
{
    struct buf b;
    size_t ends[ARRAY_LEN(all) + 1] = {0}, n, whole = 0;

    (void)state;
    buf_init(&b, 4096);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        record_pack(&b, all[i]);
        ends[i + 1] = b.len;
    }
    for (size_t len = 0; len <= b.len; len++) {
        if (whole + 1 < ARRAY_LEN(ends) && len == ends[whole + 1])
            whole++;
        assert_int_equal(read_all((struct span){b.data, len}, &n),
                         len == ends[whole] ? RECORD_END : -EBADMSG);
        assert_int_equal(n, whole);
    }
    buf_fini(&b);
}

static void survives_wrong_bytes(void **state)
{
    static const char wrong[] = {0, 0x7f, '\x80', '\x90', '\xa0', '\xc0', '\xc1', '\xd9', '\xff'};
    struct buf b;
    size_t n;
    int r;

    (void)state;
    buf_init(&b, 4096);
    pack_all(&b);
    for (size_t i = 0; i < b.len; i++) {
        for (size_t k = 0; k < sizeof(wrong); k++) {
            char kept = b.data[i];

            b.data[i] = wrong[k];
            r = read_all(buf_span(&b), &n);
            assert_true(r == RECORD_END || r == -EBADMSG);
            b.data[i] = kept;
        }
    }
    buf_fini(&b);
}

static void refuses_what_is_no_entry(void **state)
{
    struct buf b;
    size_t n;

    (void)state;
    buf_init(&b, 4096);
    pack_array(&b, 2);
    pack_text(&b, "unheard");
    pack_i64(&b, 1);
    assert_int_equal(read_all(buf_span(&b), &n), -EBADMSG);

    buf_clear(&b);
    pack_array(&b, 3); /* one value short */
    pack_text(&b, "final");
    pack_i64(&b, 1);
    pack_text(&b, "success");
    assert_int_equal(read_all(buf_span(&b), &n), -EBADMSG);

    buf_clear(&b);
    pack_array(&b, 4);
    pack_text(&b, "retry");
    pack_i64(&b, 1);
    pack_i64(&b, -1); /* no attempt's number */
    pack_i64(&b, 2);
    assert_int_equal(read_all(buf_span(&b), &n), -EBADMSG);

    buf_clear(&b);
    pack_text(&b, "no array");
    assert_int_equal(read_all(buf_span(&b), &n), -EBADMSG);
    assert_int_equal(read_all(SPAN(""), &n), RECORD_END);
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(entries_outlive_the_reader),
        cmocka_unit_test(notices_every_cut),
        cmocka_unit_test(survives_wrong_bytes),
        cmocka_unit_test(refuses_what_is_no_entry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
