/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_json_scan.c: no read outside, every part of valid text is valid, and jansson agrees. */
#include "common/json/json_scan.h"
#include "tests/fuzz/fuzz.h"

#include <jansson.h>

static bool is_inside(struct span part, struct span whole)
{
    return part.data >= whole.data && part.len <= whole.len &&
           (size_t)(part.data - whole.data) <= whole.len - part.len;
}

static void check_members(struct span text)
{
    struct span name, value;
    struct json_walk w;
    size_t n = 0;

    for (json_walk_begin(&w, text); json_walk_next(&w, &name, &value); n++) {
        MUST(n < text.len);
        MUST(is_inside(name, text) && is_inside(value, text));
        MUST(json_check(value, NULL) == 0);
    }
}

/* Walking unchecked text may find nonsense, but ends and stays inside. */
static void walk_unchecked(struct span text)
{
    struct span name, value;
    struct json_walk w;
    size_t n = 0;

    for (json_walk_begin(&w, text); json_walk_next(&w, &name, &value); n++)
        MUST(n < text.len && is_inside(name, text) && is_inside(value, text));
}

/* jansson makes values, so it refuses some texts that are JSON all the same. */
static bool is_only_too_hard(const json_error_t *error, struct span text)
{
    enum json_error_code code = json_error_code(error);

    return code == json_error_numeric_overflow || code == json_error_null_character ||
           code == json_error_null_byte_in_key || code == json_error_stack_overflow ||
           memmem(text.data, text.len, "\\u", 2); /* lone surrogates */
}

static void compare(struct span text, bool is_valid, const struct diag *diag)
{
    json_error_t error;
    json_t *value;

    if (memchr(text.data, 0, text.len))
        return; /* jansson takes a NUL behind the value for the end */
    value = json_loadb(text.data, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

    if (value)
        MUST(is_valid || strstr(diag->text, "nested too deeply"));
    else
        MUST(!is_valid || is_only_too_hard(&error, text));
    json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size}, value;
    struct diag diag = {""};
    bool is_valid = json_check(text, &diag) == 0;
    enum json_kind kind;

    walk_unchecked(text);
    if (is_valid) {
        value = json_value(text, &kind);
        MUST(is_inside(value, text) && value.len > 0);
        MUST(json_check(value, NULL) == 0);
        check_members(text);
    }
    compare(text, is_valid, &diag);
    return 0;
}
