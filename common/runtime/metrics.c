/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c: see metrics.h. All numbers lie in one array; a metric has a run of cells per combination of label
 * values: one, or for a histogram one per bucket, one for what is above all, and the sum. */
#include "common/runtime/metrics.h"
#include "common/base/err.h"
#include "common/runtime/metrics_table.h"
#include "common/runtime/settings.h"

/* ---- labels ---- */

static const struct metric_label_row
    *labels; /* by enum metric_label, as metrics_init() was given */

const char *metric_label_name(enum metric_label label)
{
    return labels[label].name;
}

const char *metric_label_value(enum metric_label label, unsigned i)
{
    const struct metric_label_row *row = &labels[label];

    if (label == NONE)
        return i == 0 ? "" : NULL;
    return row->values ? row->values[i] : row->value(i);
}

static unsigned count_values(enum metric_label label)
{
    unsigned n = 0;

    while (metric_label_value(label, n))
        n++;
    return n;
}

/* ---- the table ---- */

/* Upper bounds in microseconds; 0 ends. */
static const int64_t short_buckets[] = {100,   250,   500,    1000,   2500,   5000,    10000,
                                        25000, 50000, 100000, 250000, 500000, 1000000, 0};
static const int64_t long_buckets[] = {1000,     2500,     5000,     10000,   25000,   50000,
                                       100000,   250000,   500000,   1000000, 2500000, 5000000,
                                       10000000, 30000000, 60000000, 0};
static const int64_t lag_buckets[] = {1000,     2500,      5000,      10000,      25000,   50000,
                                      100000,   250000,    500000,    1000000,    5000000, 10000000,
                                      60000000, 300000000, 900000000, 3600000000, 0};

const struct metric_row metric_rows[METRICS] = {
#define METRIC_COUNTER(n, u, s, l, l2, h)                                                          \
    {.name = #n, .kind = COUNTER, .unit = u, .scope = s, .label = l, .label2 = l2, .help = h},
#define METRIC_GAUGE(n, u, s, l, h)                                                                \
    {.name = #n, .kind = GAUGE, .unit = u, .scope = s, .label = l, .help = h},
#define LONG long_buckets
#define SHORT short_buckets
#define LAG lag_buckets
#define METRIC_HISTOGRAM(n, b, s, l, h)                                                            \
    {.name = #n,                                                                                   \
     .kind = HISTOGRAM,                                                                            \
     .unit = SECONDS,                                                                              \
     .buckets = b,                                                                                 \
     .scope = s,                                                                                   \
     .label = l,                                                                                   \
     .help = h},
#include "common/runtime/metrics.def"
};

/* ---- the numbers ---- */

static struct state {
    int64_t *cells;
    unsigned scope;
    struct place {
        size_t first;              /* in cells */
        unsigned n, n2, n_buckets; /* values of the labels; with the one above all */
    } places[METRICS];
} state;

static unsigned cells_of_series(const struct place *p)
{
    return p->n_buckets ? p->n_buckets + 1 : 1;
}

static int64_t *series(enum metric m, unsigned label, unsigned label2)
{
    const struct place *p = &state.places[m];

    if (!state.cells || label >= p->n || label2 >= p->n2)
        return NULL;
    return &state.cells[p->first + ((size_t)label * p->n2 + label2) * cells_of_series(p)];
}

static size_t lay_out(void)
{
    size_t n = 0;

    for (unsigned m = 0; m < METRICS; m++) {
        struct place *p = &state.places[m];

        *p = (struct place){.first = n,
                            .n = count_values(metric_rows[m].label),
                            .n2 = count_values(metric_rows[m].label2)};
        for (const int64_t *b = metric_rows[m].buckets; b && (p->n_buckets++, *b); b++)
            ;
        n += (size_t)p->n * p->n2 * cells_of_series(p);
    }
    return n;
}

int metrics_init(unsigned scope, const struct metric_label_row *rows)
{
    metrics_fini();
    labels = rows;
    state.scope = scope;
    state.cells = calloc(lay_out(), sizeof(*state.cells));
    if (!state.cells)
        return err_origin(-ENOMEM);
    for (unsigned m = 0; m < METRICS; m++)
        metric_forget((enum metric)m);
    return 0;
}

void metrics_fini(void)
{
    free(TAKE(state.cells));
}

void metric_add(enum metric m, unsigned label, unsigned label2, uint64_t n)
{
    int64_t *cell = series(m, label, label2);

    if (cell)
        *cell += (int64_t)n;
}

void metric_set(enum metric m, unsigned label, int64_t value)
{
    int64_t *cell = series(m, label, 0);

    if (cell)
        *cell = value;
}

void metric_forget(enum metric m)
{
    if (metric_rows[m].kind != GAUGE)
        return;
    for (unsigned i = 0; i < state.places[m].n; i++)
        metric_set(m, i, METRIC_UNKNOWN);
}

void metric_observe(enum metric m, unsigned label, int64_t us)
{
    int64_t *cells = series(m, label, 0);
    unsigned i = 0;

    if (!cells)
        return;
    us = MAX(us, 0);
    while (metric_rows[m].buckets[i] && us > metric_rows[m].buckets[i])
        i++;
    cells[i]++;
    cells[state.places[m].n_buckets] += us;
}

bool metrics_has(enum metric m)
{
    return state.cells && metric_rows[m].scope & state.scope;
}

const int64_t *metric_cells(enum metric m, unsigned label, unsigned label2)
{
    return series(m, label, label2);
}
