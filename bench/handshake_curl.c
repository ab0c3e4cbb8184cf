/* SPDX-License-Identifier: Apache-2.0 */
/* handshake_curl.c: a bare curl loop: an easy handle per request, nothing set that needs not be.
 * The bundle is named, as the test's own CA is in it; else it is the default. */
#include "bench/handshake.h"
#include "common/base/err.h"
#include <curl/curl.h>

static size_t handshake_curl_on_body(char *data, size_t one, size_t len, void *arg)
{
    (void)data, (void)one, (void)arg;
    return len;
}

static int handshake_curl_call_once(const struct handshake_options *o, struct diag *diag)
{
    CURL *curl = curl_easy_init();
    CURLcode code;
    long status = 0;

    if (!curl)
        return err_origin(-ENOMEM);
    (void)curl_easy_setopt(curl, CURLOPT_URL, o->url);
    (void)curl_easy_setopt(curl, CURLOPT_CAINFO, o->ca_file);
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "{}");
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, handshake_curl_on_body);
    code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    if (code || status != 200)
        return diag_set(diag, "status %ld: %.150s", status, curl_easy_strerror(code));
    return 0;
}

int handshake_curl(struct handshake_result *ret, const struct handshake_options *o,
                   struct diag *diag)
{
    int64_t start_us = handshake_cpu_us();
    int r = curl_global_init(CURL_GLOBAL_DEFAULT) ? err_origin(-ENOMEM) : 0;

    ret->start_us = handshake_cpu_us() - start_us;
    r = r ? r : handshake_curl_call_once(o, diag);
    start_us = handshake_cpu_us();
    for (unsigned i = 0; i < o->n && !r; i++)
        r = handshake_curl_call_once(o, diag);
    ret->cpu_us = handshake_cpu_us() - start_us;
    ret->n_connects = o->n; /* each handle has its own */
    curl_global_cleanup();
    return r;
}
