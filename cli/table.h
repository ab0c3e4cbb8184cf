/* SPDX-License-Identifier: Apache-2.0 */
/* table.h: what people read: aligned columns, and text that cannot play tricks on a terminal. */
#ifndef GRAPNEL_CLI_TABLE_H
#define GRAPNEL_CLI_TABLE_H

#include "common/base/buf.h"

/* Appends @text as a terminal may show it: control characters and what is no UTF-8 become '?', white
 * space a space; cut after @max characters, with "…" in place of the rest (0: not cut). */
void text_clean(struct buf *ret, struct span text, size_t max);

/* "name:   value" lines, as `show` commands print them. */
void print_field(const char *name, const char *format, ...) _printf_(2, 3);
void print_field_span(const char *name, struct span value);
void print_field_time(const char *name, int64_t ms); /* nothing when 0 */

/* Rows are kept and printed in pages, each as wide as it needs (and no narrower than the one
 * before), so that memory is bounded. Titles come with the first page, even an empty one. */
enum { TABLE_COLUMNS_MAX = 10 };

struct table {
    const char *const *titles; /* borrowed */
    unsigned n_columns, at;    /* column of the next cell */
    size_t widths[TABLE_COLUMNS_MAX];
    struct buf cells; /* each ended by NUL */
    unsigned n_rows;  /* in cells */
    bool has_titles;  /* printed */
};

void table_init(struct table *t, const char *const *titles, unsigned n_columns);
void table_flush(struct table *t); /* prints the rows that are kept, and titles once */
void table_end(struct table *t);   /* prints what is left; frees */

/* The row's next cell; the last one of a row ends it. */
void table_add(struct table *t, struct span cell);
void table_add_text(struct table *t, const char *cell);
void table_add_i64(struct table *t, int64_t value);
void table_add_time(struct table *t, int64_t ms);
void table_add_printf(struct table *t, const char *format, ...) _printf_(2, 3);

#endif
