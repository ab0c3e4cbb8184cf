/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/curl/curl_words.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include <stdio.h>

void curl_words_set(struct attempt_result *ret, const char *text)
{
    size_t len = strnlen(text, sizeof(ret->message) - 1);

    for (size_t i = 0; i < len; i++)
        ret->message[i] = text[i] >= ' ' && text[i] != 0x7f ? text[i] : '?';
    ret->message[len] = '\0';
}

void curl_words_fail(struct attempt_result *ret, enum outcome_code code, const char *text)
{
    *ret = (struct attempt_result){.error = code, .ended_us = clock_mono_us()};
    curl_words_set(ret, text);
}

enum outcome_code curl_words_code(CURLcode code)
{
    switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return OUTCOME_INVALID_URL;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_CLIENTCERT:
        return OUTCOME_SSL_ERROR;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR:
    case CURLE_PROXY:
        return OUTCOME_NETWORK_ERROR;
    default:
        return OUTCOME_UNKNOWN_ERROR;
    }
}

void curl_words_connect(char error[CURL_ERROR_SIZE], CURL *curl, int open_error)
{
    char text[CURL_ERROR_SIZE];
    const char *end = strrchr(error, ':');
    long number = open_error;

    if (!number)
        (void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number);
    if (number && end)
        (void)snprintf(text, sizeof(text), "%.*s: %s", (int)(end - error), error,
                       err_text(-(int)number));
    else
        (void)snprintf(text, sizeof(text), "%s", error[0] ? error : "could not connect");
    memcpy(error, text, sizeof(text));
}

static const struct {
    const char *text, *meaning;
} tls_meanings[] = {
    {"alert protocol version", "the receiver speaks no TLS 1.2 or later"},
    {"unsupported protocol", "the receiver speaks no TLS 1.2 or later"},
    {"wrong version number", "the receiver does not speak TLS on this port"},
    {"alert certificate required", "the receiver wants a client certificate"},
    {"alert certificate expired", "the receiver says that the client certificate has expired"},
    {"alert bad certificate", "the receiver refused the client certificate"},
    {"alert unknown ca", "the receiver does not trust the client certificate"},
    {"alert certificate unknown", "the receiver refused the client certificate"},
    {"alert unsupported certificate", "the receiver refused the client certificate"},
    {"alert handshake failure", "the receiver ended the TLS handshake; it may want a client "
                                "certificate, or other ciphers"},
};

const char *curl_words_tls_meaning(const char *words)
{
    for (size_t i = 0; i < ARRAY_LEN(tls_meanings); i++)
        if (strstr(words, tls_meanings[i].text))
            return tls_meanings[i].meaning;
    return NULL;
}

void curl_words_fail_tls(struct attempt_result *ret, const char *words, const char *meaning)
{
    char text[CURL_ERROR_SIZE + 128];

    (void)snprintf(text, sizeof(text), "%s%s%s%s", meaning ? meaning : "", meaning ? " (" : "",
                   words, meaning ? ")" : "");
    ret->error = OUTCOME_SSL_ERROR;
    curl_words_set(ret, text);
}
