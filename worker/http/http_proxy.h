/* SPDX-License-Identifier: Apache-2.0 */
/* http_proxy.h: the setting egress_proxy, read once at start. Only the HTTP client uses it. */
#ifndef GRAPNEL_WORKER_HTTP_HTTP_PROXY_H
#define GRAPNEL_WORKER_HTTP_HTTP_PROXY_H

#include "common/base/base.h"

enum { HTTP_PROXY_BYTES_MAX = 1024 };

struct http_proxy {
    char url[HTTP_PROXY_BYTES_MAX + 8]; /* as curl wants it, password included; "": none */
    bool is_tls;                        /* the way to the proxy itself */
};

/* From http://, https:// or socks5:// [user[:password]@]host:port; NULL or "": none. User and
 * password are percent-decoded. socks5 becomes socks5h: a proxy is there to do the look-ups too.
 * -EINVAL with words that do not show the value. */
int http_proxy_parse(struct http_proxy *ret, const char *text, struct diag *diag);
void http_proxy_fini(struct http_proxy *p); /* wipes */

#endif
