/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/endpoint_reseal.h"
#include "common/base/err.h"

struct sealed *endpoint_sealed(struct endpoint *e, unsigned index)
{
    if (index < e->secrets.n)
        return &e->secrets.all[index].sealed;
    return index == e->secrets.n && e->client_key.len ? &e->client_key : NULL;
}

/* The sealed form is as long as it was: the ids of all keys are of one length. */
static int endpoint_reseal_reseal(struct sealed *s, const struct master_key *k, struct span context)
{
    struct buf plain, sealed;
    int r;

    buf_init(&plain, SECRET_PLAIN_MAX);
    buf_init(&sealed, SECRET_PLAIN_MAX + SECRET_OVERHEAD);
    r = secret_open(&plain, k, context, (struct span){s->data, s->len});
    r = r ? r : secret_seal(&sealed, k, context, buf_span(&plain));
    if (!r)
        memcpy(s->data, sealed.data, s->len);
    buf_wipe(&plain);
    buf_fini(&sealed);
    return r;
}

int sealed_renew(struct sealed *s, const struct master_key *k, struct span context,
                 bool *ret_changed, struct diag *ret_fault)
{
    struct span sealed = {s->data, s->len};
    int r;

    if (secret_is_current(k, sealed))
        return 0;
    r = endpoint_reseal_reseal(s, k, context);
    if (r) {
        secret_fault(ret_fault, k, sealed, r);
        return err_trace(r);
    }
    *ret_changed = true;
    return 0;
}

int endpoint_reseal(struct endpoint *e, const struct master_key *k, bool *ret_changed,
                    struct diag *ret_fault)
{
    struct sealed *s;
    int r = 0;

    *ret_changed = false;
    for (unsigned i = 0; !r && (s = endpoint_sealed(e, i)); i++)
        r = sealed_renew(s, k, span_of(e->id), ret_changed, ret_fault);
    return r;
}
