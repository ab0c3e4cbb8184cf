/* SPDX-License-Identifier: Apache-2.0 */
#include "common/redis/redis_tls.h"
#include "common/base/err.h"
#include <arpa/inet.h>
#include <errno.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

static bool has_text(const char *text)
{
    return text && *text;
}

static int use_files(SSL_CTX *tls, const struct redis_address *a, struct diag *diag)
{
    if (has_text(a->tls_ca_file)) {
        if (SSL_CTX_load_verify_file(tls, a->tls_ca_file) != 1)
            return diag_set(diag, "redis_ca_file: %s holds no certificates that can be read",
                            a->tls_ca_file);
    } else if (SSL_CTX_set_default_verify_paths(tls) != 1) {
        return diag_set(diag, "the system's certificates cannot be used");
    }

    if (has_text(a->tls_cert_file) != has_text(a->tls_key_file))
        return diag_set(diag, "redis_cert_file and redis_key_file must be given together");
    if (!has_text(a->tls_cert_file))
        return 0;
    if (SSL_CTX_use_certificate_chain_file(tls, a->tls_cert_file) != 1)
        return diag_set(diag, "redis_cert_file: %s holds no certificate that can be read",
                        a->tls_cert_file);
    if (SSL_CTX_use_PrivateKey_file(tls, a->tls_key_file, SSL_FILETYPE_PEM) != 1)
        return diag_set(diag,
                        "redis_key_file: %s holds no key that can be read or fits the certificate",
                        a->tls_key_file);
    return 0;
}

int redis_tls_new(SSL_CTX **ret, const struct redis_address *a, struct diag *diag)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    int r;

    if (!tls)
        return err_origin(-ENOMEM);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    r = use_files(tls, a, diag);
    ERR_clear_error();
    if (r) {
        SSL_CTX_free(tls);
        return r;
    }
    *ret = tls;
    return 0;
}

/* Whom the certificate must be for. A name is also told to the server (SNI); an address may not be.
 */
static bool set_host(SSL *ssl, char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1;
}

int redis_tls_start(SSL **ret, SSL_CTX *tls, char *host, redisContext *redis, const char **ret_why)
{
    SSL *ssl = SSL_new(tls);
    const char *why;

    *ret_why = "TLS cannot be started";
    if (!ssl)
        return err_origin(-ENOMEM);
    if (!set_host(ssl, host) || redisInitiateSSL(redis, ssl) != REDIS_OK) {
        why = redis_tls_words(ssl);
        if (why)
            *ret_why = why;
        SSL_free(ssl); /* hiredis takes it only if that went well */
        return err_origin(-EPROTO);
    }
    *ret = ssl;
    return 0;
}

const char *redis_tls_words(const SSL *ssl)
{
    long verdict = SSL_get_verify_result(ssl);

    if (verdict != X509_V_OK)
        return X509_verify_cert_error_string(verdict);
    return ERR_reason_error_string(ERR_peek_last_error());
}
