/* SPDX-License-Identifier: Apache-2.0 */
/* settings_page.c: prints docs/reference/configuration.md; run by ./dev doc. */
#include "common/runtime/settings.h"

int main(void)
{
    settings_write_markdown(stdout);
    return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
