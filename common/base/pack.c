/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/pack.h"

#include "common/base/err.h"
#include <errno.h>

static int write_to_buf(void *data, const char *bytes, size_t len)
{
    buf_add(data, bytes, len);
    return 0; /* a failed buf says so itself */
}

static msgpack_packer packer_of(struct buf *b)
{
    return (msgpack_packer){.data = b, .callback = write_to_buf};
}

void pack_array(struct buf *b, unsigned n)
{
    msgpack_packer p = packer_of(b);

    (void)msgpack_pack_array(&p, n);
}

void pack_map(struct buf *b, unsigned n)
{
    msgpack_packer p = packer_of(b);

    (void)msgpack_pack_map(&p, n);
}

void pack_span(struct buf *b, struct span text)
{
    msgpack_packer p = packer_of(b);

    (void)msgpack_pack_str(&p, text.len);
    if (text.len)
        (void)msgpack_pack_str_body(&p, text.data, text.len);
}

void pack_text(struct buf *b, const char *text)
{
    pack_span(b, span_of(text));
}

void pack_i64(struct buf *b, int64_t value)
{
    msgpack_packer p = packer_of(b);

    (void)msgpack_pack_int64(&p, value);
}

void unpack_init(struct unpack *u, struct span bytes)
{
    *u = (struct unpack){.bytes = bytes};
    msgpack_unpacked_init(&u->result);
}

void unpack_fini(struct unpack *u)
{
    msgpack_unpacked_destroy(&u->result);
}

/* What stands behind a first byte from 0xc0 on (github.com/msgpack/msgpack/blob/master/spec.md). */
static const struct form {
    uint8_t count_bytes; /* of a count, big endian */
    uint8_t bytes;       /* besides */
    uint8_t values_each; /* values behind it for each of the count; 0: it counts bytes */
} forms[32] = {
    [0x04] = {1, 0, 0},  [0x05] = {2, 0, 0}, [0x06] = {4, 0, 0}, /* bin */
    [0x07] = {1, 1, 0},  [0x08] = {2, 1, 0}, [0x09] = {4, 1, 0}, /* ext */
    [0x0a] = {0, 4, 0},  [0x0b] = {0, 8, 0},                     /* float */
    [0x0c] = {0, 1, 0},  [0x0d] = {0, 2, 0}, [0x0e] = {0, 4, 0}, [0x0f] = {0, 8, 0},
    [0x10] = {0, 1, 0},  [0x11] = {0, 2, 0}, [0x12] = {0, 4, 0}, [0x13] = {0, 8, 0},
    [0x14] = {0, 2, 0},  [0x15] = {0, 3, 0}, [0x16] = {0, 5, 0}, [0x17] = {0, 9, 0},
    [0x18] = {0, 17, 0}, [0x19] = {1, 0, 0}, [0x1a] = {2, 0, 0}, [0x1b] = {4, 0, 0}, /* str */
    [0x1c] = {2, 0, 1},  [0x1d] = {4, 0, 1},                                         /* array */
    [0x1e] = {2, 0, 2},  [0x1f] = {4, 0, 2},                                         /* map */
};

/* One value's head: how many bytes it and its own content take, and how many values follow that belong to it. */
static uint64_t head_bytes(struct span rest, uint64_t *ret_values)
{
    uint8_t first = (uint8_t)rest.data[0];
    const struct form *form = &forms[first & 31];
    uint64_t count = 0;

    *ret_values = 0;
    if (first < 0x80 || first >= 0xe0)
        return 1;
    if (first < 0xa0) {
        *ret_values = (uint64_t)(first & 15) * (first < 0x90 ? 2 : 1);
        return 1;
    }
    if (first < 0xc0)
        return 1 + (uint64_t)(first & 31);
    for (unsigned i = 1; i <= form->count_bytes && i < rest.len; i++)
        count = count << 8 | (uint8_t)rest.data[i];
    *ret_values = count * form->values_each;
    return 1 + form->count_bytes + form->bytes + (form->values_each ? 0 : count);
}

/* msgpack-c takes memory for as many elements as a head claims before it has seen the first: is there at least a byte
 * for each? */
static bool is_whole(struct span rest)
{
    for (uint64_t wanted = 1; wanted > 0; wanted--) {
        uint64_t values, bytes;

        if (wanted > rest.len)
            return false;
        bytes = head_bytes(rest, &values);
        if (bytes > rest.len)
            return false;
        rest = (struct span){rest.data + bytes, rest.len - bytes};
        wanted += values;
    }
    return true;
}

int unpack_next(struct unpack *u, const msgpack_object **ret)
{
    if (u->offset >= u->bytes.len)
        return UNPACK_END;
    if (!is_whole((struct span){u->bytes.data + u->offset, u->bytes.len - u->offset}))
        return err_origin(-EBADMSG);
    if (msgpack_unpack_next(&u->result, u->bytes.data, u->bytes.len, &u->offset) !=
        MSGPACK_UNPACK_SUCCESS)
        return err_origin(-EBADMSG);
    *ret = &u->result.data;
    return 0;
}

const msgpack_object *object_at(const msgpack_object *array, uint32_t index)
{
    if (!array || array->type != MSGPACK_OBJECT_ARRAY || index >= array->via.array.size)
        return NULL;
    return &array->via.array.ptr[index];
}

const msgpack_object *object_get(const msgpack_object *map, const char *key)
{
    struct span name;

    if (!map || map->type != MSGPACK_OBJECT_MAP)
        return NULL;
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        if (object_span(&map->via.map.ptr[i].key, &name) == 0 && span_equal(name, span_of(key)))
            return &map->via.map.ptr[i].val;
    }
    return NULL;
}

int object_span(const msgpack_object *o, struct span *ret)
{
    if (!o || o->type != MSGPACK_OBJECT_STR)
        return -EBADMSG;
    *ret = (struct span){o->via.str.ptr, o->via.str.size};
    return 0;
}

int object_i64(const msgpack_object *o, int64_t *ret)
{
    if (!o)
        return -EBADMSG;
    if (o->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
        *ret = o->via.i64;
    else if (o->type == MSGPACK_OBJECT_POSITIVE_INTEGER && o->via.u64 <= INT64_MAX)
        *ret = (int64_t)o->via.u64;
    else
        return -EBADMSG;
    return 0;
}
