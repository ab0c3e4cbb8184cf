/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_record.c: an endpoint as it lies in Redis; see endpoint.h. */
#include "common/base/err.h"
#include "common/base/pack.h"
#include "common/base/text.h"
#include "common/model/endpoint.h"
#include <errno.h>

enum { MEMBERS = 11, SLOTS_MAX = 1000000, SEALED_KEY_MAX = 16 << 10, PEM_MAX = 64 << 10 };

/* ---- writing ---- */

static void pack_policy(struct buf *b, const struct policy *p)
{
    unsigned n = 0;

    for (unsigned i = 0; i < N_POLICY_PARTS; i++)
        n += p->texts[i] != NULL;
    pack_map(b, n);
    for (unsigned i = 0; i < N_POLICY_PARTS; i++) {
        if (!p->texts[i])
            continue;
        pack_text(b, policy_part_name((enum policy_part)i));
        pack_text(b, p->texts[i]);
    }
}

void endpoint_pack(struct buf *b, const struct endpoint *e)
{
    pack_map(b, MEMBERS);
    pack_text(b, "tenant");
    pack_text(b, e->tenant);
    pack_text(b, "url");
    pack_text(b, e->url);
    pack_text(b, "description");
    pack_text(b, e->description);
    pack_text(b, "dialect");
    pack_text(b, e->dialect->name);
    pack_text(b, "created");
    pack_i64(b, e->created_ms);
    pack_text(b, "slots");
    pack_i64(b, e->slots);
    pack_text(b, "filter");
    pack_text(b, e->filter_text);
    pack_text(b, "tls");
    pack_array(b, 3);
    pack_text(b, e->ca);
    pack_text(b, e->client_cert);
    pack_span(b, (struct span){e->client_key.data, e->client_key.len});
    pack_text(b, "policy");
    pack_policy(b, &e->policy);
    pack_text(b, "events");
    pack_array(b, e->n_events);
    for (unsigned i = 0; i < e->n_events; i++)
        pack_text(b, e->events[i]);
    pack_text(b, "secrets");
    endpoint_secrets_pack(b, &e->secrets);
}

/* ---- reading ---- */

static int endpoint_record_get_text(const msgpack_object *o, size_t max, char **ret)
{
    struct span text;

    if (object_span(o, &text) || text.len > max || memchr(text.data, '\0', text.len))
        return -EBADMSG;
    return endpoint_replace_text(ret, text);
}

static int endpoint_record_get_number(const msgpack_object *map, const char *key, int64_t min,
                                      int64_t max, int64_t *ret)
{
    int64_t value;

    if (object_i64(object_get(map, key), &value) || value < min || value > max)
        return -EBADMSG;
    *ret = value;
    return 0;
}

/* They were checked when they were written: by rules that may be other ones now. */
static int get_events(const msgpack_object *array, struct endpoint *e)
{
    const msgpack_object *item;
    int r;

    if (!array || array->type != MSGPACK_OBJECT_ARRAY ||
        array->via.array.size > ENDPOINT_EVENTS_MAX)
        return -EBADMSG;
    e->events = calloc(array->via.array.size + 1, sizeof(*e->events));
    if (!e->events)
        return -ENOMEM;
    while ((item = object_at(array, e->n_events))) {
        r = endpoint_record_get_text(item, ENDPOINT_RECORD_MAX, &e->events[e->n_events]);
        if (r)
            return r;
        e->n_events++;
    }
    return 0;
}

static int endpoint_record_set_part(struct policy *p, struct span name, struct span text)
{
    enum policy_part part;
    char *copy;
    int r;

    if (policy_part_find(name, &part))
        return -EBADMSG; /* of a newer version: to leave it out would be another policy */
    copy = text_copy(text);
    if (!copy)
        return -ENOMEM;
    r = policy_set(p, part, copy, NULL);
    free(copy);
    return r == -EINVAL ? -EBADMSG : r;
}

