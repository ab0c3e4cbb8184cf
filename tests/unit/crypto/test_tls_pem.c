/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/tls_pem.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/support/tls_server.h"
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

struct pem {
    char text[4096];
    struct span span;
};

static const struct span *cert_pem(struct pem *p, const struct tls_identity *i)
{
    p->span = tls_pem_of(i, false, p->text);
    return &p->span;
}

static const struct span *key_pem(struct pem *p, const struct tls_identity *i)
{
    p->span = tls_pem_of(i, true, p->text);
    return &p->span;
}

static void check_refused(int r, const struct diag *diag, const char *words)
{
    if (r != -EINVAL || !strstr(diag->text, words))
        print_error("%d '%s'; expected '%s'\n", r, diag->text, words);
    assert_int_equal(r, -EINVAL);
    assert_non_null(strstr(diag->text, words));
    assert_int_equal(ERR_peek_error(), 0);
}

static void refuses_ca(struct span pem, const char *words)
{
    struct diag diag = {""};

    check_refused(tls_check_ca(pem, &diag), &diag, words);
}

static void refuses_client(struct span cert, struct span key, const char *words)
{
    struct diag diag = {""};

    check_refused(tls_check_client(cert, key, &diag), &diag, words);
}

static void takes_client(struct span cert, struct span key)
{
    struct diag diag = {""};

    if (tls_check_client(cert, key, &diag))
        fail_msg("%s", diag.text);
    assert_int_equal(ERR_peek_error(), 0);
}

/* ---- ca ---- */

static void test_ca(void **state)
{
    struct tls_identity a = tls_identity_make("a", 1, NULL, true);
    struct tls_identity b = tls_identity_make("b", -1, NULL, false); /* expired, and no CA */
    struct pem pem[2];
    STACK_OF(X509) *certs = NULL;
    char text[10000];

    (void)state;
    (void)snprintf(text, sizeof(text), "# ours\n%.*s\n\nsubject=b\r\n%.*s# end",
                   (int)cert_pem(&pem[0], &a)->len, pem[0].text, (int)cert_pem(&pem[1], &b)->len,
                   pem[1].text);
    assert_int_equal(tls_check_ca(span_of(text), NULL), 0);
    assert_int_equal(tls_read_ca(&certs, span_of(text), NULL), 0);
    assert_int_equal(sk_X509_num(certs), 2);
    assert_int_equal(X509_cmp(sk_X509_value(certs, 0), a.certificate), 0);
    assert_int_equal(X509_cmp(sk_X509_value(certs, 1), b.certificate), 0);
    sk_X509_pop_free(certs, X509_free);
    tls_identity_fini(&a);
    tls_identity_fini(&b);
}

static void test_ca_refused(void **state)
{
    struct tls_identity a = tls_identity_make("a", 1, NULL, true);
    struct pem cert, key;
    char *large = malloc(TLS_CA_BYTES_MAX + 1), text[10000];

    (void)state;
    cert_pem(&cert, &a);
    key_pem(&key, &a);
    refuses_ca(SPAN(""), "ca: empty; expected PEM");
    refuses_ca(SPAN("garbage"), "ca: holds no certificate");
    refuses_ca(SPAN("\0\0\0"), "ca: holds no certificate");
    refuses_ca(SPAN("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"),
               "ca: certificate 1 cannot be read");
    refuses_ca(SPAN("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"),
               "ca: block 1 is broken");
    refuses_ca((struct span){cert.text, cert.span.len / 2}, "ca: block 1 is broken");
    refuses_ca(key.span, "ca: block 1 is 'PRIVATE KEY'; expected CERTIFICATE");
    (void)snprintf(text, sizeof(text), "%.*s%.*s", (int)cert.span.len, cert.text, (int)key.span.len,
                   key.text);
    refuses_ca(span_of(text), "ca: block 2 is 'PRIVATE KEY'");
    (void)snprintf(text, sizeof(text), "%.*s%.*s", (int)cert.span.len, cert.text,
                   (int)cert.span.len / 2, cert.text);
    refuses_ca(span_of(text), "ca: block 2 is broken");

    memset(large, '\n', TLS_CA_BYTES_MAX + 1);
    memcpy(large, cert.text, cert.span.len);
    assert_int_equal(tls_check_ca((struct span){large, TLS_CA_BYTES_MAX}, NULL), 0);
    refuses_ca((struct span){large, TLS_CA_BYTES_MAX + 1}, "ca: 65537 bytes; expected at most");
    free(large);
    tls_identity_fini(&a);
}

