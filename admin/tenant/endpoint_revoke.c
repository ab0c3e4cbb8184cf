#include "admin/tenant/endpoint_revoke.h"
#include <errno.h>

enum { TRIES = 10 };

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

static int revoke_once(struct store *s, const struct endpoint_revocation *what,
                       struct endpoint **ret, unsigned *ret_n)
{
    struct endpoint *e = NULL;
    struct buf old;
    int r;

    buf_init(&old, ENDPOINT_RECORD_MAX);
    r = store_endpoint_get(s, what->endpoint, &e, &old);
    if (!r && what->tenant.len && !span_equal(what->tenant, span_of(e->tenant)))
        r = STORE_MISSING;
    r = r ? r : endpoint_revoke_take_away(&e->secrets, what->secret, ret_n);
    if (!r && *ret_n)
        r = store_endpoint_put(s, e, buf_span(&old));
    buf_fini(&old);
    if (r)
        (void)endpoint_free(e);
    else
        *ret = e;
    return r;
}

int store_endpoint_revoke(struct store *s, const struct endpoint_revocation *what,
                          struct endpoint **ret, unsigned *ret_n)
{
    int r = STORE_CHANGED;

    for (int i = 0; r == STORE_CHANGED && i < TRIES; i++)
        r = revoke_once(s, what, ret, ret_n);
    return r;
}
