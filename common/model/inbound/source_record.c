/* SPDX-License-Identifier: Apache-2.0 */
/* source_record.c: a source as it lies in Redis; see source.h. */
#include "common/base/err.h"
#include "common/base/pack.h"
#include "common/model/inbound/source.h"
#include <errno.h>

enum { MEMBERS = 13 };

/* ---- writing ---- */

static void source_record_pack_pair(struct buf *b, const char *key, const char *text)
{
    pack_text(b, key);
    pack_text(b, text);
}

static void pack_number(struct buf *b, const char *key, int64_t value)
{
    pack_text(b, key);
    pack_i64(b, value);
}

static void pack_pick(struct buf *b, const char *key, const struct source_pick *pick)
{
    pack_text(b, key);
    pack_array(b, 2);
    pack_i64(b, (int64_t)pick->from);
    pack_text(b, pick->text);
}

void source_pack(struct buf *b, const struct source *s)
{
    pack_map(b, MEMBERS);
    source_record_pack_pair(b, "tenant", s->tenant);
    source_record_pack_pair(b, "name", s->name);
    source_record_pack_pair(b, "kind", s->kind->name);
    source_record_pack_pair(b, "header", s->header);
    source_record_pack_pair(b, "prefix", s->prefix);
    pack_number(b, "algorithm", (int64_t)s->algorithm);
    pack_number(b, "tolerance", s->tolerance_ms);
    pack_pick(b, "type", &s->type);
    source_record_pack_pair(b, "type_prefix", s->type_prefix);
    pack_pick(b, "unique", &s->unique);
    pack_text(b, "kept");
    pack_array(b, s->n_kept);
    for (unsigned i = 0; i < s->n_kept; i++)
        pack_text(b, s->kept[i]);
    pack_text(b, "times");
    pack_array(b, 2);
    pack_i64(b, s->created_ms);
    pack_i64(b, s->updated_ms);
    pack_text(b, "secrets");
    endpoint_secrets_pack(b, &s->secrets);
}

/* ---- reading ---- */

static int source_record_copy(const msgpack_object *o, char *ret, size_t size)
{
    struct span text;

    if (object_span(o, &text) || text.len >= size || memchr(text.data, '\0', text.len))
        return -EBADMSG;
    memcpy(ret, text.data, text.len);
    ret[text.len] = '\0';
    return 0;
}

static int source_record_get_number(const msgpack_object *o, int64_t max, int64_t *ret)
{
    return object_i64(o, ret) || *ret < 0 || *ret > max ? -EBADMSG : 0;
}

static int get_pick(const msgpack_object *o, struct source_pick *ret)
{
    int64_t from;

    if (source_record_get_number(object_at(o, 0), SOURCE_FROM_BODY, &from) ||
        source_record_copy(object_at(o, 1), ret->text, sizeof(ret->text)))
        return -EBADMSG;
    ret->from = (enum source_from)from;
    return 0;
}

static int get_kept(const msgpack_object *array, struct source *s)
{
    const msgpack_object *item;

    if (!array || array->type != MSGPACK_OBJECT_ARRAY || array->via.array.size > SOURCE_HEADERS_MAX)
        return -EBADMSG;
    for (; (item = object_at(array, s->n_kept)); s->n_kept++)
        if (source_record_copy(item, s->kept[s->n_kept], sizeof(s->kept[0])))
            return -EBADMSG;
    return 0;
}

static int get_numbers(const msgpack_object *map, struct source *s)
{
    const msgpack_object *times = object_get(map, "times");
    int64_t algorithm;

    if (source_record_get_number(object_get(map, "algorithm"), SOURCE_SHA512, &algorithm) ||
        source_record_get_number(object_get(map, "tolerance"), INT64_MAX, &s->tolerance_ms) ||
        source_record_get_number(object_at(times, 0), INT64_MAX, &s->created_ms) ||
        source_record_get_number(object_at(times, 1), INT64_MAX, &s->updated_ms))
        return -EBADMSG;
    s->algorithm = (enum source_algorithm)algorithm;
    return 0;
}

static int source_record_parse_map(struct source *s, const msgpack_object *map)
{
    if (source_record_copy(object_get(map, "tenant"), s->tenant, sizeof(s->tenant)) ||
        source_record_copy(object_get(map, "name"), s->name, sizeof(s->name)) ||
        source_record_copy(object_get(map, "header"), s->header, sizeof(s->header)) ||
        source_record_copy(object_get(map, "prefix"), s->prefix, sizeof(s->prefix)) ||
        source_record_copy(object_get(map, "type_prefix"), s->type_prefix,
                           sizeof(s->type_prefix)) ||
        get_pick(object_get(map, "type"), &s->type) ||
        get_pick(object_get(map, "unique"), &s->unique) || get_numbers(map, s) ||
        get_kept(object_get(map, "kept"), s))
        return -EBADMSG;
    return endpoint_secrets_parse(&s->secrets, object_get(map, "secrets"));
}

static int source_record_parse_record(struct source **ret, struct span id,
                                      const msgpack_object *map)
{
    const struct source_kind *kind;
    struct source *s = NULL;
    struct span name;
    int r;

    if (object_span(object_get(map, "kind"), &name) || !(kind = source_kind_find(name)))
        return -EBADMSG;
    r = source_new(&s, id, kind);
    r = r ? r : source_record_parse_map(s, map);
    if (r)
        (void)source_free(s);
    else
        *ret = s;
    return r;
}

int source_parse(struct source **ret, struct span id, struct span record)
{
    const msgpack_object *map;
    struct unpack u;
    int r;

    unpack_init(&u, record);
    r = unpack_next(&u, &map);
    r = r ? -EBADMSG : source_record_parse_record(ret, id, map);
    unpack_fini(&u);
    return r ? err_origin(r) : 0;
}
