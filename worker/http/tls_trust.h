/* SPDX-License-Identifier: Apache-2.0 */
/* tls_trust.h: what one target trusts and shows, where that is not what all do: extra CA
 * certificates, a client certificate. Only the HTTP client uses it.
 *
 * curl hands connections and TLS sessions from call to call, and cannot see what we put into a
 * connection's SSL_CTX. What it does compare, byte by byte, before it does so is
 * CURLOPT_CAINFO_BLOB: 7.88 for connections and for sessions (Curl_ssl_config_matches), 8.14 for
 * connections (match_ssl_primary_config) and, as a SHA-256, in the sessions' key
 * (Curl_ssl_peer_key_make). Neither compares CURLOPT_SSLKEY_BLOB. So each target with something of
 * its own sets that blob to its label: a comment with the SHA-256 of all that it trusts and shows,
 * the private key too, and one certificate, as curl refuses a blob without. curl loads that into a
 * store which is then replaced by ours. */
#ifndef GRAPNEL_WORKER_HTTP_TLS_TRUST_H
#define GRAPNEL_WORKER_HTTP_TLS_TRUST_H

#include "common/base/base.h"
#include <openssl/ssl.h>

struct tls_trust;

/* Some of the PEM texts are given; all are borrowed. @shared: what everybody trusts, referenced.
 * -EINVAL with words (tls_pem.h), -ENOMEM. */
int tls_trust_new(struct tls_trust **ret, X509_STORE *shared, struct span ca_pem,
                  struct span client_cert_pem, struct span client_key_pem, struct diag *diag);
struct tls_trust *tls_trust_free(struct tls_trust *t); /* NULL is fine; returns NULL */

/* Lends, for the trust's life. Not const only because curl's options are not. */
char *tls_trust_label(struct tls_trust *t, size_t *ret_len);
int tls_trust_apply(const struct tls_trust *t, SSL_CTX *context); /* -EINVAL */

#endif
