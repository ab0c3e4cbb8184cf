/* SPDX-License-Identifier: Apache-2.0 */
/* h_openapi.c: the API's own description (openapi.h). */
#include "api/call.h"
#include "api/handlers.h"
#include "api/openapi.h"

void h_openapi(struct call *c, struct store *s)
{
    struct diag diag = {""};
    json_t *document = openapi_document(&diag);

    (void)s;
    if (document)
        call_json(c, 200, document);
    else
        call_problem(c, 500, NULL, "%s", diag.text);
}
