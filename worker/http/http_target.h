/* SPDX-License-Identifier: Apache-2.0 */
/* http_target.h: what a target is, for the files of the HTTP client; everybody else has
 * http_client.h. */
#ifndef GRAPNEL_WORKER_HTTP_HTTP_TARGET_H
#define GRAPNEL_WORKER_HTTP_HTTP_TARGET_H

#include "worker/http/http_client.h"
#include "worker/http/tls_trust.h"
#include <curl/curl.h>

struct http_target {
    CURLU *url;
    struct tls_trust *trust; /* NULL: what all trust, and no certificate shown */
    unsigned n_refs;
};

/* @store: what all trust. See http_target_new(). */
int http_target_make(struct http_target **ret, const struct egress_policy *egress,
                     X509_STORE *store, const struct http_target_options *o, struct diag *diag);

#endif
