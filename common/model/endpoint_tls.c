/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/endpoint_tls.h"
#include "common/base/err.h"
#include "common/crypto/tls_pem.h"
#include <errno.h>

int endpoint_set_ca(struct endpoint *e, struct span pem, struct diag *diag)
{
    int r = pem.len ? tls_check_ca(pem, diag) : 0;

    return r ? r : endpoint_replace_text(&e->ca, pem);
}

static int seal_key(const struct endpoint *e, const struct master_key *k, struct span pem,
                    struct sealed *ret)
{
    struct buf sealed;
    int r;

    *ret = (struct sealed){NULL, 0};
    if (!pem.len)
        return 0;
    buf_init(&sealed, TLS_CLIENT_KEY_BYTES_MAX + SECRET_OVERHEAD);
    r = secret_seal(&sealed, k, span_of(e->id), pem);
    if (!r) {
        ret->len = sealed.len;
        ret->data = buf_take(&sealed);
        r = ret->data ? 0 : err_origin(-ENOMEM);
    }
    buf_fini(&sealed);
    return r;
}

int endpoint_set_client(struct endpoint *e, const struct master_key *k, struct span cert_pem,
                        struct span key_pem, struct diag *diag)
{
    struct sealed sealed;
    int r = 0;

    if (!cert_pem.len != !key_pem.len)
        return diag_set(diag, "client_cert: expected with client_key, both or none");
    if (cert_pem.len)
        r = tls_check_client(cert_pem, key_pem, diag);
    r = r ? r : seal_key(e, k, key_pem, &sealed);
    if (r)
        return r;
    r = endpoint_replace_text(&e->client_cert, cert_pem);
    if (r) {
        free(sealed.data);
        return r;
    }
    free(e->client_key.data);
    e->client_key = sealed;
    return 0;
}

int endpoint_open_client_key(struct buf *ret, const struct endpoint *e, const struct master_key *k)
{
    return e->client_key.len ? secret_open(ret, k, span_of(e->id),
                                           (struct span){e->client_key.data, e->client_key.len})
                             : 0;
}
