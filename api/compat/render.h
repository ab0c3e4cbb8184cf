/* SPDX-License-Identifier: Apache-2.0 */
/* render.h: a document's own form of a thing, as a table over the form of /v1: a row for each member that it has. Pure. */
#ifndef GRAPNEL_API_COMPAT_RENDER_H
#define GRAPNEL_API_COMPAT_RENDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct render_field {
    const char *name; /* in the document */
    const char *of;   /* in /v1; a thing without it gets no such member */
    /* What @value becomes, @whole being what it is of; both borrowed. NULL: the member is left out. No function: it
     * stays as it is. */
    json_t *(*convert)(json_t *value, json_t *whole);
};

/* @fields end with a row without a name. Takes over @whole; NULL when out of memory. */
json_t *render(const struct render_field *fields, json_t *whole);

/* ---- what several documents say alike ---- */

json_t *render_is_set(json_t *value, json_t *whole); /* not null */
json_t *render_text_or_null(json_t *value, json_t *whole);
json_t *render_seconds(json_t *value, json_t *whole); /* 2026-01-15T12:00:00Z */
/* error_message, or what there is to say of a status, which has no message of its own. */
json_t *render_message(json_t *value, json_t *whole);

json_t *render_time(int64_t ms);                        /* in whole seconds; 0: null */
int64_t render_ms(const json_t *time);                  /* null: 0 */
const char *render_text(json_t *whole, const char *of); /* "": null, or none */
bool render_is(json_t *whole, const char *status);      /* has @whole this `status`? */

#endif
