/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/delivery/delivery_filter.h"
#include "admin/delivery/delivery_record.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { PARTITION = 3, BYTES_MAX = 1 << 16 };

/* A record, with the bytes that it borrows from. */
struct fixture {
    char id[ID_SIZE];
    struct buf bytes;
    struct delivery_record d;
};

static const struct record_entry created = {.kind = RECORD_CREATED,
                                            .ms = 1000,
                                            .tenant = SPAN("acme"),
                                            .endpoint = SPAN("ep_1"),
                                            .event = SPAN("1000-0"),
                                            .type = SPAN("A")};
static const struct record_entry failed = {
    .kind = RECORD_ATTEMPT, .ms = 1100, .attempt = 1, .duration_ms = 20, .code = SPAN("TIMEOUT")};
static const struct record_entry retry = {
    .kind = RECORD_RETRY, .ms = 1200, .attempt = 2, .due_ms = 5000};
static const struct record_entry lost = {
    .kind = RECORD_LOST, .ms = 1300, .attempt = 2, .worker = SPAN("w")};
static const struct record_entry delivered = {
    .kind = RECORD_ATTEMPT, .ms = 5100, .attempt = 2, .duration_ms = 30, .status = 200};
static const struct record_entry success = {
    .kind = RECORD_FINAL, .ms = 5200, .final = SPAN("success")};
static const struct record_entry again = {
    .kind = RECORD_AGAIN, .ms = 6000, .attempt = 3, .due_ms = 9000};

static int parse(struct fixture *f, const struct record_entry *const *all, size_t n)
{
    *f = (struct fixture){0};
    id_make(f->id, "whd_", PARTITION);
    buf_init(&f->bytes, BYTES_MAX);
    for (size_t i = 0; i < n; i++)
        record_pack(&f->bytes, all[i]);
    return delivery_record_parse(&f->d, span_of(f->id), buf_span(&f->bytes));
}

#define RECORD(f, ...)                                                                             \
    parse((f), (const struct record_entry *const[]){__VA_ARGS__},                                  \
          ARRAY_LEN(((const struct record_entry *const[]){__VA_ARGS__})))

static void drop(struct fixture *f)
{
    delivery_record_fini(&f->d);
    buf_fini(&f->bytes);
}

static void assert_status(const struct fixture *f, const char *wanted)
{
    assert_true(span_equal(delivery_status(&f->d), span_of(wanted)));
}

static void a_new_one_is_pending_and_ready(void **state)
{
    struct fixture f;

    (void)state;
    assert_int_equal(RECORD(&f, &created), 0);
    assert_int_equal(f.d.partition, PARTITION);
    assert_string_equal(f.d.id, f.id);
    assert_status(&f, "pending");
    assert_false(delivery_is_final(&f.d));
    assert_null(delivery_last_attempt(&f.d));
    assert_int_equal(delivery_next_ms(&f.d), 0);
    assert_int_equal(delivery_place(&f.d, 1000), PLACE_READY);
    assert_true(span_equal(delivery_created(&f.d)->type, SPAN("A")));
    drop(&f);
}

static void after_a_failure_a_scheduler_decides(void **state)
{
    struct fixture f;

    (void)state;
    assert_int_equal(RECORD(&f, &created, &failed), 0);
    assert_status(&f, "pending");
    assert_int_equal(delivery_last_attempt(&f.d)->ms, failed.ms);
    assert_int_equal(delivery_place(&f.d, 1100), PLACE_VERDICT);
    drop(&f);
}

static void it_backs_off_until_it_is_due(void **state)
{
    struct fixture f;

    (void)state;
    assert_int_equal(RECORD(&f, &created, &failed, &retry), 0);
    assert_int_equal(delivery_next_ms(&f.d), retry.due_ms);
    assert_int_equal(delivery_place(&f.d, retry.due_ms - 1), PLACE_DELAYED);
    assert_int_equal(delivery_place(&f.d, retry.due_ms), PLACE_READY);
    drop(&f);
}

/* What became of an attempt whose worker died is not known: the one before it is the last that is. */
static void a_lost_attempt_is_no_outcome(void **state)
{
    struct fixture f;

    (void)state;
    assert_int_equal(RECORD(&f, &created, &failed, &retry, &lost), 0);
    assert_int_equal(delivery_last_attempt(&f.d)->attempt, 1);
    assert_int_equal(delivery_next_ms(&f.d), 0);
    assert_int_equal(delivery_place(&f.d, 1300), PLACE_READY);
    drop(&f);
}

