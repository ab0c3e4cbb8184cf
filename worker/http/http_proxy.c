/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/http/http_proxy.h"
#include "common/base/err.h"
#include <curl/curl.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <strings.h>

enum { LOGIN_BYTES_MAX = 255 }; /* of user and password each; SOCKS5 has one byte for it */

static const struct scheme {
    const char *text;
    const char *for_curl; /* the proxy resolves in any case */
    bool is_tls;
} schemes[] = {
    {"http://", "http://", false},
    {"https://", "https://", true},
    {"socks5://", "socks5h://", false},
    {"socks5h://", "socks5h://", false},
};

static const struct scheme *scheme_of(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (strncasecmp(text, schemes[i].text, strlen(schemes[i].text)) == 0)
            return &schemes[i];
    return NULL;
}

static int http_proxy_check_bytes(const char *text, struct diag *diag)
{
    size_t len = strnlen(text, HTTP_PROXY_BYTES_MAX + 1);

    if (len > HTTP_PROXY_BYTES_MAX)
        return diag_set(diag, "egress_proxy: longer than %d bytes", HTTP_PROXY_BYTES_MAX);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7f)
            return diag_set(diag,
                            "egress_proxy: space, control or non-ASCII character at byte %zu; "
                            "expected it percent-encoded",
                            i + 1);
    return 0;
}

static size_t part_len(CURLU *u, CURLUPart what, unsigned flags, CURLUcode *ret_code)
{
    char *text = NULL;
    size_t len = 0;

    *ret_code = curl_url_get(u, what, &text, flags);
    if (*ret_code)
        return 0;
    len = strlen(text);
    OPENSSL_cleanse(text, len);
    curl_free(text);
    return len;
}

static bool has_part(CURLU *u, CURLUPart what)
{
    CURLUcode code;

    return part_len(u, what, 0, &code) > 0;
}

/* That it can be decoded, and is short enough. */
static int check_login(CURLU *u, CURLUPart what, const char *name, struct diag *diag)
{
    CURLUcode code;
    size_t len = part_len(u, what, CURLU_URLDECODE, &code);

    if (code == CURLUE_OUT_OF_MEMORY)
        return err_origin(-ENOMEM);
    if (code == CURLUE_NO_USER || code == CURLUE_NO_PASSWORD)
        return 0;
    if (code || len > LOGIN_BYTES_MAX)
        return diag_set(diag,
                        "egress_proxy: the %s cannot be used; expected at most %d bytes, "
                        "percent-encoded, without control characters",
                        name, LOGIN_BYTES_MAX);
    return 0;
}

static int http_proxy_check_parts(CURLU *u, const char *rest, struct diag *diag)
{
    size_t authority_len = strcspn(rest, "/?#");
    int r;

    if (strcmp(rest + authority_len, "") != 0 && strcmp(rest + authority_len, "/") != 0)
        return diag_set(diag, "egress_proxy: has something behind host:port; expected nothing");
    if (!has_part(u, CURLUPART_PORT))
        return diag_set(diag, "egress_proxy: no port; expected host:port");
    r = check_login(u, CURLUPART_USER, "user name", diag);
    return r ? r : check_login(u, CURLUPART_PASSWORD, "password", diag);
}

static int http_proxy_check_form(const char *url, const char *rest, struct diag *diag)
{
    CURLU *u = curl_url();
    CURLUcode code =
        u ? curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) : CURLUE_OUT_OF_MEMORY;
    int r;

    if (code == CURLUE_OUT_OF_MEMORY)
        r = err_origin(-ENOMEM);
    else if (code)
        r = diag_set(diag, "egress_proxy: %s; expected [user:password@]host:port behind the scheme",
                     curl_url_strerror(code));
    else
        r = http_proxy_check_parts(u, rest, diag);
    curl_url_cleanup(u);
    return r;
}

int http_proxy_parse(struct http_proxy *ret, const char *text, struct diag *diag)
{
    const struct scheme *scheme;
    const char *rest;
    int r;

    *ret = (struct http_proxy){.is_tls = false};
    if (!text || !*text)
        return 0;
    r = http_proxy_check_bytes(text, diag);
    if (r)
        return r;
    scheme = scheme_of(text);
    if (!scheme)
        return diag_set(diag, "egress_proxy: expected http://, https:// or socks5:// and "
                              "[user:password@]host:port");
    rest = text + strlen(scheme->text);
    (void)snprintf(ret->url, sizeof(ret->url), "%s%s", scheme->for_curl, rest);
    ret->is_tls = scheme->is_tls;
    r = http_proxy_check_form(ret->url, rest, diag);
    if (r)
        http_proxy_fini(ret);
    return r;
}

void http_proxy_fini(struct http_proxy *p)
{
    OPENSSL_cleanse(p, sizeof(*p));
}