static int get_policy(const msgpack_object *map, struct policy *p)
{
    struct span name, text;
    int r = 0;

    if (!map || map->type != MSGPACK_OBJECT_MAP)
        return -EBADMSG;
    for (uint32_t i = 0; i < map->via.map.size && !r; i++) {
        const msgpack_object_kv *kv = &map->via.map.ptr[i];

        if (object_span(&kv->key, &name) || object_span(&kv->val, &text))
            return -EBADMSG;
        r = endpoint_record_set_part(p, name, text);
    }
    return r;
}

static int get_sealed(const msgpack_object *o, struct sealed *ret)
{
    struct span sealed;

    if (object_span(o, &sealed) || sealed.len > SEALED_KEY_MAX)
        return -EBADMSG;
    ret->data = text_copy(sealed);
    ret->len = sealed.len;
    return ret->data ? 0 : -ENOMEM;
}

static int get_tls(const msgpack_object *array, struct endpoint *e)
{
    int r = endpoint_record_get_text(object_at(array, 0), PEM_MAX, &e->ca);

    r = r ? r : endpoint_record_get_text(object_at(array, 1), PEM_MAX, &e->client_cert);
    return r ? r : get_sealed(object_at(array, 2), &e->client_key);
}

static int get_filter(const msgpack_object *o, struct endpoint *e)
{
    struct span text;
    int r;

    if (object_span(o, &text))
        return -EBADMSG;
    r = endpoint_set_filter(e, text, NULL);
    return r == -EINVAL ? -EBADMSG : r;
}

static int endpoint_record_parse_map(struct endpoint *e, const msgpack_object *map)
{
    int64_t slots = 0;
    int r = endpoint_record_get_text(object_get(map, "tenant"), ENDPOINT_RECORD_MAX, &e->tenant);

    r = r ? r : endpoint_record_get_text(object_get(map, "url"), ENDPOINT_RECORD_MAX, &e->url);
    r = r ? r
          : endpoint_record_get_text(object_get(map, "description"), ENDPOINT_RECORD_MAX,
                                     &e->description);
    r = r ? r : endpoint_record_get_number(map, "created", 0, INT64_MAX, &e->created_ms);
    r = r ? r : endpoint_record_get_number(map, "slots", 0, SLOTS_MAX, &slots);
    e->slots = (unsigned)slots;
    r = r ? r : get_filter(object_get(map, "filter"), e);
    r = r ? r : get_tls(object_get(map, "tls"), e);
    r = r ? r : get_policy(object_get(map, "policy"), &e->policy);
    r = r ? r : get_events(object_get(map, "events"), e);
    return r ? r : endpoint_secrets_parse(&e->secrets, object_get(map, "secrets"));
}

static int endpoint_record_parse_record(struct endpoint **ret, struct span id,
                                        const msgpack_object *map)
{
    const struct dialect *dialect;
    struct endpoint *e;
    struct span name;
    int r;

    if (object_span(object_get(map, "dialect"), &name))
        return -EBADMSG;
    dialect = dialect_find(name);
    if (!dialect)
        return -EBADMSG;
    r = endpoint_new(&e, id, dialect);
    if (r)
        return r;
    r = endpoint_record_parse_map(e, map);
    if (r)
        endpoint_free(e);
    else
        *ret = e;
    return r;
}

int endpoint_parse(struct endpoint **ret, struct span id, struct span record)
{
    const msgpack_object *map;
    struct unpack u;
    int r;

    unpack_init(&u, record);
    r = unpack_next(&u, &map);
    r = r ? -EBADMSG : endpoint_record_parse_record(ret, id, map);
    unpack_fini(&u);
    return r ? err_origin(r) : 0;
}

int endpoint_parse_disabled(struct endpoint *e, struct span packed)
{
    const msgpack_object *o;
    struct unpack u;
    struct span reason;
    int r;

    unpack_init(&u, packed);
    r = unpack_next(&u, &o);
    r = r ? r : object_span(object_at(o, 0), &reason);
    r = r ? r : object_i64(object_at(o, 1), &e->disabled_ms);
    if (!r)
        e->disabled_reason = text_copy(reason);
    unpack_fini(&u);
    return r || !e->disabled_reason ? -EBADMSG : 0;
}
