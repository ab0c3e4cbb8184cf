/* SPDX-License-Identifier: Apache-2.0 */
/* mail_session.h: tells a mail server one message, on a connection that curl has made and logged in on
 * (CURLOPT_CONNECT_ONLY). Curl's own way waits for the last reply, and for QUIT's, without giving the loop back (ADR 11).
 *
 *     MAIL ──2yz──► RCPT ──2yz──► DATA ──354──► TEXT ──2yz──► told
 *       └────────────┴── 4yz, 5yz ─┴─────────────┴──────────► refused, with the code */
#ifndef GRAPNEL_WORKER_MAIL_MAIL_SESSION_H
#define GRAPNEL_WORKER_MAIL_MAIL_SESSION_H

#include "common/base/buf.h"
#include "common/model/format/outcome.h"
#include "common/runtime/loop.h"
#include <curl/curl.h>

struct mail_session;

struct mail_told {
    enum outcome_code error; /* OUTCOME_OK: @status is the server's last word, 2yz, 4yz or 5yz */
    int status;
    const char *words; /* for a person; lent */
};

typedef void mail_told_fn(void *arg, const struct mail_told *told);

struct mail_session_options {
    struct loop *loop; /* all borrowed until @done, or mail_session_free() */
    CURL *curl;
    const char *from, *to; /* addresses (mail_address.h) */
    struct span message;   /* lines ended by CR LF, none begins with a dot */
    int64_t timeout_ms;    /* over all of it */
    struct buf *reply;     /* what the server said last is put here, as much as fits */
    mail_told_fn *done;    /* once, never before mail_session_new() returns */
    void *arg;
};

/* Begins. -ENOMEM, or what libuv says. */
int mail_session_new(struct mail_session **ret, const struct mail_session_options *o);
/* Ends it if it goes on still, without calling back. The connection may be closed then. NULL is fine; returns NULL. */
struct mail_session *mail_session_free(struct mail_session *s);

#endif
