/* SPDX-License-Identifier: Apache-2.0 */
/* tls_server.h: an HTTPS receiver for the tests of the HTTP client. Its certificates are made on
 * the spot; the name that the client asks for (SNI) picks one: good.test, expired.test, self.test
 * (signed by itself), anything else: good.test's. A thread per connection; one answer to every
 * request: "ok", or who the client is where it was asked for a certificate. */
#ifndef GRAPNEL_TESTS_SUPPORT_TLS_SERVER_H
#define GRAPNEL_TESTS_SUPPORT_TLS_SERVER_H

#include "tests/support/scripted_server.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>

enum { TLS_CONNECTIONS_MAX = 512, TLS_DAY_S = 86400 };

struct tls_identity {
    EVP_PKEY *key;
    X509 *certificate;
};

struct tls_server {
    int listener;
    uint16_t port;
    SSL_CTX *context;
    pthread_t thread;
    struct tls_identity ca, good, expired, self;
    bool asks_for_client; /* answers with its name, or "nobody" */
    char last_name[64];   /* SNI; "" when there was none. Valid when an answer has come. */
    atomic_uint n_handshakes, n_resumed, n_requests;
    atomic_bool is_closing_each; /* every answer says Connection: close */
    pthread_t connections[TLS_CONNECTIONS_MAX];
    unsigned n_connections;
};

/* Signed by @issuer, or by itself when that is NULL. */
static inline struct tls_identity tls_identity_make(const char *name, long valid_days,
                                                    const struct tls_identity *issuer, bool is_ca)
{
    struct tls_identity i = {EVP_EC_gen("P-256"), X509_new()};
    const struct tls_identity *by = issuer ? issuer : &i;
    X509_NAME *subject = X509_get_subject_name(i.certificate);
    X509_EXTENSION *extension;
    static long serial;
    char alt[128];

    (void)snprintf(alt, sizeof(alt), "DNS:%s", name);
    MUST(X509_set_version(i.certificate, 2));
    MUST(ASN1_INTEGER_set(X509_get_serialNumber(i.certificate), ++serial));
    MUST(X509_gmtime_adj(X509_getm_notBefore(i.certificate), -2L * TLS_DAY_S));
    MUST(X509_gmtime_adj(X509_getm_notAfter(i.certificate), valid_days * TLS_DAY_S));
    MUST(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                    -1, 0));
    MUST(X509_set_issuer_name(i.certificate, X509_get_subject_name(by->certificate)));
    MUST(X509_set_pubkey(i.certificate, i.key));
    extension = is_ca ? X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE")
                      : X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alt);
    MUST(extension && X509_add_ext(i.certificate, extension, -1));
    X509_EXTENSION_free(extension);
    MUST(X509_sign(i.certificate, by->key, EVP_sha256()));
    return i;
}

static inline void tls_identity_fini(struct tls_identity *i)
{
    EVP_PKEY_free(i->key);
    X509_free(i->certificate);
}

static inline void tls_ca_write(const struct tls_server *s, const char *path)
{
    FILE *f = fopen(path, "we");

    MUST(f && PEM_write_X509(f, s->ca.certificate) && fclose(f) == 0);
}

static inline int tls_pick(SSL *ssl, int *alert, void *arg)
{
    struct tls_server *s = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    struct tls_identity *i = &s->good;

    (void)alert;
    (void)snprintf(s->last_name, sizeof(s->last_name), "%s", name ? name : "");
    if (name && strcmp(name, "expired.test") == 0)
        i = &s->expired;
    else if (name && strcmp(name, "self.test") == 0)
        i = &s->self;
    MUST(SSL_use_certificate(ssl, i->certificate) && SSL_use_PrivateKey(ssl, i->key));
    return SSL_TLSEXT_ERR_OK;
}

struct tls_connection {
    struct tls_server *server;
    int fd;
};

/* True when a whole request has come. */
static inline bool tls_read_request(SSL *ssl)
{
    char text[65536];
    size_t len = 0;

    while (len < sizeof(text) - 1) {
        int n = SSL_read(ssl, text + len, (int)(sizeof(text) - 1 - len));
        char *end, *length;

        if (n <= 0)
            return false;
        len += (size_t)n;
        text[len] = '\0';
        end = strstr(text, "\r\n\r\n");
        length = strcasestr(text, "\r\nContent-Length: ");
        if (end && length && len >= (size_t)(end + 4 - text) + strtoul(length + 18, NULL, 10))
            return true;
    }
    return false;
}

/* Whoever it is; the test looks at the answer. */
static inline int tls_any_client(int is_good, X509_STORE_CTX *context)
{
    (void)is_good, (void)context;
    return 1;
}

