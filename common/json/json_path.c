/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/json_path.h"
#include "common/base/text.h"
#include "common/json/json_scan.h"
#include "common/json/json_string.h"

struct find {
    struct json_walk walk;
    const struct json_step *steps;
    size_t depth; /* containers entered; steps[depth - 1] picks from the innermost */
    struct {
        bool is_object;
        size_t n_items; /* seen so far, of an array */
    } entered[JSON_STEPS_MAX];
};

struct json_step json_step_of(struct span name)
{
    uint64_t index;

    if ((name.len > 1 && name.data[0] == '0') || parse_u64(name, &index) || index >= JSON_NO_INDEX)
        index = JSON_NO_INDEX;
    return (struct json_step){name, (size_t)index};
}

/* Into the value that the walk stands in front of, or past it if it is no container. */
static void json_path_enter(struct find *f)
{
    struct span ignored;
    char opening = json_walk_enter(&f->walk);

    if (!opening) {
        json_walk_value(&f->walk, &ignored);
        return;
    }
    f->entered[f->depth].is_object = opening == '{';
    f->entered[f->depth].n_items = 0;
    f->depth++;
}

/* To the next value in the innermost container; false when it was left. */
static bool json_path_next(struct find *f, bool *ret_is_wanted)
{
    const struct json_step *step = &f->steps[f->depth - 1];
    struct span name;

    if (!f->entered[f->depth - 1].is_object) {
        *ret_is_wanted = f->entered[f->depth - 1].n_items++ == step->index;
        return json_walk_item(&f->walk);
    }
    if (!json_walk_name(&f->walk, &name))
        return false;
    *ret_is_wanted = json_string_equal(name, step->name);
    return true;
}

bool json_find(struct span text, const struct json_step *steps, size_t n_steps,
               struct span *ret_value)
{
    struct find f = {.steps = steps};
    struct span value, found = {NULL, 0};
    bool is_wanted, is_found = false;

    if (n_steps == 0 || n_steps > JSON_STEPS_MAX)
        return false;
    json_walk_at(&f.walk, text);
    for (json_path_enter(&f); f.depth > 0;) {
        if (!json_path_next(&f, &is_wanted)) {
            f.depth--;
        } else if (!is_wanted) {
            json_walk_value(&f.walk, &value);
        } else if (f.depth < n_steps) {
            is_found = false; /* an earlier member of the same name counts no more */
            json_path_enter(&f);
        } else {
            is_found = true;
            json_walk_value(&f.walk, &found);
        }
    }
    if (is_found)
        *ret_value = found;
    return is_found;
}
