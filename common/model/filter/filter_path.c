/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/filter/filter_path.h"

static bool may_be_escaped(char c)
{
    return c == '.' || c == '\\' || c == '$';
}

const char *filter_path_take(struct span *path, char *name, size_t *ret_len, bool *ret_is_last)
{
    size_t at = 0, len = 0;

    while (at < path->len && path->data[at] != '.') {
        if (path->data[at] == '\\') {
            if (++at == path->len || !may_be_escaped(path->data[at]))
                return "expected '.', '\\' or '$' behind the backslash";
        }
        name[len++] = path->data[at++];
    }
    if (len == 0)
        return "expected a name before and behind each dot";

    *ret_is_last = at == path->len;
    *ret_len = len;
    at += !*ret_is_last;
    *path = (struct span){path->data + at, path->len - at};
    return NULL;
}

void filter_path_write(struct buf *ret, const struct json_step *steps, size_t n_steps)
{
    for (size_t i = 0; i < n_steps; i++) {
        struct span name = steps[i].name;

        if (i > 0)
            buf_add_char(ret, '.');
        for (size_t k = 0; k < name.len; k++) {
            if (name.data[k] != '$' ? may_be_escaped(name.data[k]) : i + k == 0)
                buf_add_char(ret, '\\');
            buf_add_char(ret, name.data[k]);
        }
    }
}
