#include "common/pack.h"

#include "common/err.h"
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

int unpack_next(struct unpack *u, const msgpack_object **ret)
{
    if (u->offset >= u->bytes.len)
        return UNPACK_END;
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
