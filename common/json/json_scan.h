/* SPDX-License-Identifier: Apache-2.0 */
/* json_scan.h: checks JSON and finds members in it without rebuilding it.
 *
 * Payloads are passed on byte for byte (1500.00 stays 1500.00), which a parser that builds values
 * cannot do. Pure, no allocation, no recursion; nesting deeper than JSON_DEPTH_MAX is refused. */
#ifndef GRAPNEL_COMMON_JSON_JSON_SCAN_H
#define GRAPNEL_COMMON_JSON_JSON_SCAN_H

#include "common/base/base.h"

enum { JSON_DEPTH_MAX = 64 };

/* Is @text exactly one JSON value (RFC 8259) in well-formed UTF-8, white space around it allowed?
 * -EINVAL, and in @diag (may be NULL) what is wrong at which byte. */
int json_check(struct span text, struct diag *diag);

/* Not named as jansson.h names its own. */
enum json_kind {
    JSON_KIND_OBJECT,
    JSON_KIND_ARRAY,
    JSON_KIND_STRING,
    JSON_KIND_NUMBER,
    JSON_KIND_TRUE,
    JSON_KIND_FALSE,
    JSON_KIND_NULL
};

/* The value without the white space around it, and its kind. @text must have passed json_check().
 */
struct span json_value(struct span text, enum json_kind *ret_kind);

/* Member @name (compared after unescaping nothing: keys written with escapes do not match;
 * json_find() finds them) of the object @text that passed json_check(); false if there is none or it is no object. The last one
 * wins if it is there twice. */
bool json_member(struct span text, const char *name, struct span *ret_value);

/* All members of such an object in one pass, in their order:
 *
 *     for (json_walk_begin(&w, text); json_walk_next(&w, &name, &value);)
 *
 * @ret_name is what stands between the quotes. What is no object has no members. */
struct json_walk {
    const char *at, *end;
};
void json_walk_begin(struct json_walk *w, struct span text);
bool json_walk_next(struct json_walk *w, struct span *ret_name, struct span *ret_value);

/* The same in single steps, for who goes down into values without reading any byte twice. The walk
 * stands in front of a value, or in a container and in front of the next member or item. */
void json_walk_at(struct json_walk *w, struct span text); /* in front of @text's value */
char json_walk_enter(
    struct json_walk *w); /* enters '{' or '['; '\0', and stays, at what is neither */
void json_walk_value(struct json_walk *w, struct span *ret_value); /* takes the value */
/* To the next value of an object or array; false behind the last one, when it left the container.
 */
bool json_walk_name(struct json_walk *w, struct span *ret_name);
bool json_walk_item(struct json_walk *w);

#endif
