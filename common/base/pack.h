/* SPDX-License-Identifier: Apache-2.0 */
/* pack.h: msgpack (msgpack-c) for what lies in Redis: values onto a buf, and back with types
 * checked.
 *
 * Texts are packed as msgpack `str`, binary ones too: that is what Redis's own cmsgpack reads. */
#ifndef GRAPNEL_COMMON_BASE_PACK_H
#define GRAPNEL_COMMON_BASE_PACK_H

#include "common/base/base.h"
#include "common/base/buf.h"
#include <msgpack.h>

void pack_array(struct buf *b, unsigned n);
void pack_map(struct buf *b, unsigned n);
void pack_span(struct buf *b, struct span text);
void pack_text(struct buf *b, const char *text); /* NULL counts as "" */
void pack_i64(struct buf *b, int64_t value);

/* Walks the values that stand one behind the other in @bytes. */
struct unpack {
    struct span bytes;
    size_t offset;
    msgpack_unpacked result;
};

void unpack_init(struct unpack *u, struct span bytes); /* borrows @bytes */
void unpack_fini(struct unpack *u);
enum { UNPACK_END = 1 };
/* The next value, lent until the next call; its texts lie in @bytes. 0, UNPACK_END, or -EBADMSG. */
int unpack_next(struct unpack *u, const msgpack_object **ret);

/* Element @index of an array; NULL when it is no array or too short. */
const msgpack_object *object_at(const msgpack_object *array, uint32_t index);
/* Value of @key in a map; NULL when it is no map or has none. */
const msgpack_object *object_get(const msgpack_object *map, const char *key);
/* -EBADMSG when @o is NULL or of another type. */
int object_span(const msgpack_object *o, struct span *ret);
int object_i64(const msgpack_object *o, int64_t *ret);

#endif