/* ---- the client's certificate and key ---- */

static void test_client(void **state)
{
    struct tls_identity ca = tls_identity_make("ca", 1, NULL, true);
    struct tls_identity a = tls_identity_make("a", -1, &ca, false); /* expired: attempts tell */
    struct tls_client client = {NULL, NULL, NULL};
    struct pem pem[2], key;
    char text[10000];

    (void)state;
    key_pem(&key, &a);
    (void)snprintf(text, sizeof(text), "%.*s%.*s", (int)cert_pem(&pem[0], &a)->len, pem[0].text,
                   (int)cert_pem(&pem[1], &ca)->len, pem[1].text);
    takes_client(span_of(text), key.span);
    assert_int_equal(tls_read_client(&client, span_of(text), key.span, NULL), 0);
    assert_int_equal(X509_cmp(client.cert, a.certificate), 0);
    assert_int_equal(sk_X509_num(client.chain), 1);
    assert_int_equal(EVP_PKEY_eq(client.key, a.key), 1);
    tls_client_fini(&client);
    tls_client_fini(&client);
    /* the chain first: the key fits the first certificate only */
    (void)snprintf(text, sizeof(text), "%.*s%.*s", (int)pem[1].span.len, pem[1].text,
                   (int)pem[0].span.len, pem[0].text);
    refuses_client(span_of(text), key.span, "client_key: does not fit the first certificate");
    tls_identity_fini(&a);
    tls_identity_fini(&ca);
}

static void test_client_refused(void **state)
{
    struct tls_identity a = tls_identity_make("a", 1, NULL, false);
    struct tls_identity b = tls_identity_make("b", 1, NULL, false);
    struct pem cert, key, other;
    char *large = calloc(1, TLS_CLIENT_CERT_BYTES_MAX + 1);

    (void)state;
    cert_pem(&cert, &a);
    key_pem(&key, &a);
    refuses_client(cert.span, SPAN(""), "client_cert: expected with client_key");
    refuses_client(SPAN(""), key.span, "client_cert: expected with client_key");
    refuses_client(cert.span, *key_pem(&other, &b), "client_key: does not fit");
    refuses_client(cert.span, SPAN("garbage"), "client_key: holds no private key");
    refuses_client(cert.span, cert.span, "client_key: holds no private key");
    refuses_client(key.span, key.span, "client_cert: block 1 is 'PRIVATE KEY'");
    refuses_client(SPAN("garbage"), key.span, "client_cert: holds no certificate");
    memset(large, '\n', TLS_CLIENT_CERT_BYTES_MAX + 1);
    refuses_client((struct span){large, TLS_CLIENT_CERT_BYTES_MAX + 1}, key.span,
                   "client_cert: 16385 bytes; expected at most 16384");
    refuses_client(cert.span, (struct span){large, TLS_CLIENT_KEY_BYTES_MAX + 1},
                   "client_key: 8193 bytes; expected at most 8192");
    free(large);
    tls_identity_fini(&a);
    tls_identity_fini(&b);
}

static void test_client_key_is_encrypted(void **state)
{
    struct tls_identity a = tls_identity_make("a", 1, NULL, false);
    unsigned char secret[] = "secret";
    struct pem cert;
    char *text;

    (void)state;
    for (unsigned is_old = 0; is_old < 2; is_old++) { /* PKCS #8, and "Proc-Type: 4,ENCRYPTED" */
        BIO *bio = BIO_new(BIO_s_mem());
        long len;

        MUST(is_old
                 ? PEM_write_bio_PrivateKey_traditional(bio, a.key, EVP_aes_128_cbc(), secret, 6,
                                                        NULL, NULL)
                 : PEM_write_bio_PrivateKey(bio, a.key, EVP_aes_128_cbc(), secret, 6, NULL, NULL));
        len = BIO_get_mem_data(bio, &text);
        refuses_client(*cert_pem(&cert, &a), (struct span){text, (size_t)len},
                       "client_key: encrypted; expected a key without a passphrase");
        BIO_free(bio);
    }
    tls_identity_fini(&a);
}

/* A certificate is public. Who has somebody's, and a key that says it is the other half, must not
 * be taken for them. */
