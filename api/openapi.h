/* SPDX-License-Identifier: Apache-2.0 */
/* openapi.h: the description of the API (OpenAPI 3.1), which it serves at /openapi.json.
 *
 * Made of api/openapi/openapi.json (what is about the whole), one file a resource beside it, and what the table of
 * calls says: who may, what names the tenant, and the answers that any call may get. Members of a file that begin
 * with '/' are paths, `schemas` and the like are components, `tag` is that of its calls; openapi_short.h has the form.
 */
#ifndef GRAPNEL_API_OPENAPI_H
#define GRAPNEL_API_OPENAPI_H

#include "common/base/base.h"
#include <jansson.h>

/* Gives the document. NULL with words: a file is no JSON, two describe the same thing, or one describes a call
 * that is not in the table. */
json_t *openapi_document(struct diag *diag);

/* The first call of the table that @document leaves out: its place in the table; -1: none. */
int openapi_left_out(const json_t *document);

#endif
