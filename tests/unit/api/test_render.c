/* SPDX-License-Identifier: Apache-2.0 */
#include "api/compat/render.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static json_t *left_out(json_t *value, json_t *whole)
{
    (void)value;
    (void)whole;
    return NULL;
}

static void assert_rendered(const struct render_field *fields, json_t *whole, const char *wanted)
{
    json_t *json = render(fields, whole);
    char *text = json_dumps(json, JSON_COMPACT);

    assert_string_equal(text, wanted);
    free(text);
    json_decref(json);
}

static void a_row_makes_a_member(void **state)
{
    static const struct render_field fields[] = {
        {"eventType", "type", NULL},  {"done", "ended_at", render_is_set},
        {"missing", "nothing", NULL}, {"gone", "type", left_out},
        {"twice", "type", NULL},      {NULL, NULL, NULL},
    };

    (void)state;
    assert_rendered(fields, json_pack("{s:s, s:n, s:i}", "type", "A", "ended_at", "more", 1),
                    "{\"eventType\":\"A\",\"done\":false,\"twice\":\"A\"}");
    assert_rendered(fields, json_pack("{s:s, s:s}", "type", "B", "ended_at", "2026"),
                    "{\"eventType\":\"B\",\"done\":true,\"twice\":\"B\"}");
}

static void nothing_is_made_of_nothing(void **state)
{
    static const struct render_field fields[] = {{NULL, NULL, NULL}};

    (void)state;
    assert_null(render(fields, NULL));
    assert_rendered(fields, json_object(), "{}");
}

static void a_status_gets_words(void **state)
{
    static const struct render_field fields[] = {{"m", "error_message", render_message},
                                                 {NULL, NULL, NULL}};

    (void)state;
    assert_rendered(fields,
                    json_pack("{s:n, s:s, s:i}", "error_message", "error_code", "SERVER_ERROR",
                              "response_status", 500),
                    "{\"m\":\"HTTP status 500\"}");
    assert_rendered(fields,
                    json_pack("{s:s, s:s, s:i}", "error_message", "too slow", "error_code",
                              "TIMEOUT", "response_status", 500),
                    "{\"m\":\"too slow\"}");
    assert_rendered(
        fields, json_pack("{s:n, s:n, s:i}", "error_message", "error_code", "response_status", 200),
        "{\"m\":null}");
    assert_rendered(
        fields, json_pack("{s:n, s:s, s:n}", "error_message", "error_code", "X", "response_status"),
        "{\"m\":null}");
}

static void times_are_of_whole_seconds(void **state)
{
    static const struct render_field fields[] = {{"at", "at", render_seconds}, {NULL, NULL, NULL}};

    (void)state;
    assert_rendered(fields, json_pack("{s:s}", "at", "2026-01-15T12:00:00.999Z"),
                    "{\"at\":\"2026-01-15T12:00:00Z\"}");
    assert_rendered(fields, json_pack("{s:n}", "at"), "{\"at\":null}");
}

static void an_empty_text_is_null(void **state)
{
    static const struct render_field fields[] = {{"id", "id", render_text_or_null},
                                                 {NULL, NULL, NULL}};

    (void)state;
    assert_rendered(fields, json_pack("{s:s}", "id", ""), "{\"id\":null}");
    assert_rendered(fields, json_pack("{s:s}", "id", "whd_1"), "{\"id\":\"whd_1\"}");
}

static void tells_a_status(void **state)
{
    json_t *whole = json_pack("{s:s}", "status", "success");

    (void)state;
    assert_true(render_is(whole, "success"));
    assert_false(render_is(whole, "failed"));
    assert_string_equal(render_text(whole, "reason"), "");
    json_decref(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_makes_a_member),  cmocka_unit_test(nothing_is_made_of_nothing),
        cmocka_unit_test(a_status_gets_words),   cmocka_unit_test(times_are_of_whole_seconds),
        cmocka_unit_test(an_empty_text_is_null), cmocka_unit_test(tells_a_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
