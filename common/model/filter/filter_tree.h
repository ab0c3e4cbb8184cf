/* SPDX-License-Identifier: Apache-2.0 */
/* filter_tree.h: what a filter is compiled to; for the filter_*.c files alone. */
#ifndef GRAPNEL_COMMON_MODEL_FILTER_FILTER_TREE_H
#define GRAPNEL_COMMON_MODEL_FILTER_FILTER_TREE_H

#include "common/json/json_path.h"
#include "common/json/json_scan.h"
#include "common/model/filter/filter.h"

enum filter_op {
    FILTER_AND, /* of no filters at all: holds */
    FILTER_OR,
    FILTER_NOT, /* has one child */
    FILTER_EQ,  /* from here on: conditions, which have no children */
    FILTER_NE,
    FILTER_IN,
    FILTER_NIN,
    FILTER_EXISTS,
    FILTER_PREFIX,
    FILTER_GT,
    FILTER_GTE,
    FILTER_LT,
    FILTER_LTE,
    FILTER_OPS
};

enum filter_operand {
    OPERAND_FILTERS,
    OPERAND_FILTER,
    OPERAND_SCALAR,
    OPERAND_SCALARS,
    OPERAND_BOOLEAN,
    OPERAND_STRING,
    OPERAND_NUMBER
};

struct filter_operator {
    const char *name;
    enum filter_operand operand;
};
extern const struct filter_operator filter_operators[FILTER_OPS];

struct filter_value {
    enum json_kind kind; /* neither object nor array */
    struct span text;    /* a string's unescaped, else as it was written */
};

/* Nodes lie in the order of the text, a node in front of its children. */
struct filter_node {
    enum filter_op op;
    unsigned end; /* index of the first node behind its last descendant */
    /* Of conditions: */
    const struct json_step *steps;
    unsigned n_steps;
    unsigned n_values; /* 1, but of $in and $nin */
    const struct filter_value *values;
};

struct filter {
    struct filter_node *nodes; /* the first is the root */
    struct json_step *steps;
    struct filter_value *values;
    char *text; /* what names and values point into */
    unsigned n_conditions;
};

/* Does the node at @index hold for @data? */
bool filter_node_holds(const struct filter *f, unsigned index, struct span data);

/* Does a condition hold for the value at its path; NULL when there is none? */
bool filter_condition_holds(const struct filter_node *condition, const struct span *value);

#endif
