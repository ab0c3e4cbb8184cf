/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/tenant/endpoint_revoke.h"
#include "admin/store/store_update.h"
#include <errno.h>

static int endpoint_revoke_take_away(struct endpoint_secrets *secrets, const char *id,
                                     unsigned *ret_n)
{
    int r;

    if (!id) {
        *ret_n = endpoint_secrets_revoke_old(secrets);
        return 0;
    }
    r = endpoint_secrets_revoke(secrets, id);
    *ret_n = r == 0;
    return r;
}

struct revoking {
    const struct endpoint_revocation *what;
    struct endpoint **ret;
    unsigned *ret_n;
};

static int revoke_once(void *arg, struct store *s, struct buf *old)
{
    const struct revoking *v = arg;
    struct endpoint *e = NULL;
    int r = store_endpoint_get(s, v->what->endpoint, &e, old);

    if (!r && v->what->tenant.len && !span_equal(v->what->tenant, span_of(e->tenant)))
        r = STORE_MISSING;
    r = r ? r : endpoint_revoke_take_away(&e->secrets, v->what->secret, v->ret_n);
    if (!r && *v->ret_n)
        r = store_endpoint_put(s, e, buf_span(old));
    if (r)
        (void)endpoint_free(e);
    else
        *v->ret = e;
    return r;
}

int store_endpoint_revoke(struct store *s, const struct endpoint_revocation *what,
                          struct endpoint **ret, unsigned *ret_n)
{
    struct revoking v = {what, ret, ret_n};

    return store_update(s, revoke_once, &v);
}
