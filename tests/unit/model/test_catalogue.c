/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/format/catalogue.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* What the guide says of each category, told again. */
static const struct {
    const char *name;
    unsigned n_types;
    enum catalogue_subscription subscription;
    bool is_signed;
} expected[] = {
    {"FINANCIAL", 13, SUBSCRIBED_BY_ALL, true},  {"CATALOG", 6, SUBSCRIBED_BY_DEFAULT, false},
    {"ROSTER", 7, SUBSCRIBED_BY_DEFAULT, false}, {"ROYALTY", 3, SUBSCRIBED_BY_NAME, false},
    {"SPLIT", 2, SUBSCRIBED_BY_ALL, true},
};

static void categories_have_their_rules(void **state)
{
    const struct catalogue_entry *e;
    unsigned all = 0;

    (void)state;
    for (size_t c = 0; c < ARRAY_LEN(expected); c++) {
        unsigned n = 0;

        for (size_t i = 0; (e = catalogue_at(i)); i++) {
            const struct catalogue_category *category;

            if (!span_equal(e->category, span_of(expected[c].name)))
                continue;
            category = catalogue_category_of(e->type);
            assert_true(span_equal(category->name, e->category));
            assert_int_equal(category->subscription, expected[c].subscription);
            assert_int_equal(category->is_signed, expected[c].is_signed);
            n++;
        }
        assert_int_equal(n, expected[c].n_types);
        all += n;
    }
    assert_null(catalogue_at(all)); /* none is in another category */
}

static void types_are_found_by_their_whole_name(void **state)
{
    const struct catalogue_entry *e;

    (void)state;
    for (size_t i = 0; (e = catalogue_at(i)); i++) {
        assert_ptr_equal(catalogue_find(e->type), e); /* so none is there twice */
        assert_true(catalogue_has(e->type));
        assert_false(catalogue_has((struct span){e->type.data, e->type.len - 1}));
        assert_true(span_equal(e->importance, SPAN("critical")) ||
                    span_equal(e->importance, SPAN("high")) ||
                    span_equal(e->importance, SPAN("medium")));
    }
    assert_null(catalogue_at(SIZE_MAX));
}

static void others_are_custom(void **state)
{
    static const char *const types[] = {"",       "payment_completed", "PAYMENT_COMPLETED ",
                                        "CUSTOM", "FINANCIAL",         "order.paid"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        const struct catalogue_entry *e = catalogue_find(span_of(types[i]));
        const struct catalogue_category *category = catalogue_category_of(span_of(types[i]));

        assert_false(catalogue_has(span_of(types[i])));
        assert_true(span_equal(e->importance, SPAN("medium")));
        assert_true(span_equal(category->name, SPAN("CUSTOM")));
        assert_int_equal(category->subscription, SUBSCRIBED_BY_ALL);
        assert_false(category->is_signed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(categories_have_their_rules),
        cmocka_unit_test(types_are_found_by_their_whole_name),
        cmocka_unit_test(others_are_custom),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
