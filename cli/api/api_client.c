/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/api/api_client.h"
#include <grapnel.h>
#include <openssl/crypto.h>
#include <stdio.h>

enum { CLIENT_CONNECT_SECONDS = 10, CLIENT_SECONDS = 60, CLIENT_HEADER_MAX = CONTEXT_KEY_MAX + 64 };

int api_client_init(struct api_client *c, const struct context *context)
{
    *c = (struct api_client){.context = *context};
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return -ENOMEM;
    c->curl = curl_easy_init();
    return c->curl ? 0 : -ENOMEM;
}

void api_client_fini(struct api_client *c)
{
    if (c->curl)
        curl_easy_cleanup(c->curl);
    curl_global_cleanup();
    OPENSSL_cleanse(&c->context, sizeof(c->context));
}

static size_t api_client_on_body(char *data, size_t size, size_t n, void *arg)
{
    struct buf *body = arg;

    buf_add(body, data, size * n);
    return buf_result(body) ? 0 : size * n;
}

static void api_client_header(struct curl_slist **list, const char *name, const char *value)
{
    char line[CLIENT_HEADER_MAX];
    struct curl_slist *longer;

    if (!value || !*value)
        return;
    (void)snprintf(line, sizeof(line), "%s%s", name, value);
    longer = curl_slist_append(*list, line);
    OPENSSL_cleanse(line, sizeof(line));
    if (longer)
        *list = longer;
}

static void api_client_set_up(struct api_client *c, const struct api_client_call *call,
                              struct buf *ret)
{
    curl_easy_reset(c->curl);
    (void)curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, call->method);
    (void)curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "grapnel/" GRAPNEL_VERSION);
    (void)curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, (long)CLIENT_CONNECT_SECONDS);
    (void)curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, (long)CLIENT_SECONDS);
    (void)curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, api_client_on_body);
    (void)curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, ret);
    if (!call->body)
        return;
    (void)curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(call->body));
    (void)curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, call->body);
}

static struct curl_slist *api_client_headers(const struct api_client *c,
                                             const struct api_client_call *call)
{
    struct curl_slist *list = NULL;

    api_client_header(&list, "Authorization: Bearer ", c->context.key);
    api_client_header(&list, "Grapnel-Tenant: ", call->tenant);
    api_client_header(&list, "If-Match: ", call->if_match);
    api_client_header(&list, "Content-Type: ", call->body ? "application/json" : NULL);
    return list;
}

int api_client_send(struct api_client *c, const struct api_client_call *call, struct buf *ret)
{
    char words[CURL_ERROR_SIZE] = "", *url = NULL;
    struct curl_slist *headers;
    CURLcode code;
    long status = 0;

    if (asprintf(&url, "%s%s", c->context.url, call->path) < 0)
        return diag_set(&c->diag, "out of memory");
    api_client_set_up(c, call, ret);
    headers = api_client_headers(c, call);
    (void)curl_easy_setopt(c->curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, words);
    code = curl_easy_perform(c->curl);
    (void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, NULL); /* it ends with this function */
    curl_slist_free_all(headers);
    free(url);
    if (code)
        return diag_set(&c->diag, "%.80s: %.100s", c->context.url,
                        *words ? words : curl_easy_strerror(code));
    return (int)status;
}
