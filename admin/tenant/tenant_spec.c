#include "admin/tenant/tenant_spec.h"
#include <errno.h>

enum { RECORD_MAX = 64 << 10, TRIES = 10 };

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

static int tenant_spec_change_once(struct store *s, struct span id, const struct tenant_spec *spec,
                                   tenant_may_fn *may, void *arg, struct tenant **ret)
{
    struct tenant *t = NULL;
    struct buf old;
    int r;

    buf_init(&old, RECORD_MAX);
    r = store_tenant_get(s, id, &t, &old);
    if (!r && may)
        r = may(arg, buf_span(&old));
    r = r ? r : tenant_spec_apply(t, spec);
    r = r ? r : store_tenant_put(s, t, buf_span(&old));
    buf_fini(&old);
    if (r)
        (void)tenant_unref(t);
    else
        *ret = t;
    return r;
}

int tenant_spec_change(struct store *s, struct span id, const struct tenant_spec *spec,
                       tenant_may_fn *may, void *arg, struct tenant **ret)
{
    int r = STORE_CHANGED;

    for (int i = 0; r == STORE_CHANGED && i < TRIES; i++)
        r = tenant_spec_change_once(s, id, spec, may, arg, ret);
    return r;
}
