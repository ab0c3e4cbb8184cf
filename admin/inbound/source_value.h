/* SPDX-License-Identifier: Apache-2.0 */
/* source_value.h: values of one kind in what is wanted of an inbound source. All are 0, or -EINVAL with words that begin
 * with the member's name; then what they give is of no use. */
#ifndef GRAPNEL_ADMIN_INBOUND_SOURCE_VALUE_H
#define GRAPNEL_ADMIN_INBOUND_SOURCE_VALUE_H

#include "common/model/inbound/source.h"
#include <jansson.h>

int source_value_text(struct span *ret, const char *name, const json_t *value, size_t max,
                      struct diag *diag);
/* The name of a header (RFC 9110), in lower case. */
int source_value_header(char ret[SOURCE_TEXT_MAX + 1], const char *name, const json_t *value,
                        struct diag *diag);
/* "5m", or milliseconds. */
int source_value_duration(int64_t *ret, const char *name, const json_t *value, int64_t min,
                          int64_t max, struct diag *diag);
/* {"header": "X-GitHub-Event", "prefix": "github."}: exactly one of the first three @names. @words: what is expected. */
int source_value_pick(struct source_pick *ret, const char *field, const char *const *names,
                      const char *words, const json_t *value, struct diag *diag);
/* Of an event's type; empty is fine. */
int source_value_type_prefix(char ret[SOURCE_TEXT_MAX + 1], const json_t *value, struct diag *diag);
/* Has the object @value no members but @names (NULL behind the last)? */
int source_value_only(const char *field, const json_t *value, const char *const *names,
                      struct diag *diag);

#endif
