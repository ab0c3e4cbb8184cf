/* SPDX-License-Identifier: Apache-2.0 */
/* filter_parse.c: filter_parse().
 *
 * The text is gone through twice by the same functions: first nothing is kept, everything is checked
 * and counted; then the filter has exactly the room that it needs, and is filled. */
#include "common/base/err.h"
#include "common/base/text.h"
#include "common/json/json_string.h"
#include "common/model/filter/filter_path.h"
#include "common/model/filter/filter_tree.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

enum { SHOWN_NAME_BYTES = 40 };

/* Where in the filter we are: "$or[1]: amount: ". */
struct place {
    char text[2 * (SHOWN_NAME_BYTES + 8)];
};

struct parser {
    struct filter *filter; /* NULL while counting */
    unsigned n_nodes, n_steps, n_values, n_conditions, depth;
    size_t n_bytes;
    struct place place;
    struct diag *diag;
};

static int parse_filter(struct parser *p, struct span text);

_printf_(2, 3) static int filter_parse_refuse(struct parser *p, const char *format, ...)
{
    char words[160];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    return diag_set(p->diag, "filter: %s%s", p->place.text, words);
}

/* How much of a name is shown: whole characters. */
static int shown_len(struct span name)
{
    size_t len = 0, n;

    do
        len += n = utf8_char((struct span){name.data + len, name.len - len});
    while (n && len <= SHOWN_NAME_BYTES);
    return (int)(n ? len - n : len);
}

/* Goes to a part of the place we are at. What is outermost is left out when there is no room. */
static void go_to(struct parser *p, struct span name, const char *index)
{
    size_t len = strlen(p->place.text), room = sizeof(p->place.text) - len;
    int shown = shown_len(name);
    const char *cut = (size_t)shown < name.len ? "…" : "";

    if ((size_t)shown + sizeof("…[100]: ") > room)
        len = 0;
    (void)snprintf(p->place.text + len, sizeof(p->place.text) - len, "%.*s%s%s: ", shown, name.data,
                   cut, index);
}

/* --- what is built ------------------------------------------------------------------------------ */

static unsigned add_node(struct parser *p, struct filter_node node)
{
    if (p->filter)
        p->filter->nodes[p->n_nodes] = node;
    return p->n_nodes++;
}

static void end_node(struct parser *p, unsigned index)
{
    if (p->filter)
        p->filter->nodes[index].end = p->n_nodes;
}

static void add_step(struct parser *p, struct span name)
{
    if (p->filter) {
        char *copy = memcpy(p->filter->text + p->n_bytes, name.data, name.len);

        p->filter->steps[p->n_steps] = json_step_of((struct span){copy, name.len});
    }
    p->n_bytes += name.len;
    p->n_steps++;
}

static void filter_parse_add_value(struct parser *p, enum json_kind kind, struct span text)
{
    bool is_string = kind == JSON_KIND_STRING;
    char *copy = p->filter ? p->filter->text + p->n_bytes : NULL;
    size_t len = text.len;

    if (is_string)
        len = json_string_plain(copy, copy ? len : 0, (struct span){text.data + 1, len - 2});
    else if (copy)
        memcpy(copy, text.data, len);
    if (copy)
        p->filter->values[p->n_values] = (struct filter_value){kind, {copy, len}};
    p->n_bytes += len;
    p->n_values++;
}

/* --- values ------------------------------------------------------------------------------------- */

static int parse_scalar(struct parser *p, struct span text)
{
    enum json_kind kind;

    text = json_value(text, &kind);
    if (kind == JSON_KIND_OBJECT || kind == JSON_KIND_ARRAY)
        return filter_parse_refuse(
            p, "expected a string, a number, true, false or null; %s are not compared",
            kind == JSON_KIND_OBJECT ? "objects" : "arrays");
    filter_parse_add_value(p, kind, text);
    return 0;
}

/* Calls @parse for each item, which is then the place we are at. */
static int parse_items(struct parser *p, struct span text, unsigned max, struct span name,
                       int (*parse)(struct parser *p, struct span item))
{
    struct place outside = p->place, whole;
    struct json_walk walk;
    struct span item;
    unsigned n = 0;
    int r;

    go_to(p, name, "");
    whole = p->place;
    json_walk_at(&walk, text);
    if (json_walk_enter(&walk) != '[')
        return filter_parse_refuse(p, "expected an array");
    while (json_walk_item(&walk)) {
        char index[16];

        p->place = n < max ? outside : whole;
        if (n == max)
            return filter_parse_refuse(p, "expected at most %u items", max);
        (void)snprintf(index, sizeof(index), "[%u]", n++);
        json_walk_value(&walk, &item);
        go_to(p, name, index);
        r = parse(p, item);
        if (r)
            return r;
    }
    p->place = whole;
    return n ? 0 : filter_parse_refuse(p, "expected at least one item");
}

