/* SPDX-License-Identifier: Apache-2.0 */
/* filter_path.h: the names with dots that lead to a value: customer.address.city, items.0.sku.
 * A backslash makes a dot, a backslash or a $ part of a name. */
#ifndef GRAPNEL_COMMON_MODEL_FILTER_FILTER_PATH_H
#define GRAPNEL_COMMON_MODEL_FILTER_FILTER_PATH_H

#include "common/base/buf.h"
#include "common/json/json_path.h"

/* Takes the first step off @path. @name gets what it says (at most path->len bytes). Returns NULL,
 * or static words on what was expected. */
const char *filter_path_take(struct span *path, char *name, size_t *ret_len, bool *ret_is_last);

/* The path of these steps, as filter_path_take() reads it. */
void filter_path_write(struct buf *ret, const struct json_step *steps, size_t n_steps);

#endif
