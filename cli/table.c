/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"
#include "common/base/text.h"
#include <stdarg.h>
#include <stdio.h>

enum { PAGE_ROWS = 500, PAGE_BYTES_MAX = 4 << 20, CELL_CHARS_MAX = 100, FIELD_BYTES_MAX = 16384 };

/* --- text ------------------------------------------------------------------------------------- */

/* May the character of @n bytes at @c be shown? Not control characters (U+0080 to U+009F too), nor
 * those that turn the direction of the text around them. */
static bool is_harmless(const unsigned char *c, size_t n)
{
    if (n == 1)
        return *c >= 0x20 && *c != 0x7f;
    if (n == 2)
        return c[0] != 0xc2 || c[1] >= 0xa0;
    if (n == 3 && c[0] == 0xe2)
        return !(c[1] == 0x80 && c[2] >= 0xaa && c[2] <= 0xae) &&
               !(c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9);
    return n > 0;
}

void text_clean(struct buf *b, struct span s, size_t max)
{
    size_t chars = 0, n;

    for (size_t i = 0; i < s.len; i += MAX(n, (size_t)1)) {
        const char *c = s.data + i;

        n = utf8_char((struct span){c, s.len - i});
        if (max && chars++ == max) {
            buf_add_text(b, "…");
            return;
        }
        if (is_harmless((const unsigned char *)c, n))
            buf_add(b, c, n);
        else
            buf_add_char(b, *c == '\t' || *c == '\n' || *c == '\r' ? ' ' : '?');
    }
}

/* In columns of a terminal, as far as each character takes one. */
static size_t width(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* --- fields ------------------------------------------------------------------------------------- */

void print_field_span(const char *name, struct span value)
{
    struct buf text;

    buf_init(&text, FIELD_BYTES_MAX);
    text_clean(&text, value, 0);
    (void)printf("%s:%*s %.*s\n", name, MAX(14 - (int)strlen(name), 0), "", (int)text.len,
                 text.data ? text.data : "");
    buf_fini(&text);
}

void print_field(const char *name, const char *format, ...)
{
    char value[4096];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    print_field_span(name, span_of(value));
}

void print_field_time(const char *name, int64_t ms)
{
    char value[ISO_TIME_LEN + 1];

    if (!ms)
        return;
    iso_time_write(value, ms);
    print_field_span(name, (struct span){value, ISO_TIME_LEN});
}

/* --- tables ------------------------------------------------------------------------------------- */

void table_init(struct table *t, const char *const *titles, unsigned n_columns)
{
    *t = (struct table){.titles = titles, .n_columns = n_columns};
    for (unsigned i = 0; i < n_columns; i++)
        t->widths[i] = width(titles[i]);
    buf_init(&t->cells, PAGE_BYTES_MAX);
}

static void print_cell(struct table *t, unsigned column, const char *cell)
{
    if (column + 1 == t->n_columns)
        (void)printf("%s\n", cell);
    else
        (void)printf("%s%*s", cell, (int)(t->widths[column] - width(cell)) + 2, "");
}

/* Calls @each for every cell that is kept. */
static void table_walk(struct table *t,
                       void (*each)(struct table *t, unsigned column, const char *cell))
{
    struct span cells = buf_span(&t->cells);
    unsigned column = 0;

    while (cells.len) {
        size_t len = strlen(cells.data) + 1;

        each(t, column, cells.data);
        column = (column + 1) % t->n_columns;
        cells = (struct span){cells.data + len, cells.len - len};
    }
}

static void table_measure(struct table *t, unsigned column, const char *cell)
{
    t->widths[column] = MAX(t->widths[column], width(cell));
}

static void print_page(struct table *t)
{
    table_walk(t, table_measure);
    for (unsigned i = 0; i < t->n_columns && !t->has_titles; i++)
        print_cell(t, i, t->titles[i]);
    t->has_titles = true;
    table_walk(t, print_cell);
    buf_clear(&t->cells);
    t->n_rows = 0;
}

void table_flush(struct table *t)
{
    if (t->n_rows || !t->has_titles)
        print_page(t);
}

void table_end(struct table *t)
{
    table_flush(t);
    buf_fini(&t->cells);
}

void table_add(struct table *t, struct span cell)
{
    text_clean(&t->cells, cell.len ? cell : SPAN("-"), CELL_CHARS_MAX);
    buf_add_char(&t->cells, '\0');
    t->at = (t->at + 1) % t->n_columns;
    if (t->at)
        return;
    t->n_rows++;
    if (t->n_rows == PAGE_ROWS)
        print_page(t);
}

void table_add_text(struct table *t, const char *cell)
{
    table_add(t, span_of(cell));
}

void table_add_i64(struct table *t, int64_t value)
{
    table_add_printf(t, "%lld", (long long)value);
}

void table_add_time(struct table *t, int64_t ms)
{
    char value[ISO_TIME_LEN + 1];

    if (!ms) {
        table_add(t, SPAN("-"));
        return;
    }
    iso_time_write(value, ms);
    table_add(t, (struct span){value, ISO_TIME_LEN});
}

void table_add_printf(struct table *t, const char *format, ...)
{
    char value[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    table_add(t, span_of(value));
}
