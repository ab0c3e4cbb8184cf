/* SPDX-License-Identifier: Apache-2.0 */
/* json_path.h: the value at a path in JSON. Pure, no allocation; each byte is read once, whatever
 * the path's length. */
#ifndef GRAPNEL_COMMON_JSON_JSON_PATH_H
#define GRAPNEL_COMMON_JSON_JSON_PATH_H

#include "common/base/base.h"

enum { JSON_STEPS_MAX = 16 };
#define JSON_NO_INDEX SIZE_MAX

struct json_step {
    struct span name; /* borrowed: of an object's member, compared after unescaping */
    size_t index;     /* of an array's item, from 0; JSON_NO_INDEX: leads into no array */
};

/* A step that may lead into an array too if @name is a whole number written without zeros in front
 * of it. */
struct json_step json_step_of(struct span name);

/* Follows 1 to JSON_STEPS_MAX steps from the top of @text, which passed json_check(). False when
 * they lead nowhere. Of members of the same name the last one counts. */
bool json_find(struct span text, const struct json_step *steps, size_t n_steps,
               struct span *ret_value);

#endif
