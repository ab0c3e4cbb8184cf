/* SPDX-License-Identifier: Apache-2.0 */
/* redis_tls.h: TLS to Redis. The server's certificate and name are always verified.
 *
 * hiredis' own contexts verify the certificate but not whose it is, so we make them ourselves and
 * hand it the finished session. */
#ifndef GRAPNEL_COMMON_REDIS_REDIS_TLS_H
#define GRAPNEL_COMMON_REDIS_REDIS_TLS_H

#include "common/redis/redis_client.h"
#include <openssl/ssl.h>

/* The context for all of a client's connections. -EINVAL with words, -ENOMEM. */
int redis_tls_new(SSL_CTX **ret, const struct redis_address *a, struct diag *diag);

/* Begins a session for @host on a connected @redis. On success @redis owns *@ret. The handshake may get
 * as far as the server's certificate in here: when it fails, *@ret_why says why (a static string). */
int redis_tls_start(SSL **ret, SSL_CTX *tls, char *host, redisContext *redis, const char **ret_why);

/* Why the session failed; lends a static string, NULL when OpenSSL has nothing to say. */
const char *redis_tls_words(const SSL *ssl);

#endif
