/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/http/http_target.h"
#include "common/base/err.h"
#include <errno.h>

static int parse_url(struct http_target *t, const char *url, struct diag *diag)
{
    CURLUcode code;

    t->url = curl_url();
    code = t->url ? curl_url_set(t->url, CURLUPART_URL, url, 0) : CURLUE_OUT_OF_MEMORY;
    if (code == CURLUE_OUT_OF_MEMORY)
        return err_origin(-ENOMEM);
    if (code)
        return diag_set(diag, "url: %s; expected http:// or https://", curl_url_strerror(code));
    return 0;
}

static int make_trust(struct http_target *t, X509_STORE *store, const struct http_target_options *o,
                      struct diag *diag)
{
    if (!o->ca_pem.len && !o->client_cert_pem.len && !o->client_key_pem.len)
        return 0;
    return tls_trust_new(&t->trust, store, o->ca_pem, o->client_cert_pem, o->client_key_pem, diag);
}

int http_target_make(struct http_target **ret, const struct egress_policy *egress,
                     X509_STORE *store, const struct http_target_options *o, struct diag *diag)
{
    struct http_target *t;
    int r;

    /* Plain http is the API's to refuse; here it may be an endpoint from a time when it was
     * allowed. */
    r = egress_check_url(egress, span_of(o->url), true, diag);
    if (r)
        return err_trace(r);
    t = calloc(1, sizeof(*t));
    if (!t)
        return err_origin(-ENOMEM);
    t->n_refs = 1;
    r = parse_url(t, o->url, diag);
    r = r ? r : make_trust(t, store, o, diag);
    if (r) {
        http_target_unref(t);
        return err_trace(r);
    }
    *ret = t;
    return 0;
}

struct http_target *http_target_ref(struct http_target *t)
{
    t->n_refs++;
    return t;
}

struct http_target *http_target_unref(struct http_target *t)
{
    if (!t || --t->n_refs)
        return NULL;
    curl_url_cleanup(t->url);
    tls_trust_free(t->trust);
    free(t);
    return NULL;
}
