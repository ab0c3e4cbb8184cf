/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/filter/filter.h"
#include "common/json/json_number.h"
#include "common/json/json_string.h"
#include "common/model/filter/filter_tree.h"

const struct filter_operator filter_operators[FILTER_OPS] = {
    [FILTER_AND] = {"$and", OPERAND_FILTERS},      [FILTER_OR] = {"$or", OPERAND_FILTERS},
    [FILTER_NOT] = {"$not", OPERAND_FILTER},       [FILTER_EQ] = {"$eq", OPERAND_SCALAR},
    [FILTER_NE] = {"$ne", OPERAND_SCALAR},         [FILTER_IN] = {"$in", OPERAND_SCALARS},
    [FILTER_NIN] = {"$nin", OPERAND_SCALARS},      [FILTER_EXISTS] = {"$exists", OPERAND_BOOLEAN},
    [FILTER_PREFIX] = {"$prefix", OPERAND_STRING}, [FILTER_GT] = {"$gt", OPERAND_NUMBER},
    [FILTER_GTE] = {"$gte", OPERAND_NUMBER},       [FILTER_LT] = {"$lt", OPERAND_NUMBER},
    [FILTER_LTE] = {"$lte", OPERAND_NUMBER},
};

static struct span inside_quotes(struct span string)
{
    return string.len < 2 ? SPAN("") : (struct span){string.data + 1, string.len - 2};
}

/* A value of the data, read once for all that it is compared with. */
struct found {
    enum json_kind kind;
    struct span text;
    struct json_number number;
};

static struct found read_found(struct span value)
{
    struct found f = {.kind = JSON_KIND_NULL};

    f.text = json_value(value, &f.kind);
    if (f.kind == JSON_KIND_NUMBER)
        f.number = json_number_read(f.text);
    return f;
}

static bool equals(const struct filter_value *wanted, const struct found *found)
{
    struct json_number number;

    if (found->kind != wanted->kind)
        return false;
    if (found->kind == JSON_KIND_STRING)
        return json_string_equal(inside_quotes(found->text), wanted->text);
    if (found->kind != JSON_KIND_NUMBER)
        return true;
    number = json_number_read(wanted->text);
    return json_number_order(&found->number, &number) == 0;
}

static bool is_one_of(const struct filter_node *condition, struct span value)
{
    struct found found = read_found(value);

    for (unsigned i = 0; i < condition->n_values; i++)
        if (equals(&condition->values[i], &found))
            return true;
    return false;
}

static bool filter_has_prefix(struct span prefix, struct span value)
{
    enum json_kind kind;

    value = json_value(value, &kind);
    return kind == JSON_KIND_STRING && json_string_has_prefix(inside_quotes(value), prefix);
}

static bool is_in_order(enum filter_op op, struct span value, struct span limit)
{
    enum json_kind kind;
    int order;

    value = json_value(value, &kind);
    if (kind != JSON_KIND_NUMBER)
        return false;
    order = json_number_compare(value, limit);
    switch (op) {
    case FILTER_GT:
        return order > 0;
    case FILTER_GTE:
        return order >= 0;
    case FILTER_LT:
        return order < 0;
    default:
        return order <= 0;
    }
}

bool filter_condition_holds(const struct filter_node *condition, const struct span *value)
{
    switch (condition->op) {
    case FILTER_EQ:
    case FILTER_IN:
        return value && is_one_of(condition, *value);
    case FILTER_NE:
    case FILTER_NIN:
        return !value || !is_one_of(condition, *value);
    case FILTER_EXISTS:
        return !value == (condition->values->kind == JSON_KIND_FALSE);
    case FILTER_PREFIX:
        return value && filter_has_prefix(condition->values->text, *value);
    case FILTER_GT:
    case FILTER_GTE:
    case FILTER_LT:
    case FILTER_LTE:
        return value && is_in_order(condition->op, *value, condition->values->text);
    case FILTER_AND:
    case FILTER_OR:
    case FILTER_NOT:
    case FILTER_OPS:
        break;
    }
    unreachable();
}

/* The first child that holds, or does not, as asked; the node's end if there is none. */
static unsigned first_child(const struct filter *f, unsigned index, bool that_holds,
                            struct span data)
{
    unsigned child = index + 1;

    while (child < f->nodes[index].end && filter_node_holds(f, child, data) != that_holds)
        child = f->nodes[child].end;
    return child;
}

bool filter_node_holds(const struct filter *f, unsigned index, struct span data)
{
    const struct filter_node *node = &f->nodes[index];
    struct span value;

    switch (node->op) {
    case FILTER_AND:
        return first_child(f, index, false, data) == node->end;
    case FILTER_OR:
        return first_child(f, index, true, data) != node->end;
    case FILTER_NOT:
        return !filter_node_holds(f, index + 1, data);
    default:
        return filter_condition_holds(
            node, json_find(data, node->steps, node->n_steps, &value) ? &value : NULL);
    }
}

unsigned filter_conditions(const struct filter *f)
{
    return f->n_conditions;
}

bool filter_matches(const struct filter *f, struct span data)
{
    return filter_node_holds(f, 0, data);
}

struct filter *filter_free(struct filter *f)
{
    if (!f)
        return NULL;
    free(f->nodes);
    free(f->steps);
    free(f->values);
    free(f->text);
    free(f);
    return NULL;
}
