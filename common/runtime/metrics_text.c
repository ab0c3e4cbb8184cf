/* SPDX-License-Identifier: Apache-2.0 */
/* metrics_text.c: metrics in Prometheus's text format, and their table for a person. */
#include "common/runtime/metrics_table.h"
#include "common/runtime/settings.h"
#include <inttypes.h>

static void metrics_text_write_name(struct buf *b, const struct metric_row *row)
{
    if (strncmp(row->name, "process_", 8) != 0)
        buf_add_text(b, "grapnel_");
    buf_add_text(b, row->name);
}

/* In HELP a quotation mark stands for itself. */
static void metrics_text_write_escaped(struct buf *b, const char *text, bool is_quoted)
{
    for (; *text; text++) {
        if (*text == '\n')
            buf_add_text(b, "\\n");
        else if (*text == '\\' || (*text == '"' && is_quoted))
            buf_printf(b, "\\%c", *text);
        else
            buf_add_char(b, *text);
    }
}

static void write_label(struct buf *b, char *ret_before, const char *name, const char *value)
{
    buf_add_char(b, *ret_before);
    buf_add_text(b, name);
    buf_add_text(b, "=\"");
    metrics_text_write_escaped(b, value, true);
    buf_add_char(b, '"');
    *ret_before = ',';
}

/* Microseconds as seconds, the shortest way. */
static void write_seconds(struct buf *b, int64_t us)
{
    char text[40];
    int n = snprintf(text, sizeof(text), "%" PRId64 ".%06" PRId64, us / 1000000, us % 1000000);

    while (text[n - 1] == '0')
        n--;
    n -= text[n - 1] == '.';
    buf_add(b, text, (size_t)n);
}

static void write_value(struct buf *b, enum metric_unit unit, int64_t value)
{
    buf_add_char(b, ' ');
    if (unit == SECONDS)
        write_seconds(b, value);
    else if (unit == MILLIS)
        write_seconds(b, value * 1000);
    else
        buf_add_i64(b, value);
    buf_add_char(b, '\n');
}

/* What all lines of a series begin with; @suffix of the name, @le of a bucket or NULL. */
static void write_series(struct buf *b, const struct metric_row *row, unsigned i, unsigned j,
                         const char *suffix, const char *le)
{
    char before = '{';

    metrics_text_write_name(b, row);
    buf_add_text(b, suffix);
    if (row->label != NONE)
        write_label(b, &before, metric_label_name(row->label), metric_label_value(row->label, i));
    if (row->label2 != NONE)
        write_label(b, &before, metric_label_name(row->label2), metric_label_value(row->label2, j));
    if (le)
        write_label(b, &before, "le", le);
    if (before == ',')
        buf_add_char(b, '}');
}

static void write_histogram(struct buf *b, const struct metric_row *row, unsigned i,
                            const int64_t *cells)
{
    int64_t total = 0;
    const int64_t *bound = row->buckets;
    struct buf le;

    buf_init(&le, 64);
    for (; *bound; bound++) {
        total += *cells++;
        buf_clear(&le);
        write_seconds(&le, *bound);
        write_series(b, row, i, 0, "_bucket", le.data);
        write_value(b, COUNT, total);
    }
    buf_fini(&le);
    total += *cells++;
    write_series(b, row, i, 0, "_bucket", "+Inf");
    write_value(b, COUNT, total);
    write_series(b, row, i, 0, "_sum", NULL);
    write_value(b, SECONDS, *cells);
    write_series(b, row, i, 0, "_count", NULL);
    write_value(b, COUNT, total);
}

static unsigned n_cells(const struct metric_row *row)
{
    unsigned n = 1;

    for (const int64_t *b = row->buckets; b && *b; b++)
        n++;
    return n;
}

/* Of a histogram with labels only those that have been seen: a program runs some of the scripts only. */
static bool is_shown(const struct metric_row *row, const int64_t *cells)
{
    if (row->kind == GAUGE)
        return *cells != METRIC_UNKNOWN;
    if (row->kind == COUNTER || row->label == NONE)
        return true;
    for (unsigned i = 0; i < n_cells(row); i++)
        if (cells[i])
            return true;
    return false;
}

static void write_head(struct buf *b, const struct metric_row *row)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};

    buf_add_text(b, "# HELP ");
    metrics_text_write_name(b, row);
    buf_add_char(b, ' ');
    metrics_text_write_escaped(b, row->help, false);
    buf_add_text(b, "\n# TYPE ");
    metrics_text_write_name(b, row);
    buf_printf(b, " %s\n", types[row->kind]);
}

static void write_shown(struct buf *b, const struct metric_row *row, unsigned i, unsigned j,
                        const int64_t *cells)
{
    if (row->kind == HISTOGRAM) {
        write_histogram(b, row, i, cells);
        return;
    }
    write_series(b, row, i, j, "", NULL);
    write_value(b, row->unit, *cells);
}

static void write_metric(struct buf *b, enum metric m)
{
    const struct metric_row *row = &metric_rows[m];
    const int64_t *cells;
    bool has_head = false;

    for (unsigned i = 0; metric_cells(m, i, 0); i++) {
        for (unsigned j = 0; (cells = metric_cells(m, i, j)); j++) {
            if (!is_shown(row, cells))
                continue;
            if (!has_head)
                write_head(b, row);
            has_head = true;
            write_shown(b, row, i, j, cells);
        }
    }
}

void metrics_write(struct buf *ret)
{
    for (unsigned m = 0; m < METRICS; m++)
        if (metrics_has((enum metric)m))
            write_metric(ret, (enum metric)m);
}

/* ---- docs/reference/metrics.md ---- */

static const char *program_of(unsigned scope)
{
    if (scope == SCOPE_WORKER)
        return "worker";
    return scope == SCOPE_SCHEDULER ? "scheduler" : "all";
}

static void write_label_words(FILE *out, enum metric_label label, const char *before)
{
    if (label == NONE)
        return;
    (void)fprintf(out, "%s`%s`", before, metric_label_name(label));
    if (label == VERSION || label == SCRIPT)
        return; /* the version of the build; docs/job-life.md describes the scripts */
    for (unsigned i = 0; metric_label_value(label, i); i++)
        (void)fprintf(out, "%s%s", i ? " " : ": ", metric_label_value(label, i));
}

void metrics_write_markdown(FILE *out)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};

    (void)fputs("# Metrics\n"
                "\n"
                "<!-- Generated from common/runtime/metrics.def by `./dev doc`. -->\n"
                "\n"
                "`/metrics` returns these metrics in Prometheus text format. [Monitor "
                "Grapnel](../how-to/monitor.md) explains how to\n"
                "enable, scrape and use them. Labels have few, fixed values, never a tenant or an "
                "endpoint. "
                "Each histogram has `_bucket`,\n"
                "`_sum` and `_count`. A gauge whose value is unknown is missing.\n"
                "\n"
                "| name | kind | program | labels | meaning |\n"
                "|---|---|---|---|---|\n",
                out);
    for (const struct metric_row *row = metric_rows; row < metric_rows + METRICS; row++) {
        (void)fprintf(out, "| `%s%s` | %s | %s | ",
                      strncmp(row->name, "process_", 8) == 0 ? "" : "grapnel_", row->name,
                      kinds[row->kind], program_of(row->scope));
        write_label_words(out, row->label, "");
        write_label_words(out, row->label2, "; ");
        (void)fprintf(out, " | %s |\n", row->help);
    }
}
