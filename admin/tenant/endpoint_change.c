/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/tenant/endpoint_change.h"
#include "admin/store/store_update.h"
#include "admin/tenant/store_tenant.h"
#include <errno.h>
#include <openssl/crypto.h>

/* Whether it is used is not in the record that was written: told as it is now. */
static int endpoint_change_put(struct store *s, struct endpoint *e,
                               const struct endpoint_spec *spec, struct span old, int64_t now_ms)
{
    const char *reason = spec->reason ? spec->reason : "disabled by hand";
    int r = store_endpoint_put_use(s, e, old, spec->use, reason);

    if (r)
        return r;
    if (spec->use == ENDPOINT_USE) {
        free(TAKE(e->disabled_reason));
    } else if (spec->use == ENDPOINT_DISUSE && !e->disabled_reason) {
        e->disabled_ms = now_ms;
        return endpoint_replace_text(&e->disabled_reason, span_of(reason));
    }
    return 0;
}

static int done(struct endpoint *e, int r, struct endpoint **ret, struct made_secret *made)
{
    if (!r) {
        *ret = e;
        return 0;
    }
    (void)endpoint_free(e);
    OPENSSL_cleanse(made, sizeof(*made));
    return r;
}

int endpoint_spec_add(struct store *s, struct span tenant, const struct endpoint_spec *spec,
                      const struct endpoint_rules *rules, struct endpoint **ret,
                      struct made_secret *ret_made)
{
    struct endpoint *e = NULL;
    struct tenant *t = NULL;
    int64_t now_ms = 0;
    int r = store_tenant_get(s, tenant, &t, NULL);

    *ret_made = (struct made_secret){""};
    if (r == STORE_MISSING)
        return STORE_NO_TENANT;
    r = r ? r : store_change_begin(s, &now_ms);
    r = r ? r
          : endpoint_spec_make(&e, spec, t, s->keys.partitions, rules, now_ms, ret_made, &s->words);
    r = r ? r : endpoint_change_put(s, e, spec, SPAN(""), now_ms);
    (void)tenant_unref(t);
    return done(e, r, ret, ret_made);
}

int store_endpoint_of(struct store *s, struct span tenant, struct span id, struct endpoint **ret,
                      struct buf *ret_record)
{
    struct endpoint *e = NULL;
    int r = store_endpoint_get(s, id, &e, ret_record);

    if (!r && !span_equal(span_of(e->tenant), tenant)) {
        (void)endpoint_free(e);
        return STORE_MISSING;
    }
    if (!r)
        *ret = e;
    return r;
}

/* What one try needs, as it is called again and again. */
struct change {
    struct span tenant, id;
    const struct endpoint_spec *spec;
    const struct endpoint_rules *rules;
    endpoint_may_fn *may;
    void *arg;
    struct endpoint **ret;
    struct made_secret *ret_made;
};

static int endpoint_change_apply(const struct change *c, struct store *s, struct endpoint *e,
                                 struct span old)
{
    struct tenant *t = NULL;
    int64_t now_ms = 0;
    int r = store_tenant_get(s, c->tenant, &t, NULL);

    r = r ? r : store_change_begin(s, &now_ms);
    r = r ? r : endpoint_spec_apply(e, c->spec, t, c->rules, now_ms, c->ret_made, &s->words);
    r = r ? r : endpoint_change_put(s, e, c->spec, old, now_ms);
    (void)tenant_unref(t);
    return r;
}

static int endpoint_change_once(void *arg, struct store *s, struct buf *old)
{
    const struct change *c = arg;
    struct endpoint *e = NULL;
    int r;

    *c->ret_made = (struct made_secret){""};
    r = store_endpoint_of(s, c->tenant, c->id, &e, old);
    if (!r && c->may)
        r = c->may(c->arg, buf_span(old));
    r = r ? r : endpoint_change_apply(c, s, e, buf_span(old));
    return done(e, r, c->ret, c->ret_made);
}

int endpoint_spec_change(struct store *s, struct span tenant, struct span id,
                         const struct endpoint_spec *spec, const struct endpoint_rules *rules,
                         endpoint_may_fn *may, void *arg, struct endpoint **ret,
                         struct made_secret *ret_made)
{
    struct change c = {tenant, id, spec, rules, may, arg, ret, ret_made};

    return store_update(s, endpoint_change_once, &c);
}