/* What the connection, or the session that it goes on with, says of the client. */
static inline void tls_answer(const struct tls_server *s, SSL *ssl, char ret[256])
{
    X509 *client = SSL_get0_peer_certificate(ssl);
    char name[64] = "nobody";

    if (client)
        MUST(X509_NAME_get_text_by_NID(X509_get_subject_name(client), NID_commonName, name,
                                       sizeof(name)) > 0);
    if (!s->asks_for_client)
        (void)snprintf(name, sizeof(name), "ok");
    (void)snprintf(ret, 256, "HTTP/1.1 200 OK\r\n%sContent-Length: %zu\r\n\r\n%s",
                   s->is_closing_each ? "Connection: close\r\n" : "", strlen(name), name);
}

/* After a refusal: closing with a request unread would be a reset, which overtakes the alert. */
static inline void tls_linger(int fd)
{
    char text[4096];

    (void)shutdown(fd, SHUT_WR);
    while (read(fd, text, sizeof(text)) > 0)
        ;
}

static inline void *tls_serve(void *arg)
{
    struct tls_connection *c = arg;
    struct tls_server *s = c->server;
    SSL *ssl = SSL_new(s->context);
    char answer[256];
    sigset_t pipe_only;

    /* OpenSSL writes without MSG_NOSIGNAL. Only in this thread: the client must do without. */
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    MUST(pthread_sigmask(SIG_BLOCK, &pipe_only, NULL) == 0);
    MUST(SSL_set_fd(ssl, c->fd));
    if (SSL_accept(ssl) == 1) {
        s->n_handshakes++;
        s->n_resumed += SSL_session_reused(ssl) ? 1 : 0;
        while (tls_read_request(ssl)) {
            s->n_requests++;
            tls_answer(s, ssl, answer);
            if (SSL_write(ssl, answer, (int)strlen(answer)) <= 0 || s->is_closing_each)
                break;
        }
        (void)SSL_shutdown(ssl);
    } else {
        tls_linger(c->fd);
    }
    ERR_clear_error();
    SSL_free(ssl);
    close(c->fd);
    free(c);
    return NULL;
}

/* Until the listener is shut down. */
static inline void *tls_run(void *arg)
{
    struct tls_server *s = arg;
    int fd;

    while ((fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        struct tls_connection *c = malloc(sizeof(*c));

        MUST(c && s->n_connections < TLS_CONNECTIONS_MAX);
        *c = (struct tls_connection){s, fd};
        MUST(pthread_create(&s->connections[s->n_connections++], NULL, tls_serve, c) == 0);
    }
    return NULL;
}

/* @version_max such as TLS1_1_VERSION; 0: the newest. */
static inline struct tls_server *tls_server_start(int version_max)
{
    struct tls_server *s = calloc(1, sizeof(*s));

    s->ca = tls_identity_make("Grapnel test CA", 1, NULL, true);
    s->good = tls_identity_make("good.test", 1, &s->ca, false);
    s->expired = tls_identity_make("expired.test", -1, &s->ca, false);
    s->self = tls_identity_make("self.test", 1, NULL, false);
    s->context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(s->context, 0);
    MUST(SSL_CTX_set_min_proto_version(s->context, TLS1_VERSION));
    MUST(SSL_CTX_set_max_proto_version(s->context, version_max));
    MUST(SSL_CTX_set_session_id_context(s->context, (const unsigned char *)"test", 4));
    SSL_CTX_set_tlsext_servername_callback(s->context, tls_pick);
    SSL_CTX_set_tlsext_servername_arg(s->context, s);
    MUST(SSL_CTX_use_certificate(s->context, s->good.certificate));
    MUST(SSL_CTX_use_PrivateKey(s->context, s->good.key));
    s->listener = listen_on_loopback(&s->port, 512);
    MUST(pthread_create(&s->thread, NULL, tls_run, s) == 0);
    return s;
}

static inline void tls_ask_for_client(struct tls_server *s)
{
    s->asks_for_client = true;
    SSL_CTX_set_verify(s->context, SSL_VERIFY_PEER, tls_any_client);
}

/* A client must show one that the server's CA has signed. */
static inline void tls_require_client(struct tls_server *s)
{
    MUST(X509_STORE_add_cert(SSL_CTX_get_cert_store(s->context), s->ca.certificate));
    SSL_CTX_set_verify(s->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

/* As PEM, into @ret. */
static inline struct span tls_pem_of(const struct tls_identity *i, bool is_key, char ret[4096])
{
    BIO *bio = BIO_new(BIO_s_mem());
    int len;

    MUST(is_key ? PEM_write_bio_PrivateKey(bio, i->key, NULL, NULL, 0, NULL, NULL)
                : PEM_write_bio_X509(bio, i->certificate));
    len = BIO_read(bio, ret, 4096);
    MUST(len > 0 && len < 4096);
    BIO_free(bio);
    return (struct span){ret, (size_t)len};
}

/* The client must have closed its connections. */
static inline void tls_server_stop(struct tls_server *s)
{
    (void)shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    for (unsigned i = 0; i < s->n_connections; i++)
        pthread_join(s->connections[i], NULL);
    close(s->listener);
    SSL_CTX_free(s->context);
    tls_identity_fini(&s->ca);
    tls_identity_fini(&s->good);
    tls_identity_fini(&s->expired);
    tls_identity_fini(&s->self);
    free(s);
}

#endif
