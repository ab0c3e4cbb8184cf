/* SPDX-License-Identifier: Apache-2.0 */
/* filter_explain.c: filter_explain(). A line a condition; $or, $not and what is inside one of them
 * together have a line too, with what they consist of indented behind it. */
#include "common/base/text.h"
#include "common/model/filter/filter_path.h"
#include "common/model/filter/filter_tree.h"

enum { SHOWN_BYTES = 60, SHOWN_VALUES = 3, PATH_WRITTEN_MAX = 2 * FILTER_PATH_BYTES_MAX };

/* A character that a terminal would obey rather than show. */
static bool is_control(const char *c, size_t n)
{
    unsigned char first = (unsigned char)c[0];

    return first < 0x20 || first == 0x7f || (n == 2 && first == 0xc2 && (unsigned char)c[1] < 0xa0);
}

/* Whole characters, about SHOWN_BYTES of them; '?' for what is none, or would not be seen. */
static void add_shown(struct buf *ret, struct span text)
{
    size_t at = 0;

    while (at < text.len && at < SHOWN_BYTES) {
        size_t n = utf8_char((struct span){text.data + at, text.len - at});

        if (n == 0 || is_control(text.data + at, n))
            buf_add_char(ret, '?');
        else
            buf_add(ret, text.data + at, n);
        at += MAX(n, 1);
    }
    if (at < text.len)
        buf_add_text(ret, "…");
}

/* Of a filter. */
static void add_wanted(struct buf *ret, const struct filter_value *value)
{
    if (value->kind == JSON_KIND_STRING)
        buf_add_char(ret, '"');
    add_shown(ret, value->text);
    if (value->kind == JSON_KIND_STRING)
        buf_add_char(ret, '"');
}

static void add_all_wanted(struct buf *ret, const struct filter_node *condition)
{
    buf_add_char(ret, '[');
    for (unsigned i = 0; i < condition->n_values; i++) {
        if (i > 0)
            buf_add_text(ret, ", ");
        if (i == SHOWN_VALUES) {
            buf_printf(ret, "… %u more", condition->n_values - i);
            break;
        }
        add_wanted(ret, &condition->values[i]);
    }
    buf_add_char(ret, ']');
}

/* Of the data. */
static void add_found(struct buf *ret, const struct span *value)
{
    enum json_kind kind;

    if (!value) {
        buf_add_text(ret, "missing");
        return;
    }
    (void)json_value(*value, &kind);
    if (kind == JSON_KIND_OBJECT)
        buf_add_text(ret, "an object");
    else if (kind == JSON_KIND_ARRAY)
        buf_add_text(ret, "an array");
    else
        add_shown(ret, *value);
}

static int filter_explain_add_path(struct buf *ret, const struct filter_node *condition)
{
    _cleanup_(buf_fini) struct buf path;
    int r;

    buf_init(&path, PATH_WRITTEN_MAX);
    filter_path_write(&path, condition->steps, condition->n_steps);
    r = buf_result(&path);
    if (r)
        return r;
    add_shown(ret, buf_span(&path));
    return 0;
}

static void filter_explain_add_answer(struct buf *ret, bool holds)
{
    buf_add_text(ret, holds ? " → yes\n" : " → no\n");
}

static int explain_condition(struct buf *ret, const struct filter_node *condition, struct span data)
{
    struct span found;
    const struct span *value =
        json_find(data, condition->steps, condition->n_steps, &found) ? &found : NULL;
    int r = filter_explain_add_path(ret, condition);

    if (r)
        return r;
    buf_printf(ret, ": %s ", filter_operators[condition->op].name);
    if (filter_operators[condition->op].operand == OPERAND_SCALARS)
        add_all_wanted(ret, condition);
    else
        add_wanted(ret, condition->values);
    buf_add_text(ret, ": ");
    add_found(ret, value);
    filter_explain_add_answer(ret, filter_condition_holds(condition, value));
    return buf_result(ret);
}

static void indent(struct buf *ret, unsigned depth)
{
    while (depth-- > 0)
        buf_add_text(ret, "  ");
}

/* The outermost conditions, and one alone, need no line that says that all must hold. */
static bool is_silent(const struct filter *f, unsigned index)
{
    const struct filter_node *node = &f->nodes[index];

    return node->op == FILTER_AND && (index == 0 || f->nodes[index + 1].end == node->end);
}

static int explain_node(struct buf *ret, const struct filter *f, unsigned index, struct span data,
                        unsigned depth)
{
    const struct filter_node *node = &f->nodes[index];
    int r;

    if (!is_silent(f, index)) {
        indent(ret, depth++);
        if (node->op >= FILTER_EQ)
            return explain_condition(ret, node, data);
        buf_add_text(ret, filter_operators[node->op].name);
        filter_explain_add_answer(ret, filter_node_holds(f, index, data));
    }
    for (unsigned child = index + 1; child < node->end; child = f->nodes[child].end) {
        r = explain_node(ret, f, child, data, depth);
        if (r)
            return r;
    }
    return buf_result(ret);
}

int filter_explain(struct buf *ret, const struct filter *f, struct span data, bool *ret_matches)
{
    int r = explain_node(ret, f, 0, data, 0);

    if (r)
        return r;
    *ret_matches = filter_matches(f, data);
    return 0;
}
