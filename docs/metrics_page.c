/* SPDX-License-Identifier: Apache-2.0 */
/* metrics_page.c: prints docs/reference/metrics.md; run by ./dev doc. */
#include "common/program/metric_labels.h"
#include "common/runtime/settings.h"

int main(void)
{
    if (metrics_init(SCOPE_ALL, metric_labels))
        return 1;
    metrics_write_markdown(stdout);
    metrics_fini();
    return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
