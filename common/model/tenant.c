/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/tenant.h"

#include "common/base/err.h"
#include "common/base/pack.h"
#include "common/base/text.h"
#include <errno.h>

int tenant_new(struct tenant **ret, struct span id)
{
    struct tenant *t;

    if (id.len >= sizeof(t->id))
        return err_origin(-EBADMSG);
    t = calloc(1, sizeof(*t));
    if (!t)
        return err_origin(-ENOMEM);
    if (id.len) /* an entry that cannot be read has none, and NULL for data */
        memcpy(t->id, id.data, id.len);
    t->limit = -1;
    t->refs = 1;
    *ret = t;
    return 0;
}

struct tenant *tenant_ref(struct tenant *t)
{
    t->refs++;
    return t;
}

static void tenant_free(struct tenant *t)
{
    for (unsigned i = 0; i < t->n_endpoints; i++) {
        if (t->endpoints[i]->attached && t->detach)
            t->detach(t->endpoints[i]);
        endpoint_free(t->endpoints[i]);
    }
    free(t->endpoints);
    free(t->name);
    free(t->domain);
    free(t->webhook);
    free(t);
}

struct tenant *tenant_unref(struct tenant *t)
{
    if (t && --t->refs == 0)
        tenant_free(t);
    return NULL;
}

void tenant_pack(struct buf *b, const struct tenant *t)
{
    pack_map(b, 6);
    pack_text(b, "name");
    pack_text(b, t->name);
    pack_text(b, "domain");
    pack_text(b, t->domain);
    pack_text(b, "limit");
    pack_i64(b, t->limit);
    pack_text(b, "plain");
    pack_i64(b, t->may_be_plain);
    pack_text(b, "webhook");
    pack_text(b, t->webhook);
    pack_text(b, "created");
    pack_i64(b, t->created_ms);
}

static int tenant_parse_map(struct tenant *t, const msgpack_object *map)
{
    struct span name, domain, webhook;
    int64_t plain;

    if (object_span(object_get(map, "name"), &name) ||
        object_span(object_get(map, "domain"), &domain) ||
        object_span(object_get(map, "webhook"), &webhook) ||
        object_i64(object_get(map, "limit"), &t->limit) ||
        object_i64(object_get(map, "plain"), &plain) ||
        object_i64(object_get(map, "created"), &t->created_ms))
        return -EBADMSG;
    if (t->limit < -1 || t->limit > TENANT_LIMIT_MAX)
        return -EBADMSG;
    t->may_be_plain = plain != 0;
    t->name = text_copy(name);
    t->domain = text_copy(domain);
    t->webhook = text_copy(webhook);
    return t->name && t->domain && t->webhook ? 0 : -ENOMEM;
}

int tenant_parse(struct tenant *t, struct span record)
{
    const msgpack_object *map;
    struct unpack u;
    int r;

    unpack_init(&u, record);
    r = unpack_next(&u, &map);
    r = r ? -EBADMSG : tenant_parse_map(t, map);
    unpack_fini(&u);
    if (r)
        return err_origin(r);
    t->exists = true;
    return 0;
}

int tenant_add_endpoint(struct tenant *t, struct endpoint *e)
{
    struct endpoint **grown = reallocarray(t->endpoints, t->n_endpoints + 1, sizeof(*grown));

    if (!grown)
        return err_origin(-ENOMEM);
    t->endpoints = grown;
    t->endpoints[t->n_endpoints++] = e;
    return 0;
}

struct endpoint *tenant_endpoint(const struct tenant *t, struct span id)
{
    for (unsigned i = 0; i < t->n_endpoints; i++)
        if (span_equal(span_of(t->endpoints[i]->id), id))
            return t->endpoints[i];
    return NULL;
}