static void test_client_key_is_forged(void **state)
{
    struct tls_identity a = tls_identity_make("a", 1, NULL, false), forged = a;
    EVP_PKEY *other = EVP_EC_gen("P-256");
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params;
    unsigned char *public = NULL;
    BIGNUM *private = NULL;
    size_t len = EVP_PKEY_get1_encoded_public_key(a.key, &public);
    struct pem cert, key;

    (void)state;
    MUST(EVP_PKEY_get_bn_param(other, OSSL_PKEY_PARAM_PRIV_KEY, &private));
    MUST(OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0));
    MUST(OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, public, len));
    MUST(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, private));
    params = OSSL_PARAM_BLD_to_param(build);
    forged.key = NULL;
    MUST(EVP_PKEY_fromdata_init(context) == 1);
    MUST(EVP_PKEY_fromdata(context, &forged.key, EVP_PKEY_KEYPAIR, params) == 1);
    refuses_client(*cert_pem(&cert, &a), *key_pem(&key, &forged),
                   "client_key: its private and public half do not match");

    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(forged.key);
    EVP_PKEY_free(other);
    BN_free(private);
    OPENSSL_free(public);
    tls_identity_fini(&a);
}

static struct tls_identity with_key(EVP_PKEY *key, const EVP_MD *digest)
{
    struct tls_identity i = tls_identity_make("a", 1, NULL, false);

    EVP_PKEY_free(i.key);
    i.key = key;
    MUST(X509_set_pubkey(i.certificate, key) && X509_sign(i.certificate, key, digest));
    return i;
}

static void test_client_kinds_of_keys(void **state)
{
    struct tls_identity kinds[] = {
        with_key(EVP_RSA_gen(2048), EVP_sha256()),
        with_key(EVP_EC_gen("P-384"), EVP_sha384()),
        with_key(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL),
    };
    struct tls_identity weak = with_key(EVP_RSA_gen(1024), EVP_sha256());
    struct pem cert, key;

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(kinds); i++) {
        takes_client(*cert_pem(&cert, &kinds[i]), *key_pem(&key, &kinds[i]));
        tls_identity_fini(&kinds[i]);
    }
    refuses_client(*cert_pem(&cert, &weak), *key_pem(&key, &weak),
                   "expected at least RSA 2048 or P-256");
    tls_identity_fini(&weak);
}

/* A key whose use, or check, would hold up everybody's deliveries. (4352 is quick to make.) */
static void test_client_key_is_too_large(void **state)
{
    struct tls_identity large = with_key(EVP_RSA_gen(4352), EVP_sha256());
    struct pem cert, key;

    (void)state;
    refuses_client(*cert_pem(&cert, &large), *key_pem(&key, &large),
                   "client_key: 4352 bits; expected at most 4096");
    tls_identity_fini(&large);
}

static void test_client_weak_signature(void **state)
{
    struct tls_identity ca = tls_identity_make("ca", 1, NULL, true);
    struct tls_identity weak = tls_identity_make("weak", 1, &ca, false);
    struct pem cert, key;

    (void)state;
    MUST(X509_sign(weak.certificate, ca.key, EVP_sha1()));
    refuses_client(*cert_pem(&cert, &weak), *key_pem(&key, &weak), "signed with SHA-256");
    tls_identity_fini(&weak);
    tls_identity_fini(&ca);
}

/* As `openssl ecparam -genkey` and `openssl rsa -traditional` write them. */
static void test_client_traditional_keys(void **state)
{
    struct tls_identity kinds[] = {
        with_key(EVP_RSA_gen(2048), EVP_sha256()),
        with_key(EVP_EC_gen("P-256"), EVP_sha256()),
    };
    struct pem cert;

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(kinds); i++) {
        BIO *bio = BIO_new(BIO_s_mem());
        char *text;
        long len;

        if (i == 1)
            MUST(BIO_puts(bio, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                               "-----END EC PARAMETERS-----\n") > 0);
        MUST(PEM_write_bio_PrivateKey_traditional(bio, kinds[i].key, NULL, NULL, 0, NULL, NULL));
        len = BIO_get_mem_data(bio, &text);
        takes_client(*cert_pem(&cert, &kinds[i]), (struct span){text, (size_t)len});
        BIO_free(bio);
        tls_identity_fini(&kinds[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ca),
        cmocka_unit_test(test_ca_refused),
        cmocka_unit_test(test_client),
        cmocka_unit_test(test_client_refused),
        cmocka_unit_test(test_client_key_is_encrypted),
        cmocka_unit_test(test_client_key_is_forged),
        cmocka_unit_test(test_client_kinds_of_keys),
        cmocka_unit_test(test_client_key_is_too_large),
        cmocka_unit_test(test_client_weak_signature),
        cmocka_unit_test(test_client_traditional_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