static void the_last_entry_tells_the_state(void **state)
{
    struct fixture f;

    (void)state;
    assert_int_equal(RECORD(&f, &created, &failed, &retry, &delivered, &success), 0);
    assert_status(&f, "success");
    assert_true(delivery_is_final(&f.d));
    assert_int_equal(delivery_last_attempt(&f.d)->status, 200);
    assert_int_equal(delivery_place(&f.d, 1), PLACE_ENDED);
    drop(&f);
    assert_int_equal(RECORD(&f, &created, &failed, &retry, &delivered, &success, &again), 0);
    assert_status(&f, "pending");
    assert_int_equal(delivery_next_ms(&f.d), again.due_ms);
    assert_int_equal(delivery_place(&f.d, again.ms), PLACE_DELAYED);
    drop(&f);
}

static void what_was_written_since_can_be_added(void **state)
{
    struct fixture f;

    (void)state;
    assert_int_equal(RECORD(&f, &created, &delivered, &success), 0);
    assert_int_equal(delivery_record_add(&f.d, &again), 0);
    assert_status(&f, "pending");
    assert_int_equal(delivery_next_ms(&f.d), again.due_ms);
    assert_int_equal(delivery_last_attempt(&f.d)->status, 200);
    assert_int_equal(f.d.n, 4);
    drop(&f);
}

static void what_is_no_record_is_refused(void **state)
{
    struct fixture f;
    struct delivery_record d;

    (void)state;
    assert_int_equal(RECORD(&f, &failed), -EBADMSG); /* it must begin with `created` */
    buf_fini(&f.bytes);
    assert_int_equal(RECORD(&f, &created), 0);
    assert_int_equal(delivery_record_parse(&d, span_of(f.id), SPAN("")), -EBADMSG);
    assert_int_equal(delivery_record_parse(&d, span_of(f.id), SPAN("\x01")), -EBADMSG);
    assert_int_equal(delivery_record_parse(&d, SPAN("ep_1"), buf_span(&f.bytes)), -EBADMSG);
    drop(&f);
}

/* ---- filters ---- */

static void a_filter_looks_at_each_part(void **state)
{
    static const struct delivery_filter fitting[] = {
        {.status = SPAN("pending")},
        {.endpoint = SPAN("ep_1")},
        {.type = SPAN("A")},
        {.event = SPAN("1000-0")},
        {.status = SPAN("pending"), .endpoint = SPAN("ep_1"), .type = SPAN("A")},
        {.from_ms = 1, .to_ms = 2}, /* times are the index's affair */
    };
    static const struct delivery_filter others[] = {
        {.status = SPAN("success")},
        {.endpoint = SPAN("ep_2")},
        {.type = SPAN("a")},
        {.event = SPAN("1000-1")},
        {.status = SPAN("pending"), .type = SPAN("B")},
    };
    struct fixture f;

    (void)state;
    assert_int_equal(RECORD(&f, &created), 0);
    for (size_t i = 0; i < ARRAY_LEN(fitting); i++)
        assert_true(delivery_filter_fits(&fitting[i], &f.d));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(delivery_filter_fits(&others[i], &f.d));
    drop(&f);
}

static void only_times_can_be_counted_by_the_index(void **state)
{
    static const struct delivery_filter times = {.from_ms = 1, .to_ms = 2};
    static const struct delivery_filter others[] = {{.status = SPAN("failed")},
                                                    {.endpoint = SPAN("ep_1")},
                                                    {.type = SPAN("A")},
                                                    {.event = SPAN("1-0")}};

    (void)state;
    assert_true(delivery_filter_is_of_time(&times));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(delivery_filter_is_of_time(&others[i]));
}

static void knows_the_statuses(void **state)
{
    static const char *const known[] = {"pending", "success", "failed", "timeout", "cancelled"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        assert_true(delivery_status_is_known(span_of(known[i])));
    assert_false(delivery_status_is_known(SPAN("")));
    assert_false(delivery_status_is_known(SPAN("fail")));
    assert_false(delivery_status_is_known(SPAN("Failed")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_one_is_pending_and_ready),
        cmocka_unit_test(after_a_failure_a_scheduler_decides),
        cmocka_unit_test(it_backs_off_until_it_is_due),
        cmocka_unit_test(a_lost_attempt_is_no_outcome),
        cmocka_unit_test(the_last_entry_tells_the_state),
        cmocka_unit_test(what_was_written_since_can_be_added),
        cmocka_unit_test(what_is_no_record_is_refused),
        cmocka_unit_test(a_filter_looks_at_each_part),
        cmocka_unit_test(only_times_can_be_counted_by_the_index),
        cmocka_unit_test(knows_the_statuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
