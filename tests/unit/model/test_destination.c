/* SPDX-License-Identifier: Apache-2.0 */
/* test_destination.c: the table of the kinds of destination, with a row more (tests/support/null_destination/). */
#include "common/model/destination.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_a_url_names_its_kind(void **state)
{
    static const struct {
        const char *url, *name;
    } rows[] = {
        {"https://example.com/", "http"},
        {"HTTP://example.com/", "http"},
        {"mailto:ann@example.org", "mail"},
        {"MailTo:", "mail"},
        {"null:taken", "null"},
        {"ftp://example.com/", "http"}, /* whose check refuses it */
        {"", "http"},
        {"mailt", "http"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(destination_type_of(span_of(rows[i].url))->name, rows[i].name);
}

static void test_a_name_finds_its_kind(void **state)
{
    (void)state;
    assert_string_equal(destination_type_find(SPAN(""))->name, "http");
    assert_string_equal(destination_type_find(SPAN("mail"))->title, "SMTP");
    assert_string_equal(destination_type_find(SPAN("null"))->title, "NULL");
    assert_null(destination_type_find(SPAN("pigeon")));
    assert_int_equal(destination_type_index(destination_type_find(SPAN("null"))), 2);
}

static void refused(const struct destination_rules *rules, const char *url, const char *words)
{
    struct diag diag = {""};

    assert_int_equal(destination_check(span_of(url), rules, &diag), -EINVAL);
    if (!strstr(diag.text, words))
        fail_msg("%s: %s", url, diag.text);
}

static void test_each_kind_checks_its_urls(void **state)
{
    struct egress_policy egress;
    const struct destination_rules rules = {.egress = &egress},
                                   plain = {.egress = &egress, .may_be_plain = true};

    (void)state;
    assert_int_equal(egress_policy_parse(&egress, "", "443,80", NULL), 0);
    assert_int_equal(destination_check(SPAN("https://example.com/"), &rules, NULL), 0);
    assert_int_equal(destination_check(SPAN("http://example.com/"), &plain, NULL), 0);
    assert_int_equal(destination_check(SPAN("mailto:ann@example.org"), &rules, NULL), 0);
    assert_int_equal(destination_check(SPAN("null:busy"), &rules, NULL), 0);
    refused(&rules, "http://example.com/", "url: ");
    refused(&rules, "ftp://example.com/", "url: ");
    refused(&rules, "mailto:two words@x", "url: expected one plain address");
    refused(&rules, "null:else", "url: expected null:");
}

/* The same number means what it means there. */
static void test_each_kind_judges_its_answers(void **state)
{
    const struct dialect *d = dialect_find(SPAN("standard"));
    struct outcome http = destination_type_find(SPAN("http"))->outcome(d, 550, SPAN(""), 0);
    struct outcome mail = destination_type_find(SPAN("mail"))->outcome(d, 550, SPAN(""), 0);
    struct outcome busy = destination_type_find(SPAN("mail"))->outcome(d, 450, SPAN(""), 0);

    (void)state;
    assert_int_equal(http.next, NEXT_RETRY);
    assert_int_equal(mail.next, NEXT_FINAL);
    assert_int_equal(mail.code, OUTCOME_CLIENT_ERROR);
    assert_int_equal(busy.next, NEXT_RETRY);
    assert_int_equal(busy.status, 450);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_url_names_its_kind),
        cmocka_unit_test(test_a_name_finds_its_kind),
        cmocka_unit_test(test_each_kind_checks_its_urls),
        cmocka_unit_test(test_each_kind_judges_its_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
