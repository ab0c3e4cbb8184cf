/* metrics_page.c: prints docs/metrics.md; run by ./dev doc. */
#include "common/runtime/metrics.h"

int main(void)
{
    metrics_write_markdown(stdout);
    return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