static int filter_parse_kind(struct parser *p, struct span text, const enum json_kind *kinds,
                             const char *expected)
{
    enum json_kind kind;

    text = json_value(text, &kind);
    if (kind != kinds[0] && kind != kinds[1])
        return filter_parse_refuse(p, "expected %s", expected);
    filter_parse_add_value(p, kind, text);
    return 0;
}

static int parse_operand(struct parser *p, enum filter_op op, struct span text)
{
    static const enum json_kind booleans[] = {JSON_KIND_TRUE, JSON_KIND_FALSE},
                                strings[] = {JSON_KIND_STRING, JSON_KIND_STRING},
                                numbers[] = {JSON_KIND_NUMBER, JSON_KIND_NUMBER};

    switch (filter_operators[op].operand) {
    case OPERAND_SCALAR:
        return parse_scalar(p, text);
    case OPERAND_BOOLEAN:
        return filter_parse_kind(p, text, booleans, "true or false");
    case OPERAND_STRING:
        return filter_parse_kind(p, text, strings, "a string");
    case OPERAND_NUMBER:
        return filter_parse_kind(p, text, numbers, "a number");
    default:
        break;
    }
    unreachable();
}

/* --- conditions --------------------------------------------------------------------------------- */

/* @steps are the path's, counted from the first one of the filter. */
struct path {
    unsigned first_step, n_steps;
};

static int parse_condition(struct parser *p, struct path path, enum filter_op op, struct span name,
                           struct span text)
{
    struct filter_node node = {.op = op, .n_steps = path.n_steps, .end = p->n_nodes + 1};
    unsigned first_value = p->n_values;
    int r;

    if (++p->n_conditions > FILTER_CONDITIONS_MAX)
        return filter_parse_refuse(p, "expected at most %d conditions", FILTER_CONDITIONS_MAX);
    if (filter_operators[op].operand == OPERAND_SCALARS) {
        r = parse_items(p, text, FILTER_VALUES_MAX, name, parse_scalar);
    } else {
        if (name.len)
            go_to(p, name, "");
        r = parse_operand(p, op, text);
    }
    if (r)
        return r;

    node.n_values = p->n_values - first_value;
    if (p->filter) {
        node.steps = p->filter->steps + path.first_step;
        node.values = p->filter->values + first_value;
    }
    add_node(p, node);
    return 0;
}

static int parse_operator(struct parser *p, struct path path, struct span name, struct span text)
{
    for (unsigned op = FILTER_EQ; op < FILTER_OPS; op++)
        if (json_string_equal(name, span_of(filter_operators[op].name)))
            return parse_condition(p, path, op, name, text);

    go_to(p, name, "");
    if (name.len == 0 || name.data[0] != '$')
        return filter_parse_refuse(
            p, "expected an operator such as $eq; a member inside is written with a dot,"
               " such as customer.age");
    return filter_parse_refuse(
        p, "unknown; expected $eq $ne $in $nin $exists $prefix $gt $gte $lt $lte");
}

/* Is there a member @name, which says @plain, in front of this one? */
static bool is_there_before(struct span object, struct span name, struct span plain)
{
    struct json_walk walk;
    struct span other, value;

    json_walk_begin(&walk, object);
    while (json_walk_next(&walk, &other, &value) && other.data != name.data)
        if (json_string_equal(other, plain))
            return true;
    return false;
}

/* What the name of a member says, and that it does so only once. */
static int read_name(struct parser *p, struct span object, struct span name, char *ret,
                     size_t *ret_len)
{
    size_t len = json_string_plain(ret, FILTER_PATH_BYTES_MAX, name);
    struct place outside = p->place;

    go_to(p, name, "");
    if (len > FILTER_PATH_BYTES_MAX)
        return filter_parse_refuse(p, "%zu bytes; expected at most %d", len, FILTER_PATH_BYTES_MAX);
    if (is_there_before(object, name, (struct span){ret, len}))
        return filter_parse_refuse(p, "there twice; expected each name once");
    p->place = outside;
    *ret_len = len;
    return 0;
}

static int parse_operators(struct parser *p, struct path path, struct span object)
{
    struct place outside = p->place;
    char plain[FILTER_PATH_BYTES_MAX];
    struct span name, value;
    struct json_walk walk;
    unsigned n = 0;
    size_t len;
    int r;

    for (json_walk_begin(&walk, object); json_walk_next(&walk, &name, &value); n++) {
        r = read_name(p, object, name, plain, &len);
        if (r)
            return r;
        r = parse_operator(p, path, name, value);
        if (r)
            return r;
        p->place = outside;
    }
    return n ? 0 : filter_parse_refuse(p, "expected at least one operator such as $eq");
}

static int parse_path(struct parser *p, struct span text, struct path *ret)
{
    char name[FILTER_PATH_BYTES_MAX];
    bool is_last = false;

    *ret = (struct path){.first_step = p->n_steps};
    while (!is_last) {
        size_t len;
        const char *wrong = filter_path_take(&text, name, &len, &is_last);

        if (wrong)
            return filter_parse_refuse(p, "%s", wrong);
        if (++ret->n_steps > FILTER_STEPS_MAX)
            return filter_parse_refuse(p, "expected at most %d names between dots",
                                       FILTER_STEPS_MAX);
        add_step(p, (struct span){name, len});
    }
    return 0;
}

