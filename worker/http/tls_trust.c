/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/http/tls_trust.h"
#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/crypto/tls_pem.h"
#include "worker/curl/tls_store.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>

/* One certificate: out of at most TLS_CA_BYTES_MAX, written anew. */
enum { LABEL_BYTES_MAX = 131072 };

struct tls_trust {
    X509_STORE *store;
    struct tls_client client; /* cert is NULL: none */
    struct buf label;
};

/* ---- the label ---- */

static bool digest_add(EVP_MD_CTX *digest, struct span part)
{
    uint64_t len = part.len; /* else "ab", "c" would be the same as "a", "bc" */

    return EVP_DigestUpdate(digest, &len, sizeof(len)) == 1 &&
           EVP_DigestUpdate(digest, part.data, part.len) == 1;
}

static int add_digest(struct buf *label, const struct span *parts, unsigned n)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    bool is_done = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1;

    for (unsigned i = 0; is_done && i < n; i++)
        is_done = digest_add(digest, parts[i]);
    is_done = is_done && EVP_DigestFinal_ex(digest, hash, &len) == 1;
    EVP_MD_CTX_free(digest);
    if (!is_done)
        return err_origin(-ENOMEM);
    buf_add_hex(label, hash, len);
    buf_add_char(label, '\n');
    return 0;
}

static int tls_trust_add_cert(struct buf *label, X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len;

    if (!bio || PEM_write_bio_X509(bio, cert) != 1) {
        BIO_free(bio);
        return err_origin(-ENOMEM);
    }
    len = BIO_get_mem_data(bio, &text);
    buf_add(label, text, (size_t)len);
    BIO_free(bio);
    return buf_result(label);
}

/* ---- life ---- */

static int read_ca(STACK_OF(X509) * *ret, struct span pem, struct diag *diag)
{
    if (pem.len)
        return tls_read_ca(ret, pem, diag);
    *ret = sk_X509_new_null();
    return *ret ? 0 : err_origin(-ENOMEM);
}

static int make_store(struct tls_trust *t, X509_STORE *shared, const STACK_OF(X509) * ca)
{
    if (sk_X509_num(ca))
        return tls_store_extend(&t->store, shared, ca);
    if (X509_STORE_up_ref(shared) != 1)
        return err_origin(-ENOMEM);
    t->store = shared;
    return 0;
}

static int trust_fill(struct tls_trust *t, X509_STORE *shared, const STACK_OF(X509) * ca,
                      const struct span *parts, unsigned n)
{
    int r = make_store(t, shared, ca);

    r = r ? r : add_digest(&t->label, parts, n);
    return r ? r
             : tls_trust_add_cert(&t->label,
                                  sk_X509_num(ca) ? sk_X509_value(ca, 0) : t->client.cert);
}

int tls_trust_new(struct tls_trust **ret, X509_STORE *shared, struct span ca_pem,
                  struct span client_cert_pem, struct span client_key_pem, struct diag *diag)
{
    const struct span parts[] = {ca_pem, client_cert_pem, client_key_pem};
    struct tls_trust *t = calloc(1, sizeof(*t));
    STACK_OF(X509) *ca = NULL;
    int r;

    if (!t)
        return err_origin(-ENOMEM);
    buf_init(&t->label, LABEL_BYTES_MAX);
    r = read_ca(&ca, ca_pem, diag);
    if (!r && (client_cert_pem.len || client_key_pem.len))
        r = tls_read_client(&t->client, client_cert_pem, client_key_pem, diag);
    r = r ? r : trust_fill(t, shared, ca, parts, ARRAY_LEN(parts));
    sk_X509_pop_free(ca, X509_free);
    if (r) {
        tls_trust_free(t);
        return r;
    }
    *ret = t;
    return 0;
}

struct tls_trust *tls_trust_free(struct tls_trust *t)
{
    if (!t)
        return NULL;
    X509_STORE_free(t->store);
    tls_client_fini(&t->client);
    buf_fini(&t->label);
    free(t);
    return NULL;
}

char *tls_trust_label(struct tls_trust *t, size_t *ret_len)
{
    *ret_len = t->label.len;
    return t->label.data;
}

int tls_trust_apply(const struct tls_trust *t, SSL_CTX *context)
{
    const struct tls_client *c = &t->client;

    SSL_CTX_set1_cert_store(context, t->store);
    if (!c->cert || SSL_CTX_use_cert_and_key(context, c->cert, c->key, c->chain, 1) == 1)
        return 0;
    ERR_clear_error();
    return err_origin(-EINVAL);
}
