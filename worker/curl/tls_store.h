/* SPDX-License-Identifier: Apache-2.0 */
/* tls_store.h: the certificates by which endpoints are trusted: one OpenSSL store, read once and
 * put into each connection's context. (curl by itself would read the bundle for each: 21 ms.) */
#ifndef GRAPNEL_WORKER_CURL_TLS_STORE_H
#define GRAPNEL_WORKER_CURL_TLS_STORE_H

#include "common/base/base.h"
#include <openssl/x509_vfy.h>

/* From the PEM file @ca_file; NULL or "": the system's, which a log line mentions if there are
 * none. Gives a store, to be freed by X509_STORE_free(). -EINVAL with words, -ENOMEM. */
int tls_store_new(X509_STORE **ret, const char *ca_file, struct diag *diag);

/* What @store holds, and @more besides. The certificates are shared, not copied. Gives a store.
 * -ENOMEM. */
int tls_store_extend(X509_STORE **ret, X509_STORE *store, const STACK_OF(X509) * more);

#endif
