/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/tenant/tenant_spec.h"
#include "admin/store/store_update.h"
#include <errno.h>

static int tenant_spec_replace(char **place, const char *value)
{
    char *copy = strdup(value);

    if (!copy)
        return -ENOMEM;
    free(*place);
    *place = copy;
    return 0;
}

static int tenant_spec_apply(struct tenant *t, const struct tenant_spec *spec)
{
    if (spec->has_limit)
        t->limit = spec->limit;
    if (spec->has_plain)
        t->may_be_plain = spec->may_be_plain;
    if ((spec->name && tenant_spec_replace(&t->name, spec->name)) ||
        (spec->domain && tenant_spec_replace(&t->domain, spec->domain)))
        return -ENOMEM;
    return 0;
}

int tenant_spec_add(struct store *s, struct span id, const struct tenant_spec *spec,
                    struct tenant **ret)
{
    struct tenant *t = NULL;
    int r = tenant_new(&t, id);

    r = r ? r : tenant_spec_apply(t, spec);
    r = r ? r : store_now_ms(s, &t->created_ms);
    r = r ? r : store_tenant_put(s, t, SPAN(""));
    if (r)
        (void)tenant_unref(t);
    else
        *ret = t;
    return r;
}

struct tenant_change {
    struct span id;
    const struct tenant_spec *spec;
    tenant_may_fn *may;
    void *arg;
    struct tenant **ret;
};

static int tenant_spec_change_once(void *arg, struct store *s, struct buf *old)
{
    const struct tenant_change *c = arg;
    struct tenant *t = NULL;
    int r = store_tenant_get(s, c->id, &t, old);

    if (!r && c->may)
        r = c->may(c->arg, buf_span(old));
    r = r ? r : tenant_spec_apply(t, c->spec);
    r = r ? r : store_tenant_put(s, t, buf_span(old));
    if (r)
        (void)tenant_unref(t);
    else
        *c->ret = t;
    return r;
}

int tenant_spec_change(struct store *s, struct span id, const struct tenant_spec *spec,
                       tenant_may_fn *may, void *arg, struct tenant **ret)
{
    struct tenant_change c = {id, spec, may, arg, ret};

    return store_update(s, tenant_spec_change_once, &c);
}
