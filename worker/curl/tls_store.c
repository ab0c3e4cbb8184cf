/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/curl/tls_store.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include <curl/curl.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>

static bool tls_store_load(X509_STORE *store, const char *file)
{
    bool is_loaded = file && *file && X509_STORE_load_file(store, file) == 1;

    ERR_clear_error(); /* else a later TLS error would show it */
    return is_loaded;
}

/* What curl was built to use is right for the distribution; OpenSSL's own default often is not. */
static void load_system(X509_STORE *store)
{
    const char *named = getenv(X509_get_default_cert_file_env());
    const char *bundle = curl_version_info(CURLVERSION_NOW)->cainfo;

    if (tls_store_load(store, named) || tls_store_load(store, bundle) ||
        tls_store_load(store, X509_get_default_cert_file()))
        return;
    log_warn("no CA certificates found: every https endpoint will be refused",
             LOG_TEXT("looked_at", bundle ? bundle : X509_get_default_cert_file()));
}

/* As curl has it: a certificate that is trusted itself ends the chain, be it a root or not. */
static X509_STORE *store_new(void)
{
    X509_STORE *store = X509_STORE_new();

    if (store)
        (void)X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
    return store;
}

int tls_store_new(X509_STORE **ret, const char *ca_file, struct diag *diag)
{
    X509_STORE *store = store_new();

    if (!store)
        return err_origin(-ENOMEM);
    if (!ca_file || !*ca_file) {
        load_system(store);
    } else if (!tls_store_load(store, ca_file)) {
        X509_STORE_free(store);
        return diag_set(diag, "tls_ca_file: no certificates in '%.120s'; expected a PEM file",
                        ca_file);
    }
    *ret = store;
    return 0;
}

static bool copy_object(X509_STORE *to, const X509_OBJECT *object)
{
    X509 *cert = X509_OBJECT_get0_X509(object);
    X509_CRL *crl = X509_OBJECT_get0_X509_CRL(object);

    return (!cert || X509_STORE_add_cert(to, cert) == 1) &&
           (!crl || X509_STORE_add_crl(to, crl) == 1);
}

int tls_store_extend(X509_STORE **ret, X509_STORE *store, const STACK_OF(X509) * more)
{
    X509_STORE *wider = store_new();
    bool is_whole = wider != NULL;

    (void)X509_STORE_lock(store);
    for (int i = 0; is_whole && i < sk_X509_OBJECT_num(X509_STORE_get0_objects(store)); i++)
        is_whole = copy_object(wider, sk_X509_OBJECT_value(X509_STORE_get0_objects(store), i));
    (void)X509_STORE_unlock(store);
    for (int i = 0; is_whole && i < sk_X509_num(more); i++)
        is_whole = X509_STORE_add_cert(wider, sk_X509_value(more, i)) == 1;
    if (!is_whole) {
        X509_STORE_free(wider);
        return err_origin(-ENOMEM);
    }
    *ret = wider;
    return 0;
}
