/* SPDX-License-Identifier: Apache-2.0 */
/* json_write.h: JSON onto a buf, member after member; commas come by themselves. */
#ifndef GRAPNEL_CLI_JSON_WRITE_H
#define GRAPNEL_CLI_JSON_WRITE_H

#include "common/base/buf.h"

void json_begin(struct buf *b, char bracket); /* '{' or '[', as a value */
void json_end(struct buf *b, char bracket);   /* '}' or ']' */
void json_key(struct buf *b, const char *name);

/* Values: as an item of an array, or behind json_key(). */
void json_text(struct buf *b, struct span text);
void json_i64(struct buf *b, int64_t value);
void json_bool(struct buf *b, bool value);
void json_time(struct buf *b, int64_t ms); /* ISO 8601; 0: null */

/* Members: key and value. */
void json_put_text(struct buf *b, const char *name, const char *text); /* NULL: null */
void json_put_span(struct buf *b, const char *name, struct span text);
void json_put_i64(struct buf *b, const char *name, int64_t value);
void json_put_bool(struct buf *b, const char *name, bool value);
void json_put_null(struct buf *b, const char *name);
void json_put_time(struct buf *b, const char *name, int64_t ms);

#endif
