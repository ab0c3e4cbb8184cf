/* SPDX-License-Identifier: Apache-2.0 */
/* openapi_page.c: prints docs/openapi.json; run by ./dev doc. */
#include "api/openapi.h"
#include <stdio.h>

int main(void)
{
    struct diag diag = {""};
    json_t *document = openapi_document(&diag);

    if (!document) {
        (void)fprintf(stderr, "openapi_page: %s\n", diag.text);
        return 1;
    }
    (void)json_dumpf(document, stdout, JSON_INDENT(2));
    (void)putchar('\n');
    json_decref(document);
    return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
