/* SPDX-License-Identifier: Apache-2.0 */
/* outcome.h: what came of one attempt, and what it means. Pure. */
#ifndef GRAPNEL_COMMON_MODEL_FORMAT_OUTCOME_H
#define GRAPNEL_COMMON_MODEL_FORMAT_OUTCOME_H

#include "common/base/buf.h"
#include "common/model/format/dialect.h"

/* The error codes of the guides; OUTCOME_OK is written as no code. */
enum outcome_code {
    OUTCOME_OK,
    OUTCOME_TIMEOUT,
    OUTCOME_NETWORK_ERROR,
    OUTCOME_CLIENT_ERROR,
    OUTCOME_SERVER_ERROR,
    OUTCOME_SSL_ERROR,
    OUTCOME_INVALID_URL,
    OUTCOME_UNKNOWN_ERROR,
};
const char *outcome_code_text(enum outcome_code code); /* "TIMEOUT"; "" for OK */
int outcome_code_parse(struct span text, enum outcome_code *ret);

/* What is to happen next, as far as one attempt tells. */
enum outcome_next {
    NEXT_DONE,
    NEXT_RETRY,
    NEXT_FINAL,
    NEXT_DISABLE /* 410: final, and the endpoint goes off */
};

struct outcome {
    enum outcome_code code;
    enum outcome_next next;
    int status; /* in the destination's numbers, HTTP's or SMTP's; 0: there was no answer */
    int64_t retry_after_ms; /* asked for by the receiver; 0: not */
    bool is_slow; /* the endpoint wants fewer requests at a time; only of the attempt: not packed */
};

/* From an answer: @status by the dialect's policy. @retry_after is the header's value, or empty. */
struct outcome outcome_of_status(const struct dialect *d, int status, struct span retry_after,
                                 int64_t now_wall_ms);

/* The same of an SMTP server's reply code (RFC 5321 4.2.1), whatever the dialect: 4yz may pass, 5yz is final. */
struct outcome outcome_of_smtp(const struct dialect *d, int code, struct span retry_after,
                               int64_t now_wall_ms);

/* From no answer: @code says why. INVALID_URL is final, everything else is retried. */
struct outcome outcome_of_error(enum outcome_code code);

/* The scheduler's verdict on a failed attempt. */
enum verdict_kind { VERDICT_RETRY, VERDICT_FAILED, VERDICT_TIMEOUT, VERDICT_DISABLE };
struct verdict {
    enum verdict_kind kind;
    int64_t delay_ms; /* VERDICT_RETRY */
};

/* @attempt is the one that failed (from 1); @base the attempts made before a manual retry (0: none;
 * a manual retry has one retry of its own); @jitter from [0, 1000].
 * Retry-After is a minimum for the delay where the dialect obeys it. */
struct verdict verdict_of(const struct dialect *d, const struct outcome *o, unsigned attempt,
                          unsigned base, unsigned jitter);

#endif
