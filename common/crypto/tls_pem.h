/* SPDX-License-Identifier: Apache-2.0 */
/* tls_pem.h: an endpoint's own TLS material in PEM (RFC 7468): CA certificates, and a client
 * certificate with its key. Pure; no files, no network.
 *
 * The checks are for those who configure; the worker reads by the same functions. The words name
 * the fields `ca`, `client_cert` and `client_key`, and never show what is in them. That a
 * certificate has expired is not refused here: the attempts will tell. Text between the blocks is
 * passed over, as everywhere; a block of another kind is not. */
#ifndef GRAPNEL_COMMON_CRYPTO_TLS_PEM_H
#define GRAPNEL_COMMON_CRYPTO_TLS_PEM_H

#include "common/base/base.h"
#include <openssl/evp.h>
#include <openssl/x509.h>

enum {
    TLS_CA_BYTES_MAX = 65536,
    TLS_CLIENT_CERT_BYTES_MAX = 16384,
    TLS_CLIENT_KEY_BYTES_MAX = 8192,
};

/* One certificate or more, of any kind: one that is trusted itself ends a chain. -EINVAL with
 * words, -ENOMEM. */
int tls_check_ca(struct span pem, struct diag *diag);

/* The certificate, behind it those that lead to its CA; the key must fit, be unencrypted, and both
 * be as strong as today's servers ask for (RSA 2048, no SHA-1), but not above 4096 bits, as each
 * handshake holds up the loop. -EINVAL with words, -ENOMEM. */
int tls_check_client(struct span cert_pem, struct span key_pem, struct diag *diag);

/* Whom a client shows itself as. */
struct tls_client {
    X509 *cert;
    STACK_OF(X509) * chain; /* without the certificate itself; may be empty */
    EVP_PKEY *key;
};

/* As the checks above; borrow the PEM and give *ret. */
int tls_read_ca(STACK_OF(X509) * *ret, struct span pem, struct diag *diag);
int tls_read_client(struct tls_client *ret, struct span cert_pem, struct span key_pem,
                    struct diag *diag);
void tls_client_fini(struct tls_client *c); /* fine for a zeroed one */

#endif
