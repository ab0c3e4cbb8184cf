/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/api/present.h"
#include <stdio.h>

enum { PRESENT_CELL_MAX = 256 << 10, PRESENT_NAME_MAX = 128 };

json_t *present_at(json_t *value, const char *path)
{
    while (value && *path) {
        size_t len = strcspn(path, ".");

        value = json_object_getn(value, path, len);
        path += len + (path[len] == '.');
    }
    return value;
}

static bool present_is_scalar(json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

static void present_scalar(struct buf *ret, json_t *value)
{
    if (json_is_string(value))
        buf_add(ret, json_string_value(value), json_string_length(value));
    else if (json_is_integer(value))
        buf_add_i64(ret, json_integer_value(value));
    else if (json_is_real(value))
        buf_printf(ret, "%.17g", json_real_value(value));
    else if (json_is_boolean(value))
        buf_add_text(ret, json_is_true(value) ? "yes" : "no");
    else
        buf_add_char(ret, '-');
}

/* Items that are no text of their own are written as JSON. */
static void present_item(struct buf *ret, json_t *value)
{
    char *text;

    if (present_is_scalar(value)) {
        present_scalar(ret, value);
        return;
    }
    text = json_dumps(value, JSON_COMPACT);
    buf_add_text(ret, text ? text : "?");
    free(text);
}

static void present_value(struct buf *ret, json_t *value)
{
    json_t *item;
    size_t i;

    if (!json_is_array(value)) {
        present_item(ret, value);
        return;
    }
    json_array_foreach(value, i, item)
    {
        if (i)
            buf_add_char(ret, ',');
        present_item(ret, item);
    }
    if (!json_array_size(value))
        buf_add_char(ret, '-');
}

/* ---- tables ---- */

int present_table_init(struct present_table *t, const char *columns)
{
    char *rest = NULL, *column, *path;

    *t = (struct present_table){.text = strdup(columns)};
    if (!t->text)
        return -ENOMEM;
    column = strtok_r(t->text, ",", &rest);
    for (; column && t->n < TABLE_COLUMNS_MAX; column = strtok_r(NULL, ",", &rest)) {
        path = strchr(column, '=');
        *path = '\0';
        t->titles[t->n] = column;
        t->paths[t->n++] = path + 1;
    }
    table_init(&t->table, t->titles, t->n);
    return 0;
}

void present_table_add(struct present_table *t, json_t *object)
{
    struct buf cell;

    for (unsigned i = 0; i < t->n; i++) {
        buf_init(&cell, PRESENT_CELL_MAX);
        present_value(&cell, present_at(object, t->paths[i]));
        table_add(&t->table, buf_span(&cell));
        buf_fini(&cell);
    }
}

void present_table_flush(struct present_table *t)
{
    table_flush(&t->table);
}

void present_table_fini(struct present_table *t)
{
    buf_fini(&t->table.cells);
    free(t->text);
}

/* ---- objects ---- */

static void present_field(const char *name, json_t *value)
{
    struct buf text, clean;

    buf_init(&text, PRESENT_CELL_MAX);
    buf_init(&clean, 4 * PRESENT_CELL_MAX);
    present_value(&text, value);
    text_clean(&clean, span_of(name), 0); /* of an event's data, it is the publisher's own */
    buf_add_text(&clean, ": ");
    text_clean(&clean, buf_span(&text), 0);
    buf_add_char(&clean, '\n');
    (void)fwrite(clean.data ? clean.data : "", 1, clean.len, stdout);
    buf_fini(&clean);
    buf_fini(&text);
}

static void present_members(const char *head, json_t *object);

/* An array of objects: each has its number in its name. */
static void present_numbered(const char *name, json_t *array)
{
    char numbered[PRESENT_NAME_MAX + 24];
    json_t *item;
    size_t i;

    json_array_foreach(array, i, item)
    {
        (void)snprintf(numbered, sizeof(numbered), "%s.%zu.", name, i + 1);
        present_members(numbered, item);
    }
}

static void present_members(const char *head, json_t *object)
{
    char name[PRESENT_NAME_MAX], below[PRESENT_NAME_MAX + 1];
    const char *key;
    json_t *value;
    void *at = json_object_iter(object);

    for (; at; at = json_object_iter_next(object, at)) {
        key = json_object_iter_key(at);
        value = json_object_iter_value(at);
        (void)snprintf(name, sizeof(name), "%s%s", head, key);
        (void)snprintf(below, sizeof(below), "%s.", name);
        if (json_is_object(value) && json_object_size(value))
            present_members(below, value);
        else if (json_is_object(json_array_get(value, 0)))
            present_numbered(name, value);
        else
            present_field(name, value);
    }
}

void present_object(json_t *object)
{
    present_members("", object);
}
