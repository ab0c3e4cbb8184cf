/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/tls_pem.h"
#include "common/base/err.h"
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* What OpenSSL calls the level of 112 bits: RSA 2048, no SHA-1. */
enum { SECURITY_LEVEL = 2, SIGNATURE_STRENGTH_MIN = 112 /* bits, as that level demands */ };

/* A handshake with more costs the worker's loop, which all endpoints share, tens of milliseconds. */
enum { KEY_BITS_MAX = 4096, SIGNATURE_BYTES_MAX = KEY_BITS_MAX / 8 };

static void certs_free(STACK_OF(X509) * certs)
{
    sk_X509_pop_free(certs, X509_free);
}

static void certs_freep(STACK_OF(X509) * *certs)
{
    certs_free(*certs);
}

static void bio_freep(BIO **bio)
{
    BIO_free(*bio);
}

static int check_size(struct span pem, size_t bytes_max, const char *field, struct diag *diag)
{
    if (pem.len == 0)
        return diag_set(diag, "%s: empty; expected PEM", field);
    if (pem.len > bytes_max)
        return diag_set(diag, "%s: %zu bytes; expected at most %zu", field, pem.len, bytes_max);
    return 0;
}

/* ---- certificates ---- */

/* One block, as PEM_read_bio() gives it. */
struct block {
    char *name, *header;
    unsigned char *bytes;
    long len;
};

static void block_fini(struct block *b)
{
    OPENSSL_free(b->name);
    OPENSSL_free(b->header);
    OPENSSL_clear_free(b->bytes, (size_t)b->len); /* it may be a key in the wrong place */
}

static int tls_pem_add_cert(STACK_OF(X509) * certs, const struct block *b, const char *field,
                            struct diag *diag)
{
    const unsigned char *at = b->bytes;
    unsigned place = (unsigned)sk_X509_num(certs) + 1;
    X509 *cert;

    if (strcmp(b->name, PEM_STRING_X509) != 0 && strcmp(b->name, PEM_STRING_X509_OLD) != 0)
        return diag_set(diag, "%s: block %u is '%.40s'; expected CERTIFICATE", field, place,
                        b->name);
    cert = d2i_X509(NULL, &at, b->len);
    if (!cert || at != b->bytes + b->len) {
        X509_free(cert);
        return diag_set(diag, "%s: certificate %u cannot be read", field, place);
    }
    if (!sk_X509_push(certs, cert)) {
        X509_free(cert);
        return err_origin(-ENOMEM);
    }
    return 0;
}

/* At the end of the text, or where no more can be read. */
static int end_of_blocks(unsigned n, const char *field, struct diag *diag)
{
    bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

    if (!is_end)
        return diag_set(diag, "%s: block %u is broken; expected PEM", field, n + 1);
    if (n == 0)
        return diag_set(
            diag, "%s: holds no certificate; expected PEM (-----BEGIN CERTIFICATE-----)", field);
    return 0;
}

static int read_certs(STACK_OF(X509) * *ret, struct span pem, const char *field, struct diag *diag)
{
    _cleanup_(certs_freep) STACK_OF(X509) *certs = sk_X509_new_null();
    _cleanup_(bio_freep) BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    int r = 0;

    if (!certs || !bio)
        return err_origin(-ENOMEM);
    ERR_clear_error();
    for (;;) {
        _cleanup_(block_fini) struct block b = {NULL};

        if (PEM_read_bio(bio, &b.name, &b.header, &b.bytes, &b.len) != 1)
            break;
        r = tls_pem_add_cert(certs, &b, field, diag);
        if (r)
            break;
    }
    r = r ? r : end_of_blocks((unsigned)sk_X509_num(certs), field, diag);
    ERR_clear_error(); /* else a later TLS error would show it */
    if (!r)
        *ret = TAKE(certs);
    return r;
}

int tls_read_ca(STACK_OF(X509) * *ret, struct span pem, struct diag *diag)
{
    int r = check_size(pem, TLS_CA_BYTES_MAX, "ca", diag);

    return r ? r : read_certs(ret, pem, "ca", diag);
}

int tls_check_ca(struct span pem, struct diag *diag)
{
    STACK_OF(X509) *certs = NULL;
    int r = tls_read_ca(&certs, pem, diag);

    if (!r)
        certs_free(certs);
    return r;
}

/* ---- the client's key ---- */

static int on_passphrase(char *to, int size, int is_writing, void *arg)
{
    bool *is_encrypted = arg;

    (void)to, (void)size, (void)is_writing;
    *is_encrypted = true;
    return -1;
}

static int tls_pem_read_key(EVP_PKEY **ret, struct span pem, struct diag *diag)
{
    _cleanup_(bio_freep) BIO *bio = NULL;
    bool is_encrypted = false;
    int r = check_size(pem, TLS_CLIENT_KEY_BYTES_MAX, "client_key", diag);

    if (r)
        return r;
    bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    if (!bio)
        return err_origin(-ENOMEM);
    *ret = PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, &is_encrypted);
    ERR_clear_error();
    if (*ret)
        return 0;
    if (is_encrypted)
        return diag_set(diag, "client_key: encrypted; expected a key without a passphrase");
    return diag_set(diag,
                    "client_key: holds no private key; expected PEM (-----BEGIN PRIVATE KEY-----)");
}

