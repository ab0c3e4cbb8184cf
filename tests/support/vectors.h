/* SPDX-License-Identifier: Apache-2.0 */
/* vectors.h: reads tests/vectors/<name>.json (VECTORS_DIR comes from CMake). Include after
 * cmocka.h. */
#ifndef GRAPNEL_TESTS_SUPPORT_VECTORS_H
#define GRAPNEL_TESTS_SUPPORT_VECTORS_H

#include "common/base/base.h"

#include <jansson.h>

/* Gives the file as a whole; its "cases" are what is wanted. */
static inline json_t *vectors_load(const char *name)
{
    char path[512];
    json_error_t error;
    json_t *file;

    (void)snprintf(path, sizeof(path), "%s/%s", VECTORS_DIR, name);
    file = json_load_file(path, 0, &error);
    if (!file)
        fail_msg("%s: %s", path, error.text);
    assert_true(json_array_size(json_object_get(file, "cases")) > 0);
    return file;
}

static inline struct span vector_text(const json_t *of, const char *name) /* lends */
{
    const json_t *value = json_object_get(of, name);

    if (!json_is_string(value))
        fail_msg("a vector has no text '%s'", name);
    return (struct span){json_string_value(value), json_string_length(value)};
}

static inline int64_t vector_number(const json_t *of, const char *name)
{
    const json_t *value = json_object_get(of, name);

    if (!json_is_integer(value))
        fail_msg("a vector has no number '%s'", name);
    return json_integer_value(value);
}

#endif
