/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_tls.h: what an endpoint has of its own for TLS (tls_pem.h): CA certificates that it is trusted by
 * besides the common ones, and a client certificate with its key. The key is sealed as secrets are. */
#ifndef GRAPNEL_COMMON_MODEL_ENDPOINT_TLS_H
#define GRAPNEL_COMMON_MODEL_ENDPOINT_TLS_H

#include "common/model/endpoint.h"

/* Empty: none. -EINVAL with words, -ENOMEM; nothing changed then. */
int endpoint_set_ca(struct endpoint *e, struct span pem, struct diag *diag);
/* Both, or both empty: none. Also -ENOKEY: there is no master key to seal with. */
int endpoint_set_client(struct endpoint *e, const struct master_key *k, struct span cert_pem,
                        struct span key_pem, struct diag *diag);

/* Appends the key's PEM to @ret (wipe it), nothing when there is none. As secret_open(). */
int endpoint_open_client_key(struct buf *ret, const struct endpoint *e, const struct master_key *k);

#endif
