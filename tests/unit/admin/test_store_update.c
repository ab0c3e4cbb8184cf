/* SPDX-License-Identifier: Apache-2.0 */
/* The loop alone: the tries answer from a list, and no store is asked. */
#include "admin/store/store_update.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct tries {
    int changed; /* so many answer STORE_CHANGED */
    int last;    /* what the next answers */
    int n;
};

static int try_once(void *arg, struct store *s, struct buf *old)
{
    struct tries *t = arg;

    assert_null(s);
    assert_int_equal(old->len, 0); /* nothing of the try before */
    assert_int_equal(old->error, 0);
    buf_add_text(old, "record");
    return t->n++ < t->changed ? STORE_CHANGED : t->last;
}

static void begins_again_when_the_record_changed(void **state)
{
    struct tries t = {.changed = 3};

    (void)state;
    assert_int_equal(store_update(NULL, try_once, &t), 0);
    assert_int_equal(t.n, 4);
}

static void ends_with_what_a_try_answers(void **state)
{
    static const int answers[] = {0, STORE_MISSING, STORE_TOO_MANY, -EINVAL, -ENOTCONN};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct tries t = {.changed = 1, .last = answers[i]};

        assert_int_equal(store_update(NULL, try_once, &t), answers[i]);
        assert_int_equal(t.n, 2);
    }
}

static void gives_up_at_a_record_that_never_rests(void **state)
{
    struct tries t = {.changed = INT32_MAX};

    (void)state;
    assert_int_equal(store_update(NULL, try_once, &t), STORE_CHANGED);
    assert_int_equal(t.n, STORE_TRIES_MAX);
}

static int spoil(void *arg, struct store *s, struct buf *old)
{
    int *n = arg;

    (void)s;
    assert_int_equal(buf_result(old), 0); /* an error is of one try only */
    (void)buf_reserve(old, STORE_RECORD_MAX + 1);
    assert_int_equal(buf_result(old), -ENOBUFS);
    return ++*n < 2 ? STORE_CHANGED : 0;
}

static void a_record_that_was_too_long_is_forgotten(void **state)
{
    int n = 0;

    (void)state;
    assert_int_equal(store_update(NULL, spoil, &n), 0);
    assert_int_equal(n, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_again_when_the_record_changed),
        cmocka_unit_test(ends_with_what_a_try_answers),
        cmocka_unit_test(gives_up_at_a_record_that_never_rests),
        cmocka_unit_test(a_record_that_was_too_long_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
