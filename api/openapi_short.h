/* SPDX-License-Identifier: Apache-2.0 */
/* openapi_short.h: the short form in which api/openapi/ is written, and OpenAPI made of it.
 *
 *   "parameters": ["Limit", …]              a text is the name of a component; so are headers and answers ("409": "Conflict")
 *   "schema": "Key", {"$ref": "Key"}        a schema of the components, also another file's
 *                                           of an answer: …Problem is a problem document
 *   "list": {"keys": "Key"}                 instead of "schema": an object with a list
 *   "page": {"tenants": "Tenant"}           the same with next_cursor
 *   "requestBody": {"schema", "example"}    a body that must be there, of JSON
 *   "include": ["Key"]                      in a schema: also what that one has, of `schemas` or of `parts`
 */
#ifndef GRAPNEL_API_OPENAPI_SHORT_H
#define GRAPNEL_API_OPENAPI_SHORT_H

#include "common/base/base.h"
#include <jansson.h>

/* {"$ref": "#/components/<kind>/<name>"} */
json_t *openapi_short_ref(const char *kind, const char *name);

void openapi_short_call(json_t *call, const char *method);
void openapi_short_responses(json_t *responses);

/* Gives every schema the members that it includes. -EINVAL with words: one includes what is not there. */
int openapi_short_include(json_t *schemas, json_t *parts, struct diag *diag);

/* Writes every "$ref" in full. */
void openapi_short_refs(json_t *value);

#endif
