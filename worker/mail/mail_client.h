/* SPDX-License-Identifier: Apache-2.0 */
/* mail_client.h: sends messages to the operator's mail server, each on a connection of its own: curl connects, does STARTTLS
 * and logs in; the rest is mail_session.h's. */
#ifndef GRAPNEL_WORKER_MAIL_MAIL_CLIENT_H
#define GRAPNEL_WORKER_MAIL_MAIL_CLIENT_H

#include "common/base/list.h"
#include "worker/attempt.h"
#include "worker/curl/curl_bridge.h"
#include "worker/mail/mail_session.h"
#include "worker/mail/smtp.h"

struct mail_client;

struct mail_client_options {
    struct smtp_options smtp;
    const char *from; /* an address */
    size_t reply_bytes_kept;
};

/* All borrowed for the client's life. -EINVAL with words that name the setting. */
int mail_client_new(struct mail_client **ret, struct loop *l, const struct mail_client_options *o,
                    struct diag *diag);
/* All callbacks must have come (this may be called from the last one). */
void mail_client_close(struct mail_client *c, defer_fn *on_closed, void *arg);

/* One message. Embedded; alive until its callback, which comes exactly once, never before the start returns. */
struct mail_call {
    /* filled by the owner; all borrowed until the callback */
    const char *to;      /* an address */
    struct span message; /* as mail.h makes it */
    int64_t timeout_ms;  /* over all of it */
    /* Asked when curl has logged in, before the server is told anything of the message. */
    bool (*may_send)(struct mail_call *call);
    void (*done)(struct mail_call *call, const struct attempt_result *result);
    /* the rest is the client's */
    struct mail_client *client;
    CURL *curl;
    struct curl_shard *shard;
    struct mail_session *session; /* once curl has connected */
    struct list link;             /* while it is over, its callback due */
    struct buf reply;             /* what the server said last */
    int64_t opened_us, started_us, connect_us;
    int open_error;
    bool is_cancelled, is_refused_by_owner;
    char error[CURL_ERROR_SIZE];
};

void mail_call_start(struct mail_client *c, struct mail_call *call);
void mail_call_cancel(struct mail_call *call);

struct mail_client_stats {
    uint64_t connects;
    unsigned in_flight;
};
struct mail_client_stats mail_client_stats(const struct mail_client *c);

#endif