static void tls_pem_digest_freep(EVP_MD_CTX **c)
{
    EVP_MD_CTX_free(*c);
}

/* With the digest that the key's kind has by default, or none. */
static bool can_sign(EVP_PKEY *key)
{
    static const unsigned char text[] = "grapnel";
    _cleanup_(tls_pem_digest_freep) EVP_MD_CTX *sign = EVP_MD_CTX_new(), *verify = EVP_MD_CTX_new();
    unsigned char signature[SIGNATURE_BYTES_MAX];
    size_t len = sizeof(signature);

    return sign && verify && EVP_DigestSignInit(sign, NULL, NULL, NULL, key) == 1 &&
           EVP_DigestSign(sign, signature, &len, text, sizeof(text)) == 1 &&
           EVP_DigestVerifyInit(verify, NULL, NULL, NULL, key) == 1 &&
           EVP_DigestVerify(verify, signature, len, text, sizeof(text)) == 1;
}

/* Is it a whole key? One that only carries the public half of somebody else's certificate would
 * "fit" that. It is tried out, as libcrypto's own check looks for the factors of RSA's primes too:
 * seconds, in which the caller's loop stands still. */
static int check_pair(EVP_PKEY *key, struct diag *diag)
{
    if (EVP_PKEY_get_bits(key) > KEY_BITS_MAX)
        return diag_set(diag, "client_key: %d bits; expected at most %d", EVP_PKEY_get_bits(key),
                        KEY_BITS_MAX);
    return can_sign(key) ? 0
                         : diag_set(diag, "client_key: its private and public half do not match");
}

/* A self-signed certificate's own signature proves nothing, so it may be weak. */
static bool has_weak_signature(X509 *cert)
{
    int bits = 0;

    if (X509_get_extension_flags(cert) & EXFLAG_SS)
        return false;
    return X509_get_signature_info(cert, NULL, NULL, &bits, NULL) != 1 ||
           bits < SIGNATURE_STRENGTH_MIN;
}

/* Not left to libssl, which looks at the signatures of a client's own chain in some releases only. */
static int check_signatures(const struct tls_client *c, struct diag *diag)
{
    bool is_weak = has_weak_signature(c->cert);

    for (int i = 0; i < sk_X509_num(c->chain) && !is_weak; i++)
        is_weak = has_weak_signature(sk_X509_value(c->chain, i));
    if (!is_weak)
        return 0;
    return diag_set(diag,
                    "client_cert: holds a certificate with a weak signature, such as SHA-1's; "
                    "expected all of them signed with SHA-256 or stronger");
}

/* What libssl would refuse with each handshake, it refuses here: weak keys and signatures. */
static int check_strength(const struct tls_client *c, struct diag *diag)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    bool is_usable;
    const char *why;

    if (!tls)
        return err_origin(-ENOMEM);
    SSL_CTX_set_security_level(tls, SECURITY_LEVEL);
    ERR_clear_error();
    is_usable = SSL_CTX_use_cert_and_key(tls, c->cert, c->key, c->chain, 1) == 1;
    SSL_CTX_free(tls);
    if (is_usable)
        return 0;
    why = ERR_reason_error_string(ERR_peek_last_error());
    return diag_set(diag,
                    "client_cert: cannot be used: %.60s; expected at least RSA 2048 or"
                    " P-256, signed with SHA-256",
                    why ? why : "unknown reason");
}

static int check_client(const struct tls_client *c, struct diag *diag)
{
    int r;

    if (X509_check_private_key(c->cert, c->key) != 1)
        r = diag_set(diag, "client_key: does not fit the first certificate of client_cert");
    else
        r = check_pair(c->key, diag);
    r = r ? r : check_signatures(c, diag);
    r = r ? r : check_strength(c, diag);
    ERR_clear_error();
    return r;
}

int tls_read_client(struct tls_client *ret, struct span cert_pem, struct span key_pem,
                    struct diag *diag)
{
    _cleanup_(tls_client_fini) struct tls_client c = {NULL, NULL, NULL};
    int r;

    if (!cert_pem.len != !key_pem.len)
        return diag_set(diag, "client_cert: expected with client_key");
    r = check_size(cert_pem, TLS_CLIENT_CERT_BYTES_MAX, "client_cert", diag);
    r = r ? r : read_certs(&c.chain, cert_pem, "client_cert", diag);
    if (r)
        return r;
    c.cert = sk_X509_shift(c.chain);
    r = tls_pem_read_key(&c.key, key_pem, diag);
    r = r ? r : check_client(&c, diag);
    if (r)
        return r;
    *ret = c;
    c = (struct tls_client){NULL, NULL, NULL};
    return 0;
}

int tls_check_client(struct span cert_pem, struct span key_pem, struct diag *diag)
{
    struct tls_client c = {NULL, NULL, NULL};
    int r = tls_read_client(&c, cert_pem, key_pem, diag);

    tls_client_fini(&c);
    return r;
}

void tls_client_fini(struct tls_client *c)
{
    X509_free(c->cert);
    certs_free(c->chain);
    EVP_PKEY_free(c->key);
    *c = (struct tls_client){NULL, NULL, NULL};
}