/* A path and what is wanted of the value there; we are at the path. */
static int parse_wanted(struct parser *p, struct span plain_path, struct span text)
{
    enum json_kind kind;
    struct path path;
    int r = parse_path(p, plain_path, &path);

    if (r)
        return r;
    text = json_value(text, &kind);
    if (kind == JSON_KIND_OBJECT)
        return parse_operators(p, path, text);
    if (kind == JSON_KIND_ARRAY)
        return filter_parse_refuse(p, "expected a value, or operators such as {\"$in\": [1, 2]}");
    return parse_condition(p, path, FILTER_EQ, SPAN(""), text);
}

/* --- filters ------------------------------------------------------------------------------------ */

static int parse_combinator(struct parser *p, enum filter_op op, struct span name, struct span text)
{
    unsigned node = add_node(p, (struct filter_node){.op = op});
    int r;

    if (op == FILTER_NOT) {
        go_to(p, name, "");
        r = parse_filter(p, text);
    } else {
        r = parse_items(p, text, FILTER_CONDITIONS_MAX, name, parse_filter);
    }
    end_node(p, node);
    return r;
}

static int parse_member(struct parser *p, struct span name, struct span plain, struct span value)
{
    if (plain.len == 0 || plain.data[0] != '$') {
        go_to(p, name, "");
        return parse_wanted(p, plain, value);
    }
    for (unsigned op = FILTER_AND; op < FILTER_EQ; op++)
        if (span_equal(plain, span_of(filter_operators[op].name)))
            return parse_combinator(p, op, name, value);
    go_to(p, name, "");
    return filter_parse_refuse(
        p, "unknown; expected $and, $or, $not or a path (\\$ stands for a $ in front)");
}

static int parse_members(struct parser *p, struct span object)
{
    struct place outside = p->place;
    char plain[FILTER_PATH_BYTES_MAX];
    struct span name, value;
    struct json_walk walk;
    unsigned n = 0;
    size_t len;
    int r;

    for (json_walk_begin(&walk, object); json_walk_next(&walk, &name, &value); n++) {
        r = read_name(p, object, name, plain, &len);
        if (r)
            return r;
        r = parse_member(p, name, (struct span){plain, len}, value);
        if (r)
            return r;
        p->place = outside;
    }
    return n ? 0 : filter_parse_refuse(p, "expected at least one condition");
}

static int parse_filter(struct parser *p, struct span text)
{
    enum json_kind kind;
    unsigned node;
    int r;

    text = json_value(text, &kind);
    if (kind != JSON_KIND_OBJECT)
        return filter_parse_refuse(p, "expected an object such as {\"amount\": {\"$gte\": 100}}");
    if (p->depth == FILTER_DEPTH_MAX)
        return filter_parse_refuse(p, "expected at most %d filters inside each other",
                                   FILTER_DEPTH_MAX);

    p->depth++;
    node = add_node(p, (struct filter_node){.op = FILTER_AND});
    r = parse_members(p, text);
    end_node(p, node);
    p->depth--;
    return r;
}

/* Room for what was counted. */
static int filter_new(struct filter **ret, const struct parser *counted)
{
    struct filter *f = calloc(1, sizeof(*f));

    if (!f)
        return err_origin(-ENOMEM);
    f->n_conditions = counted->n_conditions;
    f->nodes = calloc(counted->n_nodes, sizeof(*f->nodes));
    f->steps = calloc(counted->n_steps, sizeof(*f->steps));
    f->values = calloc(counted->n_values, sizeof(*f->values));
    f->text = malloc(counted->n_bytes);
    if (!f->nodes || !f->steps || !f->values || !f->text) {
        filter_free(f);
        return err_origin(-ENOMEM);
    }
    *ret = f;
    return 0;
}

static int filter_parse_check_text(struct span text, struct diag *diag)
{
    struct diag wrong;

    if (text.len > FILTER_BYTES_MAX)
        return diag_set(diag, "filter: %zu bytes; expected at most %d", text.len, FILTER_BYTES_MAX);
    if (json_check(text, &wrong))
        return diag_set(diag, "filter: %s", wrong.text);
    return 0;
}

int filter_parse(struct filter **ret, struct span text, struct diag *diag)
{
    struct parser counting = {.diag = diag}, filling = {0};
    int r;

    r = filter_parse_check_text(text, diag);
    if (r)
        return r;
    r = parse_filter(&counting, text);
    if (r)
        return r;
    r = filter_new(&filling.filter, &counting);
    if (r)
        return err_trace(r);

    (void)parse_filter(&filling, text); /* it passed just now */
    *ret = filling.filter;
    return 0;
}
