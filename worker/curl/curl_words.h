/* SPDX-License-Identifier: Apache-2.0 */
/* curl_words.h: what curl says of a transfer that failed, as an attempt's error and words for a person. */
#ifndef GRAPNEL_WORKER_CURL_CURL_WORDS_H
#define GRAPNEL_WORKER_CURL_CURL_WORDS_H

#include "worker/attempt.h"
#include <curl/curl.h>

/* Sets the message, cut to fit: what a receiver may have put into curl's words stays printable. */
void curl_words_set(struct attempt_result *ret, const char *text);
/* A result that has only an error. */
void curl_words_fail(struct attempt_result *ret, enum outcome_code code, const char *text);

enum outcome_code curl_words_code(CURLcode code);

/* @error: curl's own words. In place of "Couldn't connect to server" the system's reason; @open_error: of a socket that
 * could not be had, or 0. */
void curl_words_connect(char error[CURL_ERROR_SIZE], CURL *curl, int open_error);

/* What OpenSSL's words mean to who may have to mend it; NULL: nothing that we know. */
const char *curl_words_tls_meaning(const char *words);
/* Fails @ret for TLS. @meaning: NULL, or what to say in front of @words. */
void curl_words_fail_tls(struct attempt_result *ret, const char *words, const char *meaning);

#endif
