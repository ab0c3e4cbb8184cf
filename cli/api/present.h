/* SPDX-License-Identifier: Apache-2.0 */
/* present.h: prints what the API answered, for people. */
#ifndef GRAPNEL_CLI_API_PRESENT_H
#define GRAPNEL_CLI_API_PRESENT_H

#include "cli/table.h"
#include <jansson.h>

/* What stands at a path of names, "data.settings"; NULL when nothing does. Lends. */
json_t *present_at(json_t *value, const char *path);

/* A table of a row's columns, "TITLE=path,…". */
struct present_table {
    struct table table;
    char *text; /* the columns, cut into titles and paths */
    const char *titles[TABLE_COLUMNS_MAX], *paths[TABLE_COLUMNS_MAX];
    unsigned n;
};

int present_table_init(struct present_table *t, const char *columns); /* -ENOMEM */
void present_table_add(struct present_table *t, json_t *object);
void present_table_flush(struct present_table *t); /* prints what was added since the last time */
void present_table_fini(struct present_table *t);

/* "name: value" a line; what is nested has its path as name. */
void present_object(json_t *object);

#endif
