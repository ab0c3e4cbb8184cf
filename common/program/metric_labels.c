/* SPDX-License-Identifier: Apache-2.0 */
#include "common/program/metric_labels.h"
#include "common/model/format/dialect.h"
#include "common/model/format/outcome.h"
#include "common/moves/settle.h"
#include "common/runtime/metrics_table.h"

static const char *const statuses[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx", "other", NULL};
static const char *const events[] = {"fanned_out", "unmatched", "refused", NULL};
static const char *const verdicts[] = {"retry",  "failed", "timeout", "disable",
                                       "cancel", "refuse", NULL};
static const char *const queues[] = {"events", "jobs", "failed", "delayed", "rejected", NULL};
static const char *const aged_queues[] = {"events", "jobs", "failed", "delayed", NULL};
static const char *const versions[] = {GRAPNEL_VERSION_TEXT, NULL};

static const char *outcome_value(unsigned i)
{
    if (i > OUTCOME_UNKNOWN_ERROR)
        return NULL;
    return i == OUTCOME_OK ? "OK" : outcome_code_text((enum outcome_code)i);
}

static const char *dialect_value(unsigned i)
{
    const struct dialect *d = dialect_at(i);

    return d ? d->name : NULL;
}

/* Its values come from a list that ends with NULL, or from a function that answers NULL behind the last. */
const struct metric_label_row metric_labels[] = {
    [NONE] = {.name = ""},
    [OUTCOME] = {.name = "outcome", .value = outcome_value},
    [DIALECT] = {.name = "dialect", .value = dialect_value},
    [STATUS] = {.name = "status", .values = statuses},
    [SETTLEMENT] = {.name = "kind", .value = settle_kind_name},
    [EVENT] = {.name = "result", .values = events},
    [VERDICT] = {.name = "verdict", .values = verdicts},
    [QUEUE] = {.name = "queue", .values = queues},
    [AGED_QUEUE] = {.name = "queue", .values = aged_queues},
    [SCRIPT] = {.name = "script", .value = script_name},
    [VERSION] = {.name = "version", .values = versions},
};

unsigned metric_status(int http_status)
{
    if (http_status == 0)
        return 0;
    return http_status >= 100 && http_status < 600 ? (unsigned)http_status / 100 : 6;
}

unsigned metric_dialect(const char *dialect)
{
    unsigned i = 0;

    while (dialect_value(i) && strcmp(dialect_value(i), dialect) != 0)
        i++;
    return i;
}
